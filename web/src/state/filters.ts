// Filters: the parameters of the API that say which events, and nothing else of a query.

/** Names of filters, in the order in which they are shown. */
export const FILTERS = [
  'pid',
  'ppid',
  'tid',
  'process',
  'descendants',
  'path',
  'name',
  'category',
  'outcome',
  'user',
  'uid',
  'comm',
  'exe',
  'container',
  'ip',
  'port',
] as const;

export type FilterName = (typeof FILTERS)[number];

/** Values by filter: those of one are alternatives, different ones must all hold. */
export type Filters = Readonly<Partial<Record<FilterName, readonly string[]>>>;

/** Those that `/processes` and `/tree` know as well. */
const OF_PROCESSES: readonly FilterName[] = [
  'pid',
  'ppid',
  'process',
  'descendants',
  'user',
  'uid',
  'comm',
  'exe',
  'container',
];

export function isFilter(name: string): name is FilterName {
  return (FILTERS as readonly string[]).includes(name);
}

export function values(filters: Filters, name: FilterName): readonly string[] {
  return filters[name] ?? [];
}

/** With one value more; the subtree flag goes when nothing is left for it to hang on. */
export function added(filters: Filters, name: FilterName, value: string): Filters {
  if (values(filters, name).includes(value)) return filters;
  return { ...filters, [name]: [...values(filters, name), value] };
}

export function removed(filters: Filters, name: FilterName, value: string): Filters {
  const rest = values(filters, name).filter((own) => own !== value);
  const without: Partial<Record<FilterName, readonly string[]>> = { ...filters };
  if (rest.length > 0) without[name] = rest;
  else delete without[name];
  if (!without.pid && !without.process) delete without.descendants;
  return without;
}

export function isEmpty(filters: Filters): boolean {
  return FILTERS.every((name) => values(filters, name).length === 0);
}

/** Each value as a parameter of its own: commas in file names stay what they are. */
export function parameters(filters: Filters): [string, string][] {
  return FILTERS.flatMap((name) => values(filters, name).map((value): [string, string] => [name, value]));
}

/** What of it processes can be asked for, and whether anything was left out. */
export function ofProcesses(filters: Filters): { filters: Filters; cut: boolean } {
  const entries = FILTERS.filter((name) => values(filters, name).length > 0);
  const kept = entries.filter((name) => OF_PROCESSES.includes(name));
  return { filters: Object.fromEntries(kept.map((name) => [name, values(filters, name)])), cut: kept.length < entries.length };
}
