// What a reader does with the page, again and again.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

export const lines = (page: Page) => page.locator('.lines .line');
/** Types words into the search field, by keys alone. */
export const search = async (page: Page, words: string) => {
  await page.keyboard.press('/');
  await page.keyboard.type(words);
  await page.keyboard.press('Enter');
  await page.keyboard.press('Escape');
};
/** The bars are drawn. */
export const ready = (page: Page) => page.locator('.lanes canvas[data-drawn]').waitFor();

/** Findings of axe that are serious or worse. */
export async function findings(page: Page): Promise<string[]> {
  // As a file of the page's own it would be refused by the policy, rightly; the debugger may run what it likes.
  await page.evaluate(AXE);
  const found = await page.evaluate(async () => {
    const axe = (globalThis as unknown as { axe: { run: () => Promise<{ violations: { id: string; impact: string; nodes: { html: string }[] }[] }> } }).axe;
    return (await axe.run()).violations;
  });
  return found.filter((one) => ['serious', 'critical'].includes(one.impact)).map((one) => `${one.id}: ${one.nodes.map((node) => node.html).join(' ').slice(0, 400)}`);
}
