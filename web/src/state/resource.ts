// An answer of the API and how far it is: nothing on the page is drawn from an answer to another question.

import { effect, signal, type ReadonlySignal } from '@preact/signals';
import type { ApiError } from '../api/client';

export type Loaded<T> =
  | { readonly state: 'idle' }
  /** `last` is the answer to the question before: shown dimmed meanwhile, so that nothing flickers. */
  | { readonly state: 'loading'; readonly last: T | undefined }
  | { readonly state: 'ready'; readonly value: T }
  | { readonly state: 'failed'; readonly error: ApiError; readonly last: T | undefined };

export function valueOf<T>(loaded: Loaded<T>): T | undefined {
  if (loaded.state === 'ready') return loaded.value;
  return loaded.state === 'idle' ? undefined : loaded.last;
}

/** How long a question has to stand still before it is asked, in milliseconds: dragging asks once. */
const STILL = 80;

/**
 * Asks again whenever the key changes (compared as text); an answer that comes too late is dropped. No key: idle. `part`
 * shows the beginning of an answer before the rest of it is there; `before` is what is shown meanwhile otherwise.
 */
export function resource<K, T>(
  key: ReadonlySignal<K | null>,
  ask: (key: K, signal: AbortSignal, part: (value: T) => void, before: T | undefined) => Promise<T>,
): { readonly loaded: ReadonlySignal<Loaded<T>>; readonly reload: () => void } {
  const loaded = signal<Loaded<T>>({ state: 'idle' });
  const again = signal(0);
  let asked: string | undefined;
  let running: AbortController | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  effect(() => {
    const wanted = key.value;
    const text = wanted === null ? undefined : `${again.value} ${JSON.stringify(wanted)}`;
    if (text === asked) return;
    const first = asked === undefined;
    asked = text;
    running?.abort();
    clearTimeout(timer);
    if (wanted === null) {
      loaded.value = { state: 'idle' };
      return;
    }
    const own = (running = new AbortController());
    const last = valueOf(loaded.peek());
    loaded.value = { state: 'loading', last };
    const begin = () => {
      const part = (value: T) => {
        if (!own.signal.aborted) loaded.value = { state: 'loading', last: value };
      };
      ask(wanted, own.signal, part, last).then(
        (value) => {
          if (!own.signal.aborted) loaded.value = { state: 'ready', value };
        },
        (error: ApiError) => {
          if (!own.signal.aborted) loaded.value = { state: 'failed', error, last };
        },
      );
    };
    if (first) begin();
    else timer = setTimeout(begin, STILL);
  });
  return { loaded, reload: () => void (again.value += 1) };
}

/** Waits until an answer is there, or is known not to come. */
export function settled(loaded: ReadonlySignal<Loaded<unknown>>): Promise<void> {
  return new Promise((resolve) => {
    const stop = loaded.subscribe(({ state }) => {
      if (state === 'loading') return;
      resolve();
      // Not yet known the first time, which is while it subscribes.
      queueMicrotask(() => stop());
    });
  });
}
