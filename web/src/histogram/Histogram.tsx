// The histogram: stacked bars by category over time, gaps hatched, a brush to choose a span.

import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import { hatched } from '../lanes/draw';
import { colour, dark } from '../state/theme';
import { APART } from '../lanes/draw';
import { ticks, type Span, type Ticks } from '../view/scale';
import type { Hatch, Stacks } from '../view/timeline';
import { CATEGORIES } from '../view/timeline';
import { formatTime, showCount, showTime, type Zone } from '../view/time';

interface Props {
  readonly name: string;
  readonly span: Span;
  readonly stacks: Stacks;
  readonly hatches: readonly Hatch[];
  readonly height: number;
  readonly zone: Zone;
  /** A span to be marked: the window, in the overview. */
  readonly window?: Span | null;
  readonly axis: boolean;
  readonly onBrush: (span: Span) => void;
  readonly onReset: () => void;
  readonly onWheel?: (event: WheelEvent) => void;
}

/** Room at the left that all panes leave for words, in pixels. */
export const GUTTER = 64;

/** Width of a scrollbar: the lanes have one, and time must stand at the same place above them. */
const SCROLLBAR = (() => {
  const probe = document.createElement('div');
  probe.className = 'scrollbar-probe';
  document.body.append(probe);
  const width = probe.offsetWidth - probe.clientWidth;
  probe.remove();
  return width;
})();

/** Room that a label of the axis takes, in pixels. */
const LABEL = 88;

/** Names of the style sheet's colours for the series. */
const COLOURS = ['cat-process', 'cat-file', 'cat-network', 'cat-kernel', 'cat-other'];

function seriesColour(index: number): string {
  return colour(COLOURS[Math.min(index, COLOURS.length - 1)]!);
}

export function Histogram(props: Props) {
  const host = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>();
  const frame = useRef<Frame>();
  const latest = useRef(props);
  latest.current = props;
  const isDark = dark.value;

  useEffect(() => {
    const element = host.current;
    if (!element) return;
    const own = new uPlot(options(element.clientWidth, latest), data(latest.current), element);
    plot.current = own;
    frame.current = new Frame(own);
    frame.current.show(latest.current.window ?? null);
    const observer = new ResizeObserver(() => {
      own.setSize({ width: element.clientWidth, height: latest.current.height });
      frame.current?.show(latest.current.window ?? null);
    });
    observer.observe(element);
    const reset = () => latest.current.onReset();
    own.over.addEventListener('dblclick', reset);
    own.over.addEventListener('wheel', (event) => latest.current.onWheel?.(event), { passive: false });
    return () => {
      observer.disconnect();
      own.destroy();
    };
  }, [isDark, props.axis, props.zone, props.stacks.names.join()]);

  useLayoutEffect(() => {
    const own = plot.current;
    if (!own) return;
    own.batch(() => {
      own.setData(data(props), false);
      own.setScale('x', { min: props.span.from / 1000, max: props.span.to / 1000 });
      own.setScale('y', { min: 0, max: Math.max(props.stacks.most * 1.05, 1) });
    });
    frame.current?.show(latest.current.window ?? null);
  }, [props.stacks, props.span.from, props.span.to, props.hatches]);
  useLayoutEffect(() => frame.current?.show(props.window ?? null), [props.window?.from, props.window?.to]);

  return (
    <div
      class="histogram"
      ref={host}
      role="img"
      aria-label={`${props.name}: ${showCount(props.stacks.total)} events from ${formatTime(props.span.from)} to ${formatTime(props.span.to)}${props.hatches.length > 0 ? `; ${props.hatches.length} gaps` : ''}`}
    />
  );
}

/** uPlot's columns: seconds, then for each series its sums, the largest first so that smaller ones are drawn over it. */
function data(props: Props): uPlot.AlignedData {
  const { starts, width, sums } = props.stacks;
  const x = starts.map((start) => (start + width / 2) / 1000);
  return [x, ...[...sums].reverse()] as unknown as uPlot.AlignedData;
}

function options(width: number, latest: { readonly current: Props }): uPlot.Options {
  const props = latest.current;
  const names = [...props.stacks.names].reverse();
  const text = colour('muted');
  const line = { stroke: colour('grid'), width: 1 };
  return {
    width,
    height: props.height,
    pxAlign: false,
    legend: { show: false },
    cursor: {
      drag: { x: true, y: false, setScale: false, dist: 4 },
      points: { show: false },
      y: false,
    },
    scales: { x: { time: true, min: props.span.from / 1000, max: props.span.to / 1000 }, y: { min: 0, max: Math.max(props.stacks.most * 1.05, 1) } },
    axes: [
      {
        show: props.axis,
        stroke: text,
        grid: line,
        ticks: line,
        size: 26,
        splits: (plot, _, from, to) => marks(plot, from, to, latest.current.zone).times.map((time) => time / 1000),
        values: (plot, splits) => {
          const { step } = marks(plot, plot.scales['x']!.min ?? 0, plot.scales['x']!.max ?? 0, latest.current.zone);
          // Half a label says another time.
          return splits.map((at) => (plot.valToPos(at, 'x') > plot.over.clientWidth - LABEL / 2 ? '' : label(at * 1000, step / 1000, latest.current.zone)));
        },
      },
      { show: true, stroke: text, grid: line, ticks: line, size: GUTTER, splits: (_, __, ___, max) => [0, Math.floor(max)], values: (_, splits) => splits.map(short) },
    ],
    padding: [6, SCROLLBAR, props.axis ? 0 : 4, 0],
    series: [
      {},
      ...names.map((name, index) => ({
        label: name,
        fill: seriesColour(names.length - 1 - index),
        width: 0,
        // Rectangles are drawn below: as paths they cost most of a frame.
        paths: () => null,
        points: { show: false },
      })),
    ],
    hooks: {
      draw: [(plot) => over(plot, latest.current)],
      setSelect: [
        (plot) => {
          const { left, width } = plot.select;
          if (width < 4) return;
          const from = plot.posToVal(left, 'x') * 1000;
          const to = plot.posToVal(left + width, 'x') * 1000;
          plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
          latest.current.onBrush({ from, to });
        },
      ],
      setCursor: [(plot) => tell(plot, latest.current)],
    },
  };
}

