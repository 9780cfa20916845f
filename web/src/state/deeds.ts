// What processes did, for their colours: asked only while bars are coloured by it.

import { computed } from '@preact/signals';
import * as api from '../api/client';
import { SAYING, type Deeds, type Saying } from '../lanes/bars';
import { span, view } from './app';
import { question } from './commands';
import { ofProcesses } from './filters';
import { resource, valueOf } from './resource';

/** Processes of a category that are told apart: the API's limit; those with the most events. */
const TOP = '100';
const CATEGORY: Readonly<Record<Exclude<Saying, 'process'>, string>> = { network: 'Network Activity', kernel: 'Kernel Activity', file: 'File Activity' };

interface Known {
  readonly of: Deeds;
  /** Processes that are beyond what the API tells apart. */
  readonly rest: number;
}

const NOTHING: Known = { of: new Map(), rest: 0 };

const asked = resource(
  computed(() => {
    const { colour, pane, filters } = view.value;
    return colour === 'category' && pane === 'lanes' && span.value ? { span: span.value, filters: ofProcesses(filters).filters } : null;
  }),
  async ({ span, filters }, signal): Promise<Known> => {
    const own = new Map<string, Saying>();
    let rest = 0;
    for (const saying of SAYING) {
      if (saying === 'process') continue;
      const found = await api.timeline(
        question(filters, span, [
          ['category', CATEGORY[saying]],
          ['by', 'process'],
          ['buckets', '1'],
          ['top', TOP],
        ]),
        signal,
      );
      for (const id of found.values) if (!own.has(id)) own.set(id, saying);
      rest += found.rest?.values ?? 0;
    }
    return { of: own, rest };
  },
);

export const deeds = computed<Known>(() => valueOf(asked.loaded.value) ?? NOTHING);
