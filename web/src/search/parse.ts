// What is typed into the search field, as filters.

import { added, isFilter, removed, type FilterName, type Filters } from '../state/filters';

export type Parsed = { readonly filters: Filters } | { readonly error: string };

/** Words for kinds of event: those of the API's own document, put in when the page is built. */
const KINDS: ReadonlySet<string> = new Set(__KINDS__);

/** Words of the field: separated by blanks, with quotes around what has blanks in it. */
export function words(text: string): string[] {
  return [...text.matchAll(/(?:[^\s"]|"[^"]*"?)+/g)].map(([word]) => word.replaceAll('"', ''));
}

const IPV4 = /^\d{1,3}(\.\d{1,3}){3}$/;
const IPV6 = /^(?=.*:.*:)[0-9a-fA-F:.]+$/;

/** What a lone word most likely means. */
export function guess(word: string): [FilterName, string][] {
  const endpoint = /^(\d{1,3}(?:\.\d{1,3}){3}|\[[0-9a-fA-F:.]+\]):(\d{1,5})$/.exec(word);
  if (endpoint) {
    return [
      ['ip', endpoint[1]!.replace(/^\[|\]$/g, '')],
      ['port', endpoint[2]!],
    ];
  }
  if (/^\d+$/.test(word)) return [['pid', word]];
  if (IPV4.test(word) || IPV6.test(word)) return [['ip', word]];
  if (word.startsWith('/')) return [['path', word.endsWith('/') ? `${word}**` : word]];
  if (word.includes('*')) return [['path', word.startsWith('**') ? word : `**/${word}`]];
  if (/^[0-9a-f]{40,}$/.test(word)) return [['process', word]];
  if (KINDS.has(word)) return [['name', word]];
  // A file's name has a dot in it, a program's mostly not.
  if (/\.[A-Za-z0-9]+$/.test(word)) return [['path', `**/${word}`]];
  return [['comm', word.slice(0, 15)]];
}

/** Adds what was typed to the filters: `pid:7`, `user:www-data`, `-path:/tmp/x` takes one away, or a word to guess by. */
export function search(text: string, filters: Filters): Parsed {
  let now = filters;
  for (const word of words(text)) {
    const named = /^(-?)([a-z]+)[:=](.*)$/.exec(word);
    if (named && isFilter(named[2]!)) {
      const [, minus, name, value] = named as unknown as [string, string, FilterName, string];
      if (value === '') return { error: `${name}: has no value` };
      now = minus ? removed(now, name, value) : added(now, name, value);
    } else {
      for (const [name, value] of guess(word)) now = added(now, name, value);
    }
  }
  if (now.descendants && !now.pid && !now.process) return { error: 'descendants: needs a pid or a process' };
  return { filters: now };
}
