// The histogram: stacked bars by category over time, gaps hatched, a brush to choose a span.

import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import { hatched } from '../lanes/draw';
import { colour, dark } from '../state/theme';
import type { Span } from '../view/scale';
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

/** Names of the style sheet's colours for the series. */
const COLOURS = ['cat-process', 'cat-file', 'cat-network', 'cat-kernel', 'cat-other'];

function seriesColour(index: number): string {
  return colour(COLOURS[Math.min(index, COLOURS.length - 1)]!);
}

export function Histogram(props: Props) {
  const host = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>();
  const latest = useRef(props);
  latest.current = props;
  const isDark = dark.value;

  useEffect(() => {
    const element = host.current;
    if (!element) return;
    const own = new uPlot(options(element.clientWidth, latest), data(latest.current), element);
    plot.current = own;
    const observer = new ResizeObserver(() => own.setSize({ width: element.clientWidth, height: latest.current.height }));
    observer.observe(element);
    const reset = () => latest.current.onReset();
    own.over.addEventListener('dblclick', reset);
    return () => {
      observer.disconnect();
      own.destroy();
    };
  }, [isDark, props.axis, props.zone, props.stacks.names.join()]);

  useEffect(() => {
    const own = plot.current;
    if (!own) return;
    own.batch(() => {
      own.setData(data(props), false);
      own.setScale('x', { min: props.span.from / 1000, max: props.span.to / 1000 });
      own.setScale('y', { min: 0, max: Math.max(props.stacks.most * 1.05, 1) });
    });
  }, [props.stacks, props.span.from, props.span.to, props.hatches, props.window]);

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
  const bars = (uPlot.paths.bars as NonNullable<typeof uPlot.paths.bars>)({ size: [1, Infinity], gap: 0, align: 0 });
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
        space: 90,
        values: (_, splits, __, ___, step) => splits.map((at) => label(at * 1000, step, latest.current.zone)),
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
        paths: bars,
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

function short(count: number): string {
  if (count >= 1e6) return `${Number((count / 1e6).toPrecision(3))}M`;
  return count >= 1e4 ? `${Number((count / 1e3).toPrecision(3))}k` : String(count);
}

function label(time: number, step: number, zone: Zone): string {
  const digits = step >= 1 ? 0 : step >= 0.001 ? 3 : 6;
  const text = showTime(formatTime(time), zone, digits, step >= 86_400);
  return step >= 86_400 ? text.slice(0, 10) : step >= 60 ? text.slice(0, 5) : text;
}

/** Hatches the gaps, and shades what is outside of the window. */
function over(plot: uPlot, props: Props): void {
  const { left, top, width, height } = plot.bbox;
  const ratio = devicePixelRatio;
  const x = (time: number) => Math.min(Math.max(plot.valToPos(time / 1000, 'x', true), left), left + width);
  for (const hatch of props.hatches) {
    const from = x(hatch.from);
    hatched(plot.ctx, from, top, Math.max(x(hatch.to) - from, 3 * ratio), height, colour('gap'));
  }
  if (!props.window) return;
  plot.ctx.save();
  plot.ctx.fillStyle = colour('shade');
  plot.ctx.fillRect(left, top, x(props.window.from) - left, height);
  plot.ctx.fillRect(x(props.window.to), top, left + width - x(props.window.to), height);
  plot.ctx.strokeStyle = colour('focus');
  plot.ctx.lineWidth = ratio;
  plot.ctx.strokeRect(x(props.window.from), top, Math.max(x(props.window.to) - x(props.window.from), ratio), height);
  plot.ctx.restore();
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
