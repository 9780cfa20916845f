// The search field and the filters that hold now.

import { useEffect, useRef, useState } from 'preact/hooks';
import { change, view } from '../state/app';
import * as api from '../api/client';
import { FILTERS, removed, values } from '../state/filters';
import { search } from './parse';

/** The field, so that a key can lead to it. */
export const FIELD = 'search-field';

export function Search() {
  const [text, setText] = useState('');
  const [error, setError] = useState<string | null>(null);
  const [paths, setPaths] = useState<readonly string[]>([]);
  const field = useRef<HTMLInputElement>(null);
  const { filters } = view.value;

  // Paths that the store knows are offered while one is typed.
  useEffect(() => {
    const prefix = /^(?:path[:=])?(\/.*)$/.exec(text)?.[1];
    if (!prefix || prefix.includes('*')) {
      setPaths([]);
      return;
    }
    const own = new AbortController();
    const timer = setTimeout(() => {
      api.get<{ paths: readonly { path: string }[] }>('/paths', [['prefix', prefix], ['limit', '12']], own.signal).then(
        (answer) => setPaths(answer.paths.map((found) => found.path)),
        () => undefined,
      );
    }, 150);
    return () => {
      clearTimeout(timer);
      own.abort();
    };
  }, [text]);

  const submit = (event: Event) => {
    event.preventDefault();
    const parsed = search(text, filters);
    if ('error' in parsed) {
      setError(parsed.error);
      return;
    }
    setError(null);
    setText('');
    change({ filters: parsed.filters });
  };

  return (
    <form class="search" role="search" onSubmit={submit}>
      <input
        ref={field}
        id={FIELD}
        type="search"
        list="known-paths"
        autocomplete="off"
        spellcheck={false}
        placeholder="pid, /path/**, name, user:root, 10.0.0.1:443 …"
        aria-label="Search: a pid, a path, a program, an address, or filter:value"
        aria-invalid={error !== null}
        aria-describedby={error === null ? undefined : 'search-error'}
        value={text}
        onInput={(event) => setText(event.currentTarget.value)}
      />
      <datalist id="known-paths">
        {paths.map((path) => (
          <option key={path} value={path} />
        ))}
      </datalist>
      {error !== null && (
        <span id="search-error" class="warn" role="alert">
          {error}
        </span>
      )}
      <ul class="filters" aria-label="Filters">
        {FILTERS.flatMap((name) =>
          values(filters, name).map((value) => (
            <li key={`${name} ${value}`}>
              <button type="button" title="Remove this filter" aria-label={`Remove filter ${name} ${value}`} onClick={() => change({ filters: removed(filters, name, value) })}>
                {name}
                {name === 'descendants' ? '' : `: ${value.length > 40 ? `${value.slice(0, 12)}…${value.slice(-8)}` : value}`} ×
              </button>
            </li>
          )),
        )}
        {Object.keys(filters).length > 1 && (
          <li>
            <button type="button" onClick={() => change({ filters: {} })}>
              Clear
            </button>
          </li>
        )}
      </ul>
    </form>
  );
}
