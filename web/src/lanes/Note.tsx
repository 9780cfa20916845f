// What stands above the lanes: how many processes, what their colours mean, what is missing.

import { useMemo } from 'preact/hooks';
import { change, filterBy, MOST_PROCESSES, view } from '../state/app';
import { deeds } from '../state/deeds';
import { COLOURS, ROWS, type Colour, type RowSize } from '../state/url';
import type { FilterName } from '../state/filters';
import { counted, showCount } from '../view/time';
import { colourOf, meaningOf, type Bar } from './bars';

const BY: Readonly<Record<Colour, string>> = { user: 'by user', category: 'by category', comm: 'by program', exit: 'by end' };

/** The filter of a word of the legend. */
function filterOf(by: Colour, word: string): readonly [FilterName, string] | undefined {
  if (by === 'comm') return ['comm', word];
  if (by !== 'user' || word === '?') return undefined;
  return word.startsWith('uid ') ? ['uid', word.slice(4)] : ['user', word];
}

/** Meanings of colours that are told. */
const TOLD = 5;

interface Props {
  readonly bars: readonly Bar[];
  readonly more: boolean;
  readonly complete: boolean;
  readonly loading: boolean;
  /** Of how many listed events those that are lit are; null: none are. */
  readonly lit: number | null;
}

export function Note({ bars, more, complete, loading, lit }: Props) {
  const { rows, colour: by, only } = view.value;
  const known = deeds.value;
  const legend = useMemo(() => {
    const counts = new Map<string, { count: number; colour: string }>();
    for (const bar of bars) {
      const word = meaningOf(bar, by, known.of);
      const own = counts.get(word);
      if (own) own.count++;
      else counts.set(word, { count: 1, colour: colourOf(bar, by, known.of) });
    }
    return [...counts].sort(([, one], [, other]) => other.count - one.count);
  }, [bars, by, known]);
  return (
    <div class="lanes-note" role="status">
      <span>
        {counted(bars.length, 'process', 'processes')}
        {more && <strong class="warn"> of more: the first {showCount(MOST_PROCESSES)}; narrow the span or filter</strong>}
      </span>
      {lit !== null && (
        <span class="muted">
          bright: of {counted(lit, 'listed event')}{' '}
          <button type="button" aria-pressed={only} onClick={() => change({ only: !only })}>
            Only these
          </button>
        </span>
      )}
      {loading && <span class="muted">loading…</span>}
      {!complete && <span class="warn" title="Where it is hatched, processes may be missing">incomplete</span>}
      <span class="lanes-look">
        <ul class="legend" aria-label="Colours of bars">
          {legend.slice(0, TOLD).map(([word, { colour, count }]) => {
            const filter = filterOf(by, word);
            const words = (
              <>
                <span class={`swatch ${colour}`} aria-hidden="true" /> {word}
              </>
            );
            return (
              <li key={word} title={counted(count, 'process', 'processes')}>
                {filter ? (
                  <button type="button" title={`Filter: ${filter.join('=')}`} onClick={() => filterBy(...filter)}>
                    {words}
                  </button>
                ) : (
                  words
                )}
              </li>
            );
          })}
          {legend.length > TOLD && <li class="muted">{legend.length - TOLD} more</li>}
        </ul>
        {by === 'category' && known.rest > 0 && <span class="muted">at least; {counted(known.rest, 'process', 'processes')} with fewer events not told apart</span>}
          <select aria-label="Colour" title="Colour of bars. By category: network if it had any event of that category, else kernel, else file" value={by} onChange={(event) => change({ colour: event.currentTarget.value as Colour })}>
            {COLOURS.map((name) => (
              <option key={name} value={name}>
                {BY[name]}
              </option>
            ))}
          </select>
          <select aria-label="Rows" title="Height of rows" value={rows} onChange={(event) => change({ rows: event.currentTarget.value as RowSize })}>
            {ROWS.map((name) => (
              <option key={name} value={name}>
                {name} rows
              </option>
            ))}
          </select>
      </span>
    </div>
  );
}
