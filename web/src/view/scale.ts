// The one time scale that all panes share: a span of time over a width in pixels.

import type { Ms } from './time';

/** A span of time, `from` before `to`. */
export interface Span {
  readonly from: Ms;
  readonly to: Ms;
}

/** The deepest zoom: 10 microseconds over the whole width. */
export const SHORTEST: Ms = 0.01;

export function length(span: Span): Ms {
  return span.to - span.from;
}

/** Pixel of a time. */
export function toX(span: Span, width: number, time: Ms): number {
  return ((time - span.from) / length(span)) * width;
}

/** Time of a pixel. */
export function toTime(span: Span, width: number, x: number): Ms {
  return span.from + (x / width) * length(span);
}

/** Makes a span fit into another: first moved, then cut; never shorter than the deepest zoom. */
export function clamp(span: Span, bounds: Span): Span {
  const wanted = Math.max(length(span), SHORTEST);
  if (wanted >= length(bounds)) return bounds;
  const from = Math.min(Math.max(span.from, bounds.from), bounds.to - wanted);
  return { from, to: from + wanted };
}

/** Zooms by a factor (below 1: closer) with the time at `x` staying where it is. */
export function zoom(span: Span, bounds: Span, width: number, x: number, factor: number): Span {
  const fixed = toTime(span, width, x);
  const wanted = Math.max(length(span) * factor, SHORTEST);
  const from = fixed - (x / width) * wanted;
  return clamp({ from, to: from + wanted }, bounds);
}

/** Moves by a share of the width: 1 is a whole screen to later. */
export function pan(span: Span, bounds: Span, share: number): Span {
  const by = length(span) * share;
  return clamp({ from: span.from + by, to: span.to + by }, bounds);
}

export function overlaps(one: Span, other: Span): boolean {
  return one.from < other.to && other.from < one.to;
}

/** Steps between ticks that people can count by, in milliseconds. */
const STEPS: readonly Ms[] = [
  0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000,
  15_000, 30_000, 60_000, 120_000, 300_000, 600_000, 900_000, 1_800_000, 3_600_000, 7_200_000, 10_800_000, 21_600_000,
  43_200_000, 86_400_000, 172_800_000, 604_800_000, 2_592_000_000,
];

/** A tick of the axis: where, and how many digits of the second its label needs. */
export interface Ticks {
  readonly times: readonly Ms[];
  readonly step: Ms;
  readonly digits: number;
}

/** Round times in a span, at least `apart` pixels from each other. `shift` is what is added to UTC to get the shown zone. */
export function ticks(span: Span, width: number, apart: number, shift: Ms = 0): Ticks {
  const least = (length(span) / Math.max(width, 1)) * apart;
  const step = STEPS.find((candidate) => candidate >= least) ?? Math.ceil(least / 2_592_000_000) * 2_592_000_000;
  const times: Ms[] = [];
  const first = Math.ceil((span.from + shift) / step);
  const last = Math.floor((span.to + shift) / step);
  for (let index = first; index <= last && times.length < 1000; index++) times.push(index * step - shift);
  const digits = step >= 1000 ? 0 : step >= 1 ? 3 : 6;
  return { times, step, digits };
}
