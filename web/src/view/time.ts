// Times as the view calculates with them, and as people read them.
//
// Inside, a time is milliseconds since 1970 as a double: exact to a quarter of a microsecond in this century, which is
// less than a pixel at the deepest zoom. What is exact to the nanosecond stays the text that the API sent.

/** Milliseconds since 1970. */
export type Ms = number;

export type Zone = 'utc' | 'local';

const RFC3339 = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(\.\d+)?(Z|[+-]\d{2}:\d{2})$/;

/** Reads RFC 3339; `NaN` if it is none. */
export function parseTime(text: string): Ms {
  const parts = RFC3339.exec(text);
  if (!parts) return NaN;
  const [, whole, fraction, zone] = parts;
  const seconds = Date.parse(`${whole}${zone}`);
  return fraction ? seconds + Number(`0${fraction}`) * 1000 : seconds;
}

/** RFC 3339 in UTC with microseconds: what addresses and queries have. */
export function formatTime(time: Ms): string {
  let whole = Math.floor(time / 1000) * 1000;
  let micros = Math.round((time - whole) * 1000);
  if (micros >= 1_000_000) {
    whole += 1000;
    micros -= 1_000_000;
  }
  return `${new Date(whole).toISOString().slice(0, 19)}.${String(micros).padStart(6, '0')}Z`;
}

/** The exact text of the API in the asked zone, with as many digits of the second as asked for (0 to 9). */
export function showTime(text: string, zone: Zone, digits: number, withDate = true): string {
  const parts = RFC3339.exec(text);
  if (!parts) return text;
  const fraction = (parts[2] ?? '').slice(1).padEnd(9, '0').slice(0, digits);
  const date = new Date(Date.parse(`${parts[1]}${parts[3]}`));
  const clock = zone === 'utc' ? date.toISOString().slice(0, 19) : localIso(date);
  const [day, time] = clock.split('T') as [string, string];
  return `${withDate ? `${day} ` : ''}${time}${digits > 0 ? `.${fraction}` : ''}`;
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}

function localIso(date: Date): string {
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day}T${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

/** The day of a time in a zone, as it is shown. */
export function dayOf(text: string, zone: Zone): string {
  return showTime(text, zone, 0).slice(0, 10);
}

/** A time with its date, if that is not the day that is known already. */
export function showTimeOf(text: string, zone: Zone, digits: number, day: string): string {
  return showTime(text, zone, digits, dayOf(text, zone) !== day);
}

/** Whether all of a span is in one day of the zone. */
export function oneDay(span: { readonly from: Ms; readonly to: Ms } | null, zone: Zone): boolean {
  const day = (time: Ms) => dayOf(formatTime(time), zone);
  return span !== null && day(span.from) === day(span.to);
}

/** What the shown zone is called, with its distance from UTC at that time. */
export function zoneName(zone: Zone, at: Ms): string {
  if (zone === 'utc') return 'UTC';
  const offset = -new Date(at).getTimezoneOffset();
  const sign = offset < 0 ? '-' : '+';
  return `UTC${sign}${two(Math.floor(Math.abs(offset) / 60))}:${two(Math.abs(offset) % 60)}`;
}

const UNITS: readonly [number, string][] = [
  [86_400_000, 'd'],
  [3_600_000, 'h'],
  [60_000, 'min'],
  [1000, 's'],
  [1, 'ms'],
  [0.001, 'us'],
];

/** A length of time with two units at most: `2 h 5 min`, `1.25 s`, `340 us`. */
export function showSpan(span: Ms): string {
  if (!Number.isFinite(span)) return '?';
  const rest = Math.abs(span);
  const sign = span < 0 ? '-' : '';
  for (const [index, [size, name]] of UNITS.entries()) {
    if (rest < size && index < UNITS.length - 1) continue;
    const next = UNITS[index + 1];
    if (!next || size <= 1000) return `${sign}${Number((rest / size).toPrecision(3))} ${name}`;
    const whole = Math.floor(rest / size);
    const below = Math.floor((rest - whole * size) / next[0]);
    return `${sign}${whole} ${name}${below > 0 ? ` ${below} ${next[1]}` : ''}`;
  }
  return '0';
}

/** A number of things: `1 process`, `2 processes`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${showCount(count)} ${count === 1 ? one : many}`;
}

/** A count with separators of thousands that no locale changes. */
export function showCount(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ' ');
}
