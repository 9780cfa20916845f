// What the page shows and what it knows: the view (which is the address), and the answers to it.

import { computed, signal } from '@preact/signals';
import * as api from '../api/client';
import type { Processes, Stats, Timeline } from '../api/model';
import { clamp, type Span } from '../view/scale';
import { parseTime, type Ms } from '../view/time';
import { added, isEmpty, ofProcesses, parameters, type FilterName, type Filters } from './filters';
import { question } from './commands';
import { resource, settled, valueOf, type Loaded } from './resource';
import { formatView, parseView, type View } from './url';

export const view = signal<View>(parseView(location.search));

/** How long what slides has to stand still before the address follows, in milliseconds. */
const SETTLED = 150;
let settling: ReturnType<typeof setTimeout> | undefined;

function addressOf(own: View): string {
  const query = formatView(own);
  return query === '' ? '/' : `/?${query}`;
}

/** Makes the address that of the view at once. */
export function settle(): void {
  if (settling === undefined) return;
  clearTimeout(settling);
  settling = undefined;
  history.replaceState(null, '', addressOf(view.peek()));
}

/**
 * Changes the view. A step that one may want to go back from is one of the history; dragging is not, and the address
 * follows it when it stands still: browsers allow only so many changes of it, and each costs a frame.
 */
export function change(part: Partial<View>, how: 'step' | 'slide' = 'step'): void {
  const next = { ...view.peek(), ...part };
  if (formatView(next) !== formatView(view.peek())) {
    if (how === 'step') {
      settle();
      history.pushState(null, '', addressOf(next));
    } else {
      clearTimeout(settling);
      settling = setTimeout(settle, SETTLED);
    }
  }
  view.value = next;
}

addEventListener('popstate', () => {
  clearTimeout(settling);
  settling = undefined;
  view.value = parseView(location.search);
});
addEventListener('pagehide', settle);

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

/** The store's span as it was known first. */
let atFirst: string | undefined;

/**
 * Counts of the whole store. Asked without a span, so that it can be asked before anything is known: the page's head
 * does so (`index.html` has the same question), and the histogram is there with the page.
 */
export const overview = resource(
  computed(() => {
    const loaded = stats.loaded.value;
    const all = JSON.stringify(whole.value);
    if (whole.value === null) return loaded.state === 'ready' ? null : {};
    return all === (atFirst ??= all) ? {} : { all };
  }),
  (_, signal) => api.timeline(histogram({}, null), signal),
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

function histogram(filters: Filters, span: Span | null): [string, string][] {
  return question(filters, span, [
    ['buckets', String(BUCKETS)],
    ['by', 'category'],
  ]);
}

/** As many processes as are drawn at once. */
export const MOST_PROCESSES = 10_000;

/** Of them those that are drawn before the others are there: more than fit on a screen. */
const FIRST_PROCESSES = 500;

/** What a bar needs of a process, and what a line of the tree needs: all of it is some kilobytes. */
const BAR =
  'id,pid,parent_id,parent,start,comm,uid,user,container,exit,images.exec_time,images.uid,' +
  'images.executable.path,images.executable.mode,images.interpreter.path';
const LINE = `${BAR},images.argv0,images.args,images.args_truncated`;

export const processes = resource(
  computed(() => {
    if (!span.value || view.value.pane !== 'lanes') return null;
    return { span: span.value, filters: ofProcesses(view.value.filters).filters };
  }),
  async ({ span, filters }, signal, part: (value: Processes) => void, before: Processes | undefined): Promise<Processes> => {
    const page = (limit: number, more: [string, string][] = []) =>
      api.processes(question(filters, span, [['limit', String(limit)], ['fields', BAR], ...more]), signal);
    // What is shown already does not give way to a part of what comes.
    if (before) return page(MOST_PROCESSES);
    const first = await page(FIRST_PROCESSES);
    if (first.next === null) return first;
    part(first);
    // The histogram comes first: the server has few processors, and recording goes before both.
    await settled(overview.loaded);
    if (signal.aborted) return first;
    const rest = await page(MOST_PROCESSES - FIRST_PROCESSES, [['cursor', first.next]]);
    return { ...rest, complete: first.complete && rest.complete, processes: [...first.processes, ...rest.processes] };
  },
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

/** Only what a process did. */
export function onlyProcess(id: string): void {
  change({ filters: { process: [id] }, process: id });
}

/** Milliseconds before and after a moment that are shown of it. */
const AROUND = 1000;

/** Shows what happened around a moment. */
export function around(time: Ms): void {
  if (Number.isFinite(time)) show({ from: time - AROUND, to: time + AROUND });
}

/** Shows a process; an event that is selected stays so. */
export function select(id: string | null, how: 'step' | 'slide' = 'step'): void {
  change({ process: id, details: 'process' }, how);
}

/** Words for who cannot see what has changed; read out by screen readers. */
export const said = signal('');

export function say(words: string): void {
  said.value = words;
}
