// What the page costs with ten thousand bars: figures, printed; only that they can be measured is tested.
// TACHO_WEB_STORE=DIR measures over a store that is there already; TACHO_WEB_QUERY is then what is panned and zoomed.

import { readFileSync } from 'node:fs';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { World } from './world';

const world = new World();
let address = '';
let query = process.env['TACHO_WEB_QUERY'] ?? '';
/** Processes of the store that is recorded for this. */
const PROCESSES = 10_000;

beforeAll(async () => {
  let store = process.env['TACHO_WEB_STORE'];
  if (!store) {
    store = world.path('store');
    world.record(store, 'sh', '-c', `i=0; while [ $i -lt ${PROCESSES} ]; do /bin/true; i=$((i+1)); done`);
    // The rest of the machine stands above them.
    query ||= 'comm=true';
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
}

function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
}

const figures = (values: readonly number[]) => `p50 ${quantile(values, 0.5).toFixed(1)} ms, p99 ${quantile(values, 0.99).toFixed(1)} ms`;

/** Moves and zooms by keys, one a frame; tells how many bars each frame had. */
function script(page: Page): Promise<number[]> {
  return page.evaluate(async () => {
    const lanes = document.querySelector<HTMLElement>('.lanes')!;
    const canvas = lanes.querySelector('canvas')!;
    lanes.focus();
    const drawn: number[] = [];
    // The whole of it and half of it in turn, then from one end to the other.
    for (const key of [...'+-'.repeat(40), '+', ...']]]]]]]]]]'.repeat(4), ...'[[[[[[[[[['.repeat(4), '-']) {
      lanes.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true }));
      await new Promise(requestAnimationFrame);
      drawn.push(Number(canvas.dataset['drawn']));
    }
    return drawn;
  });
}

interface Process {
  /** Memory that it alone takes, and its share of what it has in common with others, in bytes. */
  readonly memory: number;
  /** Time of the processor, in milliseconds. */
  readonly cpu: number;
}

