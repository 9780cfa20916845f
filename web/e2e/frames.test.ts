// What the page costs with ten thousand bars: figures, printed; only that they can be measured is tested.
// TACHO_WEB_STORE=DIR measures over a store that is there already.

import { readFileSync } from 'node:fs';
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
  /** Microseconds. */
  readonly ts: number;
  readonly dur?: number;
  readonly args?: { readonly chrome_frame_reporter?: { readonly state?: string } };
}

function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
}

const figures = (values: readonly number[]) => `p50 ${quantile(values, 0.5).toFixed(1)} ms, p99 ${quantile(values, 0.99).toFixed(1)} ms`;

/** Moves and zooms by keys, one a frame, as long as the browser gives frames; tells how many it gave. */
function script(page: Page): Promise<number> {
  return page.evaluate(async () => {
    const lanes = document.querySelector<HTMLElement>('.lanes')!;
    lanes.focus();
    const keys = [...'++', ...']'.repeat(60), ...'['.repeat(60), ...'-+-+--'];
    for (const key of keys) {
      lanes.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true }));
      await new Promise(requestAnimationFrame);
    }
    return keys.length;
  });
}

/** Memory that the page's process alone takes, and its share of what it has in common with others, in bytes. */
async function share(page: Page): Promise<number> {
  const session = await page.context().browser()!.newBrowserCDPSession();
  const { processInfo } = await session.send('SystemInfo.getProcessInfo');
  const sizes = processInfo
    .filter((one) => one.type === 'renderer')
    .map((one) => Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${one.id}/smaps_rollup`, 'utf8'))?.[1] ?? 0) * 1024);
  return Math.max(...sizes);
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
    const answers = await page.evaluate(() =>
      performance.getEntriesByType('resource').map((entry) => {
        const { name, startTime, responseStart, responseEnd } = entry as PerformanceResourceTiming;
        return `${new URL(name).pathname} ${[startTime, responseStart, responseEnd].map((time) => time.toFixed(0)).join(' ')}`;
      }),
    );
    const bars = await page.locator('.lanes-note').innerText();
    // The smallest rows show the most bars.
    await page.getByRole('button', { name: 'Rows: large' }).click();
    await page.getByRole('button', { name: 'Rows: small' }).click();
    const browser = page.context().browser()!;
    await browser.startTracing(page, { categories: ['devtools.timeline', 'disabled-by-default-devtools.timeline.frame', 'cc', 'benchmark'] });
    const asked = await script(page);
    const trace = JSON.parse((await browser.stopTracing()).toString()) as { traceEvents: TraceEvent[] };
    const drawn = await page.locator('.lanes canvas').getAttribute('data-drawn');
    const work = trace.traceEvents.filter((event) => event.name === 'FireAnimationFrame' && event.dur !== undefined).map((event) => event.dur! / 1000);
    const times = trace.traceEvents.filter((event) => event.name === 'DrawFrame').map((event) => event.ts / 1000).sort((one, other) => one - other);
    const between = times.slice(1).map((time, at) => time - times[at]!);
    const states = trace.traceEvents.flatMap((event) => (event.name === 'PipelineReporter' ? (event.args?.chrome_frame_reporter?.state ?? []) : []));
    const dropped = states.filter((state) => state === 'STATE_DROPPED').length;
    const session = await page.context().newCDPSession(page);
    await session.send('HeapProfiler.collectGarbage');
    const heap = await session.send('Runtime.getHeapUsage');
    console.log(
      [
        `first picture (histograms) after ${histogram.toFixed(0)} ms, all bars after ${first.toFixed(0)} ms; ${bars.split('\n').join(' ')}`,
        `answers (asked, first byte, last byte, in ms): ${answers.join('; ')}`,
        `${drawn} bars in the last frame; the page's work on a frame: ${figures(work)}, ${work.length} frames`,
        `between drawn frames: ${figures(between)}; ${times.length} drawn for ${asked} steps; ${dropped} of ${states.length} dropped`,
        `heap of the tab ${(heap.usedSize / 1e6).toFixed(1)} MB, its process ${((await share(page)) / 1e6).toFixed(0)} MB (PSS)`,
      ].join('\n'),
    );
    expect(work.length).toBeGreaterThan(10);
    expect(times.length).toBeGreaterThan(10);
    expect(world.complaints).toEqual([]);
  }, 120_000);
});
