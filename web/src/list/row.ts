// An event as the list keeps it: what a line shows, and no more. The whole of it is asked for when it is selected.

import { number, text } from './json';
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
  };
}
