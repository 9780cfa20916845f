// What the page shows and what it knows: the view (which is the address), and the answers to it.

import { computed, signal } from '@preact/signals';
import * as api from '../api/client';
import type { Stats, Timeline } from '../api/model';
import { clamp, type Span } from '../view/scale';
import { parseTime } from '../view/time';
import { added, isEmpty, ofProcesses, parameters, type FilterName, type Filters } from './filters';
import { question } from './commands';
import { resource, valueOf, type Loaded } from './resource';
import { formatView, parseView, type View } from './url';

export const view = signal<View>(parseView(location.search));

/** Changes the view. A step that one may want to go back from is one of the history; dragging is not. */
export function change(part: Partial<View>, how: 'step' | 'slide' = 'step'): void {
  const next = { ...view.peek(), ...part };
  const query = formatView(next);
  if (query !== formatView(view.peek())) {
    const address = query === '' ? '/' : `/?${query}`;
    if (how === 'step') history.pushState(null, '', address);
    else history.replaceState(null, '', address);
  }
  view.value = next;
}

addEventListener('popstate', () => {
  view.value = parseView(location.search);
});

export const stats = resource(
  computed(() => 'stats'),
  (_, signal) => api.stats(signal),
);

/** The span of the whole store: what can be zoomed out to. None while nothing is recorded. */
export const whole = computed<Span | null>(() => {
  const known = valueOf(stats.loaded.value) as Stats | undefined;
  const from = parseTime(known?.store.oldest ?? '');
  const to = parseTime(known?.store.newest ?? '');
  if (Number.isNaN(from) || Number.isNaN(to)) return null;
  // The last event must be inside: spans end before their `until`.
  const room = Math.max((to - from) * 0.005, 0.01);
  return { from: from - room, to: to + room };
});

/** What live mode shows, in milliseconds: the end of the store, moving with it. */
const LIVE = 60_000;

/** The span that all panes show. */
export const span = computed<Span | null>(() => {
  const all = whole.value;
  const own = view.value.span;
  if (!all) return null;
  if (view.value.live) return { from: Math.max(all.from, all.to - LIVE), to: all.to };
  return own ? clamp(own, { from: Math.min(all.from, own.from), to: Math.max(all.to, own.to) }) : all;
});

export function show(next: Span, how: 'step' | 'slide' = 'step'): void {
  const all = whole.peek();
  const everything = all && next.from <= all.from && next.to >= all.to;
  change({ span: everything ? null : next, live: false }, how);
}

/** Buckets of the histogram: about one for each five pixels at 1280. */
export const BUCKETS = 200;

export const overview = resource(
  computed(() => (whole.value ? { span: whole.value } : null)),
  ({ span }, signal) => api.timeline(histogram({}, span), signal),
);

/** Nothing is chosen: the shown span is counted already. */
const everything = computed(() => span.value !== null && span.value === whole.value && isEmpty(view.value.filters));

const part = resource(
  computed(() => (span.value && !everything.value ? { span: span.value, filters: view.value.filters } : null)),
  ({ span, filters }, signal) => api.timeline(histogram(filters, span), signal),
);

/** Counts of the shown span. */
export const detail = {
  loaded: computed<Loaded<Timeline>>(() => {
    const [all, own] = [overview.loaded.value, part.loaded.value];
    if (everything.value) return all;
    // What was seen before is seen until the first part is there.
    return own.state === 'loading' && own.last === undefined ? { ...own, last: valueOf(all) } : own;
  }),
  reload: () => (everything.peek() ? overview : part).reload(),
};

function histogram(filters: Filters, span: Span): [string, string][] {
  return question(filters, span, [
    ['buckets', String(BUCKETS)],
    ['by', 'category'],
  ]);
}

/** As many processes as are drawn at once. */
export const MOST_PROCESSES = 10_000;

/** What a bar needs of a process, and what a line of the tree needs: all of it is some kilobytes. */
const BAR =
  'id,pid,ppid,parent_id,parent,start,comm,uid,user,container,exit,source,images.exec_time,images.comm,images.uid,images.user,' +
  'images.executable.path,images.executable.mode,images.interpreter.path';
const LINE = `${BAR},images.argv0,images.args,images.args_truncated`;

export const processes = resource(
  computed(() => {
    if (!span.value || view.value.pane !== 'lanes') return null;
    return { span: span.value, filters: ofProcesses(view.value.filters).filters };
  }),
  ({ span, filters }, signal) =>
    api.processes(question(filters, span, [['limit', String(MOST_PROCESSES)], ['fields', BAR]]), signal),
);

export const tree = resource(
  computed(() => {
    const { pane, at, filters } = view.value;
    if (pane !== 'tree' || !span.value) return null;
    return { at, span: at === null ? span.value : null, filters: ofProcesses(filters).filters };
  }),
  ({ at, span, filters }, signal) => {
    const own = at === null ? question(filters, span) : [...parameters(filters), ['at', new Date(at).toISOString()] as [string, string]];
    return api.tree([...own, ['fields', LINE]], signal);
  },
);

/** The selected event, whole. */
export const event = resource(
  computed(() => view.value.event),
  (id, signal) => api.event(id, signal),
);

/** The selected process, whole. */
export const process = resource(
  computed(() => view.value.process),
  (id, signal) => api.process(id, signal),
);

export function filterBy(name: FilterName, value: string): void {
  change({ filters: added(view.peek().filters, name, value) });
}

/** Only what a process and its descendants did. */
export function onlySubtree(id: string): void {
  change({ filters: { process: [id], descendants: ['true'] }, process: id });
}

/** Words for who cannot see what has changed; read out by screen readers. */
export const said = signal('');

export function say(words: string): void {
  said.value = words;
}
