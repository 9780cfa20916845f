// What is shown, as commands: every picture can be asked again without a browser.

import { parameters, type Filters } from './filters';
import type { Span } from '../view/scale';
import { formatTime } from '../view/time';

/** A word for a POSIX shell: quoted if it has anything that a shell would take for itself. */
export function quoted(word: string): string {
  return /^[A-Za-z0-9_./:@%+=-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/** Parameters of a question for events. */
export function question(filters: Filters, span: Span | null, more: readonly [string, string][] = []): [string, string][] {
  const times: [string, string][] = span
    ? [
        ['since', formatTime(span.from)],
        ['until', formatTime(span.to)],
      ]
    : [];
  return [...parameters(filters), ...times, ...more];
}

export function address(path: string, parameters: readonly [string, string][]): string {
  const query = new URLSearchParams(parameters.map(([name, value]) => [name, value])).toString();
  return query === '' ? path : `${path}?${query}`;
}

/** Most events of one answer: the API's limit of a page. More: `tacho events --all`. */
export const MOST_EVENTS = '10000';
/** As many as there may be, oldest first. */
export const ORDERED: readonly [string, string][] = [['order', 'asc'], ['limit', MOST_EVENTS]];

/** `curl` for the same events, without the token: it has no place in a history of commands. */
export function curl(origin: string, filters: Filters, span: Span | null): string {
  const parts = question(filters, span, ORDERED).map(
    ([name, value]) => `--data-urlencode ${quoted(`${name}=${value}`)}`,
  );
  const token = `-H "Authorization: Bearer $(cat /var/lib/tachograph/token)"`;
  return ['curl -sG', token, ...parts, quoted(`${origin}/events`)].join(' ');
}

/** `tacho` for the same events, all of them. */
export function tacho(filters: Filters, span: Span | null): string {
  const flags = question(filters, span).map(([name, value]) =>
    name === 'descendants' ? '--descendants' : `--${name} ${quoted(value)}`,
  );
  return ['tacho events', ...flags, '--all -o ndjson'].join(' ');
}
