// The view as an address: whoever opens it sees the same. Everything that is not in it is a matter of taste (theme).

import { FILTERS, values, type FilterName, type Filters } from './filters';
import type { Span } from '../view/scale';
import { formatTime, parseTime, type Zone } from '../view/time';

export const PANES = ['lanes', 'tree', 'trace'] as const;
export type PaneName = (typeof PANES)[number];

export const COLOURS = ['user', 'category', 'comm', 'exit'] as const;
export type Colour = (typeof COLOURS)[number];

/** Heights of a row of the lanes. */
export const ROWS = ['large', 'small', 'tiny'] as const;
export type RowSize = (typeof ROWS)[number];

/** What the details are of, if both are selected. */
export const DETAILS = ['event', 'process'] as const;
export type DetailsName = (typeof DETAILS)[number];

export const DIRECTIONS = ['backward', 'forward'] as const;
export type Direction = (typeof DIRECTIONS)[number];

export interface View {
  /** The shown span; none: all that the store has. */
  readonly span: Span | null;
  readonly filters: Filters;
  /** Id of the selected process. */
  readonly process: string | null;
  /** Number of the selected event. */
  readonly event: string | null;
  readonly pane: PaneName;
  /** The tree at an instant; none: over the span. */
  readonly at: number | null;
  readonly colour: Colour;
  readonly rows: RowSize;
  /** Of processes only those that did what is listed, and those above them. */
  readonly only: boolean;
  readonly details: DetailsName;
  readonly zone: Zone;
  readonly order: 'asc' | 'desc';
  readonly live: boolean;
  /** What the trace starts from, if not the selected process: `path:...`, `process:...` or `end:ip:port`. */
  readonly trace: string | null;
  readonly direction: Direction;
  /** What is looked for in the tree. */
  readonly find: string;
}

export const START: View = {
  span: null,
  filters: {},
  process: null,
  event: null,
  pane: 'lanes',
  at: null,
  colour: 'user',
  rows: 'large',
  only: false,
  details: 'event',
  zone: 'utc',
  order: 'asc',
  live: false,
  trace: null,
  direction: 'backward',
  find: '',
};

/** Parameters of the page that are no filters; none has the name of one. */
const PROCESS = 'selected';

function oneOf<T extends string>(words: readonly T[], word: string | null, otherwise: T): T {
  return words.find((own) => own === word) ?? otherwise;
}

/** Reads the part of an address after the question mark. What is not understood is left out. */
export function parseView(query: string): View {
  const given = new URLSearchParams(query);
  const filters: Partial<Record<FilterName, string[]>> = {};
  for (const name of FILTERS) {
    const own = given.getAll(name).filter((value) => value !== '');
    if (own.length > 0) filters[name] = [...new Set(own)];
  }
  if (!filters.pid && !filters.process) delete filters.descendants;
  const from = parseTime(given.get('since') ?? '');
  const to = parseTime(given.get('until') ?? '');
  const at = parseTime(given.get('at') ?? '');
  return {
    span: from < to ? { from, to } : null,
    filters,
    process: given.get(PROCESS) || null,
    event: /^\d{1,20}$/.test(given.get('event') ?? '') ? given.get('event') : null,
    pane: oneOf(PANES, given.get('pane'), START.pane),
    at: Number.isNaN(at) ? null : at,
    colour: oneOf(COLOURS, given.get('colour'), START.colour),
    rows: oneOf(ROWS, given.get('rows'), START.rows),
    details: oneOf(DETAILS, given.get('details'), START.details),
    zone: oneOf(['utc', 'local'], given.get('zone'), START.zone),
    order: oneOf(['asc', 'desc'], given.get('order'), START.order),
    live: given.get('live') === 'true',
    only: given.get('only') === 'true',
    trace: given.get('trace') || null,
    direction: oneOf(DIRECTIONS, given.get('direction'), START.direction),
    find: given.get('find') ?? '',
  };
}

/** The part of an address after the question mark; what is as at the start is left out. */
export function formatView(view: View): string {
  const out = new URLSearchParams();
  if (view.span) {
    out.set('since', formatTime(view.span.from));
    out.set('until', formatTime(view.span.to));
  }
  for (const name of FILTERS) for (const value of values(view.filters, name)) out.append(name, value);
  if (view.process !== null) out.set(PROCESS, view.process);
  if (view.event !== null) out.set('event', view.event);
  for (const name of ['pane', 'colour', 'rows', 'details', 'zone', 'order', 'direction', 'find'] as const) {
    if (view[name] !== START[name]) out.set(name, view[name]);
  }
  if (view.at !== null) out.set('at', formatTime(view.at));
  if (view.live) out.set('live', 'true');
  if (view.only) out.set('only', 'true');
  if (view.trace !== null) out.set('trace', view.trace);
  return out.toString();
}
