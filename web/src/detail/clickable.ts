// What a click on a value of an event does: every value that the API can be asked for is a filter.

import type { FilterName } from '../state/filters';
import { parseTime, type Ms } from '../view/time';

/** Ends of paths of members (dots, no indexes) and the filter they fit; the first that fits counts. */
const FITS: readonly [RegExp, FilterName][] = [
  [/^evt\.name$/, 'name'],
  [/^evt\.category$/, 'category'],
  [/^evt\.outcome$/, 'outcome'],
  [/^tacho\.process_id$/, 'process'],
  [/^process\.tid$/, 'tid'],
  [/(^|\.)(process|parent|ancestors|target|signal\.target|ptrace\.tracee)\.pid$/, 'pid'],
  [/^process\.ppid$/, 'ppid'],
  [/(^|\.)(process|parent|ancestors)\.comm$/, 'comm'],
  [/(^|\.)(process|parent|ancestors)\.uid$/, 'uid'],
  [/(^|\.)(process|parent|ancestors)\.user$/, 'user'],
  [/^usr\.id$/, 'user'],
  [/(^|\.)executable\.path$/, 'exe'],
  [/(^|\.)interpreter\.path$/, 'exe'],
  [/^file(\.destination)?\.path$/, 'path'],
  [/(^|\.)(module|mmap|mount|selinux).*\.path$/, 'path'],
  [/(^|\.)container\.id$/, 'container'],
  [/(^|\.)(ip|addr\.ip)$/, 'ip'],
  [/(^|\.)port$/, 'port'],
];

/** What a click on a value does. */
export type Click =
  | { readonly kind: 'filter'; readonly name: FilterName; readonly value: string }
  | { readonly kind: 'time'; readonly at: Ms };

/** Times of files are often years away from what is recorded. */
const OF_FILES = /(^|\.)(modification_time|change_time|access_time|creation_time|birth_time)$/;

/**
 * By the path to a value (no array indexes) and the value itself: the filter it fits, or the moment it names; nothing if
 * the API cannot be asked for it.
 */
export function clickOf(path: string, value: unknown): Click | undefined {
  const text = typeof value === 'number' ? String(value) : value;
  if (typeof text !== 'string' || text === '') return undefined;
  const name = FITS.find(([fits]) => fits.test(path))?.[1];
  // A prefix length is no part of the address that the API is asked for.
  if (name === 'ip') return /^[0-9a-f.:]+(\/\d+)?$/i.test(text) ? { kind: 'filter', name, value: text.split('/')[0]! } : undefined;
  if (name !== undefined) return { kind: 'filter', name, value: text };
  const at = parseTime(text);
  if (Number.isFinite(at)) return OF_FILES.test(path) ? undefined : { kind: 'time', at };
  if (path === 'file.name' && !/[*?[\]{}\\]/.test(text)) return { kind: 'filter', name: 'path', value: `**/${text}` };
  // A path is one wherever it stands: among arguments, as a working directory, as what was mounted.
  if (/^\/[^\s*?[\]{}\\]+$/.test(text)) return { kind: 'filter', name: 'path', value: text };
  return undefined;
}