/** The browser's process that has most: the page's. */
async function renderer(page: Page): Promise<Process> {
  const session = await page.context().browser()!.newBrowserCDPSession();
  const { processInfo } = await session.send('SystemInfo.getProcessInfo');
  const all = processInfo
    .filter((one) => one.type === 'renderer')
    .map((one) => ({
      memory: Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${one.id}/smaps_rollup`, 'utf8'))?.[1] ?? 0) * 1024,
      cpu: one.cpuTime * 1000,
    }));
  return all.reduce((most, one) => (one.memory > most.memory ? one : most));
}

/** Times that the page was opened with nothing cached. */
const RUNS = 5;

/** Milliseconds from the navigation, by the page's own clock. */
interface First {
  readonly histograms: number;
  /** With them the first bars and lines of events: all panes have something. */
  readonly picture: number;
  /** All bars. */
  readonly whole: number;
}
const WHAT = { histograms: 'histograms', picture: 'first picture (histograms, bars, events)', whole: 'all bars' } as const;

/** Opens the page as nobody has before. */
async function first(): Promise<{ page: Page; times: First }> {
  const page = await world.open(`${address}/healthz`);
  // The page tells when something is there: who asks it again and again takes the time of it.
  await page.addInitScript(() => {
    const seen: Record<string, number> = {};
    const look = () => {
      const there = {
        histograms: document.querySelectorAll('.histogram canvas').length >= 2,
        bars: document.querySelector('.lanes canvas[data-drawn]') !== null,
        events: document.querySelector('.lines .line') !== null,
        whole: document.querySelector('.lanes-pane[aria-busy=false] canvas[data-drawn]') !== null,
      };
      for (const [name, is] of Object.entries(there)) if (is) seen[name] ??= performance.now();
    };
    new MutationObserver(look).observe(document, { childList: true, subtree: true, attributes: true });
    Object.assign(globalThis, { seen });
  });
  await page.goto(address, { waitUntil: 'commit' });
  await page.locator('.lanes-pane[aria-busy=false] canvas[data-drawn]').waitFor();
  const seen = await page.waitForFunction(() => {
    const { seen } = globalThis as unknown as { seen: Record<string, number> };
    return Object.keys(seen).length === 4 ? seen : null;
  });
  const { histograms, bars, events, whole } = (await seen.jsonValue()) as Record<string, number>;
  return { page, times: { histograms: histograms!, picture: Math.max(histograms!, bars!, events!), whole: whole! } };
}

describe('ten thousand bars', () => {
  it('are measured', async () => {
    // The browser's own start is not the page's.
    await world.open(`${address}/healthz`);
    const firsts: First[] = [];
    let costs = { server: 0, page: 0 };
    for (let run = 1; run < RUNS; run++) {
      const served = world.cpu();
      const { page, times } = await first();
      firsts.push(times);
      costs = { server: world.cpu() - served, page: (await renderer(page)).cpu };
      await world.close(false);
    }
    const { page, times } = await first();
    firsts.push(times);
    const answers = await page.evaluate(() =>
      performance.getEntriesByType('resource').map((entry) => {
        const { name, startTime, responseStart, responseEnd } = entry as PerformanceResourceTiming;
        return `${new URL(name).pathname} ${[startTime, responseStart, responseEnd].map((time) => time.toFixed(0)).join(' ')}`;
      }),
    );
    const bars = await page.locator('.lanes-note').innerText();
    await page.goto(`${address}/?${query}`);
    await page.locator('.lanes-pane[aria-busy=false] canvas[data-drawn]').waitFor();
    // The smallest rows show the most bars.
    await page.getByLabel('Rows').selectOption('tiny');
    const browser = page.context().browser()!;
    await browser.startTracing(page, { categories: ['devtools.timeline', 'disabled-by-default-devtools.timeline.frame'] });
    const drawn = await script(page);
    const trace = JSON.parse((await browser.stopTracing()).toString()) as { traceEvents: TraceEvent[] };
    const work = trace.traceEvents.filter((event) => event.name === 'FireAnimationFrame' && event.dur !== undefined).map((event) => event.dur! / 1000);
    const drawnAt = trace.traceEvents.filter((event) => event.name === 'DrawFrame').map((event) => event.ts / 1000).sort((one, other) => one - other);
    const between = drawnAt.slice(1).map((time, at) => time - drawnAt[at]!);
    const dropped = trace.traceEvents.filter((event) => event.name === 'DroppedFrame').length;
    const session = await page.context().newCDPSession(page);
    await session.send('HeapProfiler.collectGarbage');
    const heap = await session.send('Runtime.getHeapUsage');
    console.log(
      [
        ...(['histograms', 'picture', 'whole'] as const).map((what) => {
          const all = firsts.map((one) => one[what]);
          return `${WHAT[what]}: median ${quantile(all, 0.5).toFixed(0)} ms, worst ${Math.max(...all).toFixed(0)} ms of ${all.map((one) => one.toFixed(0)).join(' ')}`;
        }),
        bars.split('\n').join(' '),
        `answers (asked, first byte, last byte, in ms): ${answers.join('; ')}`,
        `processor time until then: server ${costs.server.toFixed(0)} ms, page ${costs.page.toFixed(0)} ms`,
        `bars a frame: p50 ${quantile(drawn, 0.5)}, most ${Math.max(...drawn)}; the page's work on a frame: ${figures(work)}, ${work.length} frames`,
        `between drawn frames: ${figures(between)}; ${drawnAt.length} drawn for ${drawn.length} steps, ${dropped} dropped`,
        `heap of the tab ${(heap.usedSize / 1e6).toFixed(1)} MB, its process ${((await renderer(page)).memory / 1e6).toFixed(0)} MB (PSS)`,
      ].join('\n'),
    );
    expect(work.length).toBeGreaterThan(10);
    expect(drawnAt.length).toBeGreaterThan(10);
    expect(world.complaints).toEqual([]);
  }, 120_000);
});
