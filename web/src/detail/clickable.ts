// Which values of an event are filters when clicked.

import type { FilterName } from '../state/filters';

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

/** The filter that a value fits, by the path to it without array indexes; none if there is none. */
export function filterOf(path: string): FilterName | undefined {
  return FITS.find(([fits]) => fits.test(path))?.[1];
}

/** The value as the filter takes it. */
export function filterValue(value: unknown): string | undefined {
  if (typeof value === 'string' && value !== '') return value;
  return typeof value === 'number' ? String(value) : undefined;
}
