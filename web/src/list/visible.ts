// Which lines of a long list are in sight.

/** Lines above and below the sight that are there already, so that scrolling shows no white. */
const SPARE = 8;

/** Indexes from `first` to before `last`. */
export function visible(top: number, height: number, line: number, count: number): { first: number; last: number } {
  const first = Math.min(Math.max(0, Math.floor(top / line) - SPARE), Math.max(0, count - 1));
  return { first, last: Math.min(count, Math.ceil((top + height) / line) + SPARE) };
}
