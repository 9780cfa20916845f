// The histogram's numbers: counts by bucket, stacked, and the gaps over them.

import { overlaps, type Span } from './scale';
import { parseTime, showCount, type Ms } from './time';
import type { Gap, Timeline } from '../api/model';

/** Categories in the order in which they are stacked. */
export const CATEGORIES = ['Process Activity', 'File Activity', 'Network Activity', 'Kernel Activity'] as const;

export interface Stacks {
  /** Start of each bucket. */
  readonly starts: readonly Ms[];
  readonly width: Ms;
  /** For each series the sums up to and with it, a number a bucket. */
  readonly sums: readonly (readonly number[])[];
  readonly names: readonly string[];
  readonly total: number;
  readonly most: number;
}

/** Stacks the counts of buckets; what is in no known series is added as the last. */
export function stacks(timeline: Pick<Timeline, 'buckets'>, names: readonly string[] = CATEGORIES): Stacks {
  const extra = [...new Set(timeline.buckets.flatMap((bucket) => Object.keys(bucket.counts)))]
    .filter((name) => !names.includes(name))
    .sort();
  const all = [...names, ...extra];
  const starts = timeline.buckets.map((bucket) => parseTime(bucket.from));
  const first = timeline.buckets[0];
  const width = first ? parseTime(first.to) - parseTime(first.from) : 0;
  const below = timeline.buckets.map(() => 0);
  const sums = all.map((name) =>
    timeline.buckets.map((bucket, at) => (below[at] = (below[at] ?? 0) + (bucket.counts[name] ?? 0))),
  );
  return {
    starts,
    width,
    sums,
    names: all,
    total: below.reduce((sum, count) => sum + count, 0),
    most: below.reduce((most, count) => Math.max(most, count), 0),
  };
}

/** A gap as it is hatched: cut to the shown span, with what it says. */
export interface Hatch extends Span {
  readonly text: string;
  readonly gap: Gap;
}

/** What reasons mean, for people. */
const REASONS: Readonly<Record<string, string>> = {
  ring_full: 'a ring was full',
  overload: 'the recorder was overloaded',
  not_recording: 'nobody recorded',
  store_failed: 'the store refused it',
  damaged: 'stored data is damaged',
  undecodable: 'records could not be read',
  evicted: 'removed to make room',
  compat: 'calls of a sort that is not decoded',
};

export function gapText(gap: Gap): string {
  const lost = gap.lost === null ? 'an unknown number of events' : `${showCount(gap.lost)} event${gap.lost === 1 ? '' : 's'}`;
  const what = gap.class === 'all' ? '' : ` of class ${gap.class}`;
  return `${lost}${what} missing: ${REASONS[gap.reason] ?? gap.reason}`;
}

/** The gaps in a span, cut to it. One of no length is widened to what can be seen. */
export function hatches(gaps: readonly Gap[], span: Span, least: Ms): Hatch[] {
  return gaps.flatMap((gap) => {
    const from = parseTime(gap.from);
    const to = Math.max(parseTime(gap.to), from + least);
    if (!overlaps({ from, to }, span)) return [];
    return [{ from: Math.max(from, span.from), to: Math.min(to, span.to), text: gapText(gap), gap }];
  });
}
