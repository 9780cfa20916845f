// The events of the list: pages in the asked order, one after the other as the reader scrolls, and new ones in live mode.

import { computed, effect, signal } from '@preact/signals';
import * as api from '../api/client';
import type { Gap } from '../api/model';
import { merged, row, type Row } from '../list/row';
import { span, view } from './app';
import { ofProcesses, type Filters } from './filters';
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
  /** The filters that these are of, as text. */
  readonly of: string;
  readonly rows: readonly Row[];
  readonly state: 'idle' | 'loading' | 'ready' | 'failed';
  readonly error: api.ApiError | null;
  readonly complete: boolean;
  readonly gaps: readonly Gap[];
  /** There is more behind the last row. */
  readonly more: boolean;
  /** Rows were dropped to stay within bounds. */
  readonly cut: boolean;
  /** In live mode: of the span there are earlier ones, not in the list. */
  readonly earlier: boolean;
}

const NOTHING: Listed = { of: '', rows: [], state: 'idle', error: null, complete: true, gaps: [], more: false, cut: false, earlier: false };

export const listed = signal<Listed>(NOTHING);

export const listedCount = computed(() => listed.value.rows.length);

/** Processes that did what is listed, if filters choose events and not processes alone. */
export const lit = computed<ReadonlySet<string> | null>(() => {
  const { filters } = view.value;
  const { of, rows, state } = listed.value;
  if (!ofProcesses(filters).cut || of !== JSON.stringify(filters) || (rows.length === 0 && state !== 'ready')) return null;
  return new Set(rows.map((row) => row.process));
});

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
      ...before,
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

/** Adds events that were recorded just now; the oldest of very many go. Of one that is there already nothing is added. */
export function append(events: readonly Row[], earlier = false): void {
  const before = listed.peek();
  const rows = merged(before.rows, events);
  const kept = rows.slice(-KEPT);
  listed.value = { ...before, rows: kept, earlier: before.earlier || earlier || kept.length < rows.length, cut: kept.length < rows.length || before.cut };
}

/** Asks for the whole span from its beginning, after live mode. */
export function listAll(): void {
  restart();
}

/** What could not be got in live mode. */
export function fail(error: api.ApiError): void {
  listed.value = { ...listed.peek(), state: 'failed', error };
}

/** Begins anew with what the view asks for. */
function restart(): void {
  running?.abort();
  cursor = null;
  listed.value = { ...NOTHING, of: JSON.stringify(view.peek().filters) };
  void more();
}

/** How long a question has to stand still before it is asked, in milliseconds. */
const STILL = 60;

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
  // Dragging asks once; what is asked first is waited for.
  if (listed.peek().state === 'idle') restart();
  else timer = setTimeout(restart, STILL);
});

/** Begins the list of live mode. */
export function clear(filters: Filters): void {
  running?.abort();
  cursor = null;
  listed.value = { ...NOTHING, of: JSON.stringify(filters), state: 'ready' };
}
