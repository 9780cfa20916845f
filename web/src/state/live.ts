// Live mode: events as they are recorded, until the reader looks back.

import { effect, signal, untracked } from '@preact/signals';
import { change, say, span, stats, view } from './app';
import { address, question } from './commands';
import { parameters, type Filters } from './filters';
import * as api from '../api/client';
import { append, clear, fail, FIELDS } from './list';
import { row, type Row } from '../list/row';
import type { EventJson, Gap } from '../api/model';
import { formatTime } from '../view/time';
import { gapText } from '../view/timeline';

export type Connection = 'off' | 'connecting' | 'live' | 'lost';

export const connection = signal<Connection>('off');
/** The last gap that the stream told of. */
export const liveGap = signal<string | null>(null);

/** Events that are there when it begins: the newest of the span. */
const FIRST = '500';
/** How long messages are gathered before they are shown, in milliseconds: thousands a second are few pictures. */
const GATHER = 50;

/** How often the pictures are asked for anew while live, in milliseconds. */
const REFRESH = 2000;

let source: EventSource | undefined;
let timer: ReturnType<typeof setInterval> | undefined;

let waiting: Row[] = [];
let gathering: ReturnType<typeof setTimeout> | undefined;
let asking: AbortController | undefined;

function stop(): void {
  source?.close();
  source = undefined;
  asking?.abort();
  clearTimeout(gathering);
  gathering = undefined;
  waiting = [];
  clearInterval(timer);
  connection.value = 'off';
}

function flush(): void {
  gathering = undefined;
  append(waiting);
  waiting = [];
}

/** What was recorded before the stream told of it: the newest of the span. Events that come twice are shown once. */
export async function begin(): Promise<void> {
  const [own, { filters }] = [span.peek(), view.peek()];
  if (!own) return;
  asking?.abort();
  const { signal } = (asking = new AbortController());
  const query = question(filters, null, [
    ['since', formatTime(own.from)],
    ['order', 'desc'],
    ['limit', FIRST],
    ['schema', 'full'],
    ['fields', FIELDS],
  ]);
  try {
    const page = await api.events(query, signal);
    if (!signal.aborted) append(page.events.map(row).reverse(), page.next !== null);
  } catch (error) {
    if (!signal.aborted) fail(error as api.ApiError);
  }
}

function start(query: string, filters: Filters): void {
  stop();
  clear(filters);
  liveGap.value = null;
  connection.value = 'connecting';
  source = new EventSource(query);
  // Behind the beginning of the stream, so that nothing is between them.
  source.onopen = () => {
    connection.value = 'live';
    void begin();
  };
  // The browser connects again by itself, and goes on behind the last event that it saw.
  source.onerror = () => (connection.value = source?.readyState === EventSource.CLOSED ? 'lost' : 'connecting');
  source.onmessage = (message: MessageEvent<string>) => {
    waiting.push(row(JSON.parse(message.data) as EventJson));
    gathering ??= setTimeout(flush, GATHER);
  };
  source.addEventListener('gap', (message: MessageEvent<string>) => {
    liveGap.value = gapText(JSON.parse(message.data) as Gap);
    say(liveGap.value);
  });
  timer = setInterval(() => {
    // What the store has now says what is shown, and that is asked for by itself.
    stats.reload();
  }, REFRESH);
}

let running: string | null = null;
effect(() => {
  const { live, filters } = view.value;
  const query = live
    ? address('/events/stream', [...parameters(filters), ['schema', 'full'], ['fields', FIELDS]])
    : null;
  if (query === running) return;
  running = query;
  untracked(() => (query === null ? stop() : start(query, filters)));
});

export function toggleLive(): void {
  const live = !view.peek().live;
  // What is on the screen stays there when it no longer moves.
  change(live ? { live, span: null } : { live, span: span.peek() });
  say(live ? 'Following what is recorded' : 'No longer following');
}

/** The reader scrolled back: what is on the screen stays there. */
export function letGo(): void {
  if (view.peek().live) toggleLive();
}
