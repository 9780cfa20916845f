// What the page costs with ten thousand bars: figures, printed; only that they can be measured is tested.
// TACHO_WEB_STORE=DIR measures over a store that is there already.

import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { World } from './world';

const world = new World();
let address = '';
/** Processes of the store that is recorded for this. */
const PROCESSES = 10_000;

beforeAll(async () => {
  let store = process.env['TACHO_WEB_STORE'];
  if (!store) {
    store = world.path('store');
    world.record(store, 'sh', '-c', `i=0; while [ $i -lt ${PROCESSES} ]; do /bin/true; i=$((i+1)); done`);
  }
  address = await world.start('serve', '--store', store, '--no-auth');
}, 300_000);
afterEach((context) => world.close(context.task.result?.state === 'fail'));
afterAll(() => world.end());

interface TraceEvent {
  readonly name: string;
  readonly ph: string;
  readonly ts: number;
  readonly dur?: number;
}

function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
}

/** Moves and zooms by keys, a step a frame. */
async function script(page: Page): Promise<void> {
  await page.locator('.lanes').focus();
  for (const key of ['+', '+', ...Array<string>(20).fill(']'), ...Array<string>(20).fill('['), '-', '-', '+', '-']) {
    await page.keyboard.press(key);
    await page.evaluate(() => new Promise(requestAnimationFrame));
  }
}

describe('ten thousand bars', () => {
  it('are measured', async () => {
    // The browser's own start is not the page's.
    await world.open(`${address}/healthz`);
    const begun = performance.now();
    const page = await world.open(address);
    await page.locator('.histogram canvas').nth(1).waitFor();
    const histogram = performance.now() - begun;
    await page.locator('.lanes canvas[data-drawn]').waitFor();
    const first = performance.now() - begun;
    const bars = await page.locator('.lanes-note').innerText();
    // The smallest rows show the most bars.
    await page.getByRole('button', { name: 'Rows: large' }).click();
    await page.getByRole('button', { name: 'Rows: small' }).click();
    const browser = page.context().browser()!;
    await browser.startTracing(page, { categories: ['devtools.timeline', 'disabled-by-default-devtools.timeline.frame'] });
    await script(page);
    const trace = JSON.parse((await browser.stopTracing()).toString()) as { traceEvents: TraceEvent[] };
    const drawn = await page.locator('.lanes canvas').getAttribute('data-drawn');
    const frames = trace.traceEvents.filter((event) => event.name === 'FireAnimationFrame' && event.dur !== undefined).map((event) => event.dur! / 1000);
    const session = await page.context().newCDPSession(page);
    await session.send('HeapProfiler.collectGarbage');
    const heap = await session.send('Runtime.getHeapUsage');
    console.log(
      [
        `first picture (histograms) after ${histogram.toFixed(0)} ms, all bars after ${first.toFixed(0)} ms; ${bars.split('\n').join(' ')}`,
        `${drawn} bars in the last frame; drawing a frame: p50 ${quantile(frames, 0.5).toFixed(1)} ms, p99 ${quantile(frames, 0.99).toFixed(1)} ms, ${frames.length} frames`,
        `heap of the tab ${(heap.usedSize / 1e6).toFixed(1)} MB`,
      ].join('\n'),
    );
    expect(frames.length).toBeGreaterThan(10);
    expect(world.complaints).toEqual([]);
  }, 120_000);
});
