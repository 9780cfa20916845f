// An event as the list keeps it: what a line shows, and no more. The whole of it is asked for when it is selected.

import { at, number, text } from './json';
import { what } from './what';
import type { EventJson } from '../api/model';

export interface Row {
  /** The event's number; what cursors and links name it by. */
  readonly id: string;
  readonly process: string;
  readonly date: string;
  readonly name: string;
  readonly category: string;
  readonly outcome: string;
  readonly errno: string;
  readonly pid: string;
  readonly comm: string;
  readonly user: string;
  readonly what: string;
  /** Something of it was too long to be recorded. */
  readonly cut: boolean;
}

/** Whether a number of an event comes after another: they are too long for numbers of this language. */
export function after(one: string, other: string): boolean {
  return one.length === other.length ? one > other : one.length > other.length;
}

/** Two lists in order of their events' numbers as one, each event once. */
export function merged(one: readonly Row[], other: readonly Row[]): Row[] {
  const last = one.at(-1);
  if (last === undefined || (other[0] !== undefined && after(other[0].id, last.id))) return [...one, ...other];
  const all = new Map([...one, ...other].map((own) => [own.id, own]));
  return [...all.values()].sort((a, b) => (a.id === b.id ? 0 : after(a.id, b.id) ? 1 : -1));
}

/** Longest text of a line. */
const WHAT = 400;

export function row(event: EventJson): Row {
  const words = what(event);
  return {
    id: text(event, 'tacho', 'id') ?? String(number(event, 'tacho', 'id') ?? ''),
    process: text(event, 'tacho', 'process_id') ?? '',
    date: text(event, 'date') ?? '',
    name: text(event, 'evt', 'name') ?? '?',
    category: text(event, 'evt', 'category') ?? '',
    outcome: text(event, 'evt', 'outcome') ?? '',
    errno: text(event, 'tacho', 'errno') ?? '',
    pid: String(number(event, 'process', 'pid') ?? '?'),
    comm: text(event, 'process', 'comm') ?? '?',
    user: text(event, 'process', 'user') ?? String(number(event, 'process', 'uid') ?? '?'),
    what: words.length > WHAT ? `${words.slice(0, WHAT)} ...` : words,
    cut: text(event, 'evt', 'name') === 'exec' && at(event, 'process', 'args_truncated') === true,
  };
}
