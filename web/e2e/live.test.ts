// The page over a recorder that records.

import { writeFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { World } from './world';

const world = new World();
let address = '';

beforeAll(async () => {
  address = await world.start('record', '--store', world.path('store'), '--no-auth');
});
afterEach((context) => world.close(context.task.result?.state === 'fail'));
afterAll(() => world.end());

describe('live mode', () => {
  it('begins with what was recorded last, and goes on without a hole', async () => {
    for (let count = 0; count < 5; count++) writeFileSync(world.path(`before-${count}`), 'x');
    const page = await world.open(`${address}/?path=${encodeURIComponent(`${world.directory}/**`)}&name=open`);
    await page.locator('.lines .line').filter({ hasText: 'before-4' }).first().waitFor();
    await page.keyboard.press('l');
    await page.getByRole('button', { name: 'Live: on' }).waitFor();
    await page.locator('.lines .line').filter({ hasText: 'before-0' }).first().waitFor();
    for (let count = 0; count < 5; count++) writeFileSync(world.path(`then-${count}`), 'x');
    await page.locator('.lines .line').filter({ hasText: 'then-4' }).first().waitFor();
    const names = await page.locator('.lines .line').evaluateAll((all) => all.flatMap((line) => /(?:before|then)-\d/.exec(line.textContent ?? '')?.[0] ?? []));
    expect(names).toEqual(['before', 'then'].flatMap((word) => [0, 1, 2, 3, 4].map((count) => `${word}-${count}`)));
    await world.picture(page, '19-live-begins');
    expect(world.complaints).toEqual([]);
  });

  it('shows what happens as it happens, and lets go when the reader looks back', async () => {
    // Only what happens in one directory: the rest of the machine may do as it likes meanwhile.
    const page = await world.open(`${address}/?path=${encodeURIComponent(`${world.directory}/**`)}`);
    await page.locator('.lanes canvas[data-drawn]').waitFor();
    await page.keyboard.press('l');
    await page.getByRole('button', { name: 'Live: on' }).waitFor();
    writeFileSync(world.path('marker-of-live-mode'), 'x');
    await page.locator('.lines .line').filter({ hasText: 'marker-of-live-mode' }).first().waitFor();
    await world.picture(page, '20-live');
    expect(page.url()).toContain('live=true');
    // Enough lines to have something to scroll back to.
    for (let count = 0; count < 200; count++) writeFileSync(world.path(`more-${count}`), 'x');
    await expect.poll(() => page.locator('.lines').evaluate((element) => element.scrollHeight > 3 * element.clientHeight)).toBe(true);
    // The picture moves by itself.
    const shown = page.getByRole('img', { name: 'The shown span' });
    const before = await shown.getAttribute('aria-label');
    writeFileSync(world.path('later'), 'x');
    await expect.poll(() => shown.getAttribute('aria-label')).not.toBe(before);
    await page.locator('.lines').hover();
    await page.mouse.wheel(0, -600);
    await expect.poll(() => page.url()).not.toContain('live=true');
    // What was scrolled to is still there, and so is the span, as a link that others can open.
    expect(page.url()).toContain('since=');
    const top = await page.locator('.lines').evaluate((element) => element.scrollTop);
    expect(top).toBeGreaterThan(0);
    const first = await page.locator('.lines .line').first().innerText();
    writeFileSync(world.path('after-it-let-go'), 'x');
    await page.locator('.lanes canvas[data-drawn]').waitFor();
    expect(await page.locator('.lines .line').first().innerText()).toBe(first);
    await world.picture(page, '21-let-go');
    expect(world.complaints).toEqual([]);
  });
});
