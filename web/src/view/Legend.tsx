// What the colours of the histogram mean; a click makes one a filter.

import { filterBy } from '../state/app';
import { CATEGORIES } from './timeline';
import { showCount } from './time';
import type { Stacks } from './timeline';

export function Legend({ stacks }: { readonly stacks: Stacks | undefined }) {
  return (
    <ul class="legend" aria-label="Categories">
      {CATEGORIES.map((name, index) => {
        const sums = stacks?.sums[index] ?? [];
        const below = stacks?.sums[index - 1];
        const count = sums.reduce((sum, value, at) => sum + value - (below?.[at] ?? 0), 0);
        const word = name.replace(' Activity', '');
        return (
          <li key={name}>
            <button type="button" class={`cat ${word.toLowerCase()}`} title={`Only ${name}`} onClick={() => filterBy('category', name)}>
              <span class="swatch" aria-hidden="true" /> {word} {stacks ? showCount(count) : ''}
            </button>
          </li>
        );
      })}
    </ul>
  );
}
