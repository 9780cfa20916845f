// Live mode: events as they are recorded, until the reader looks back.

import { effect, signal, untracked } from '@preact/signals';
import { change, say, span, stats, view } from './app';
import { address } from './commands';
import { parameters } from './filters';
import { append, clear, FIELDS } from './list';
import { row } from '../list/row';
import type { EventJson, Gap } from '../api/model';
import { gapText } from '../view/timeline';

export type Connection = 'off' | 'connecting' | 'live' | 'lost';

export const connection = signal<Connection>('off');
/** The last gap that the stream told of. */
export const liveGap = signal<string | null>(null);

/** How often the pictures are asked for anew while live, in milliseconds. */
const REFRESH = 2000;

let source: EventSource | undefined;
let timer: ReturnType<typeof setInterval> | undefined;

function stop(): void {
  source?.close();
  source = undefined;
  clearInterval(timer);
  connection.value = 'off';
}

function start(query: string): void {
  stop();
  clear();
  liveGap.value = null;
  connection.value = 'connecting';
  source = new EventSource(query);
  source.onopen = () => (connection.value = 'live');
  // The browser connects again by itself, and goes on behind the last event that it saw.
  source.onerror = () => (connection.value = source?.readyState === EventSource.CLOSED ? 'lost' : 'connecting');
  source.onmessage = (message: MessageEvent<string>) => append(row(JSON.parse(message.data) as EventJson));
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
  untracked(() => (query === null ? stop() : start(query)));
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