/** The same ticks as in the lanes below. */
function marks(plot: uPlot, from: number, to: number, zone: Zone): Ticks {
  const shift = zone === 'local' ? -new Date(from * 1000).getTimezoneOffset() * 60_000 : 0;
  return ticks({ from: from * 1000, to: to * 1000 }, plot.bbox.width / devicePixelRatio, APART, shift);
}

function short(count: number): string {
  if (count >= 1e6) return `${Number((count / 1e6).toPrecision(3))}M`;
  return count >= 1e4 ? `${Number((count / 1e3).toPrecision(3))}k` : String(count);
}

function label(time: number, step: number, zone: Zone): string {
  const digits = step >= 1 ? 0 : step >= 0.001 ? 3 : 6;
  const text = showTime(formatTime(time), zone, digits, step >= 86_400);
  if (step >= 86_400) return text.slice(0, 10);
  // Midnight is where another day begins.
  if (text.startsWith('00:00:00') && step >= 60) return showTime(formatTime(time), zone, 0).slice(5, 10);
  return step >= 60 ? text.slice(0, 5) : text;
}

/** The bars, at whole pixels, and the hatches of gaps over them. */
function over(plot: uPlot, props: Props): void {
  bars(plot, props.stacks);
  const { left, top, width, height } = plot.bbox;
  const ratio = devicePixelRatio;
  const x = (time: number) => Math.min(Math.max(plot.valToPos(time / 1000, 'x', true), left), left + width);
  for (const hatch of props.hatches) {
    const from = x(hatch.from);
    hatched(plot.ctx, from, top, Math.max(x(hatch.to) - from, 3 * ratio), height, colour('gap'));
  }
}

function bars(plot: uPlot, { starts, width, sums }: Stacks): void {
  const { left, top, height } = plot.bbox;
  const right = left + plot.bbox.width;
  const y = (sum: number) => Math.round(plot.valToPos(sum, 'y', true));
  const x = (time: number) => Math.round(Math.min(Math.max(plot.valToPos(time / 1000, 'x', true), left), right));
  sums.forEach((own, index) => {
    plot.ctx.fillStyle = seriesColour(index);
    own.forEach((sum, at) => {
      const below = sums[index - 1]?.[at] ?? 0;
      if (sum === below) return;
      const [from, to] = [x(starts[at]!), x(starts[at]! + width)];
      // What is there is seen, however little it is.
      const bottom = Math.min(y(below), Math.round(top + height));
      plot.ctx.fillRect(from, Math.min(y(sum), bottom - 1), Math.max(to - from, 1), Math.max(bottom - y(sum), 1));
    });
  });
}

/** The window that the panes below show: elements over the canvas, which need not be drawn anew when it moves. */
class Frame {
  private readonly parts: readonly HTMLElement[];

  constructor(private readonly plot: uPlot) {
    this.parts = ['shade', 'shade', 'frame'].map((name) => {
      const element = document.createElement('div');
      element.className = `window-${name}`;
      plot.over.append(element);
      return element;
    });
  }

  show(window: Span | null): void {
    const [before, behind, frame] = this.parts as [HTMLElement, HTMLElement, HTMLElement];
    for (const part of this.parts) part.hidden = window === null;
    if (window === null) return;
    const wide = this.plot.over.clientWidth;
    const x = (time: number) => Math.min(Math.max(this.plot.valToPos(time / 1000, 'x'), 0), wide);
    const [from, to] = [x(window.from), Math.max(x(window.to), x(window.from) + 2)];
    before.style.width = `${from}px`;
    behind.style.left = `${to}px`;
    behind.style.width = `${Math.max(wide - to, 0)}px`;
    frame.style.left = `${from}px`;
    frame.style.width = `${to - from}px`;
  }
}

/** What is under the pointer, as the element's title. */
function tell(plot: uPlot, props: Props): void {
  const at = plot.cursor.idx;
  const { left = -1 } = plot.cursor;
  if (at === null || at === undefined || left < 0) return;
  const time = plot.posToVal(left, 'x') * 1000;
  const gap = props.hatches.find((hatch) => hatch.from <= time && time < hatch.to);
  const parts = props.stacks.names.flatMap((name, index) => {
    const count = (props.stacks.sums[index]?.[at] ?? 0) - (props.stacks.sums[index - 1]?.[at] ?? 0);
    return count > 0 ? [`${CATEGORIES.includes(name as never) ? name.replace(' Activity', '') : name}: ${showCount(count)}`] : [];
  });
  const words = [showTime(formatTime(time), props.zone, 3), ...(parts.length > 0 ? parts : ['no events']), ...(gap ? [`GAP: ${gap.text}`] : [])];
  plot.over.title = words.join('\n');
}
