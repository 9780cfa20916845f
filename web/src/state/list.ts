// The events of the list: pages in the asked order, one after the other as the reader scrolls, and new ones in live mode.

import { effect, signal } from '@preact/signals';
import * as api from '../api/client';
import type { Gap } from '../api/model';
import { row, type Row } from '../list/row';
import { span, view } from './app';
import { question } from './commands';

/** Events a page, and the most that are kept: what goes beyond is reached by narrowing the span. */
export const PAGE = 100;
export const KEPT = 5000;

/** What a line needs of an event; the whole of it is tens of kilobytes. */
export const FIELDS =
  'date,evt,tacho.id,tacho.process_id,tacho.errno,tacho.detail,process.pid,process.ppid,process.comm,process.user,process.uid,' +
  'process.executable.path,process.interpreter.path,process.argv0,process.args,process.args_truncated,process.credentials,' +
  'file.path,file.flags,file.path_resolution_error,file.destination,exit,signal.type,signal.pid,signal.target.comm,ptrace.request,' +
  'ptrace.tracee.pid,ptrace.tracee.comm,network,dns,mount,module,bpf,mmap';

export interface Listed {
  readonly rows: readonly Row[];
  readonly state: 'idle' | 'loading' | 'ready' | 'failed';
  readonly error: api.ApiError | null;
  readonly complete: boolean;
  readonly gaps: readonly Gap[];
  /** There is more behind the last row. */
  readonly more: boolean;
  /** Rows were dropped to stay within bounds. */
  readonly cut: boolean;
}

const NOTHING: Listed = { rows: [], state: 'idle', error: null, complete: true, gaps: [], more: false, cut: false };

export const listed = signal<Listed>(NOTHING);

let cursor: string | null = null;
let running: AbortController | undefined;
let base: [string, string][] = [];

/** Asks for the next page. */
export async function more(): Promise<void> {
  const before = listed.peek();
  if (before.state === 'loading' || (before.state === 'ready' && !before.more)) return;
  running?.abort();
  const own = (running = new AbortController());
  listed.value = { ...before, state: 'loading', error: null };
  try {
    const page = await api.events(cursor === null ? base : [...base, ['cursor', cursor]], own.signal);
    if (own.signal.aborted) return;
    cursor = page.next;
    const rows = [...before.rows, ...page.events.map(row)];
    const cut = rows.length >= KEPT;
    listed.value = {
      rows,
      state: 'ready',
      error: null,
      complete: page.complete,
      gaps: page.gaps,
      more: page.next !== null && !cut,
      cut: cut && page.next !== null,
    };
  } catch (error) {
    if (!own.signal.aborted) listed.value = { ...listed.peek(), state: 'failed', error: error as api.ApiError };
  }
}

/** Appends an event that was recorded just now; the oldest of very many go. */
export function append(event: Row): void {
  const { rows } = listed.peek();
  const kept = rows.length >= KEPT ? rows.slice(rows.length - KEPT + 1) : rows;
  listed.value = { ...listed.peek(), rows: [...kept, event], cut: rows.length >= KEPT || listed.peek().cut };
}

/** Begins anew with what the view asks for. */
function restart(): void {
  running?.abort();
  cursor = null;
  listed.value = NOTHING;
  void more();
}

let asked = '';
/** Filters of live mode, while it is on: what was shown then is shown until something else is asked for. */
let live: string | null = null;
let timer: ReturnType<typeof setTimeout> | undefined;
effect(() => {
  const own = span.value;
  const { filters, order, live: following } = view.value;
  if (!own) return;
  if (following) {
    live = JSON.stringify(filters);
    clearTimeout(timer);
    return;
  }
  const next = question(filters, own, [
    ['order', order],
    ['limit', String(PAGE)],
    ['schema', 'full'],
    ['fields', FIELDS],
  ]);
  const key = JSON.stringify(next);
  const stays = live === JSON.stringify(filters);
  live = null;
  if (key === asked) return;
  asked = key;
  base = next;
  // The reader scrolled back to look at something: it stays where it is.
  if (stays) return;
  clearTimeout(timer);
  timer = setTimeout(restart, 60);
});

/** Begins the list of live mode. */
export function clear(): void {
  running?.abort();
  cursor = null;
  listed.value = { ...NOTHING, state: 'ready' };
}
