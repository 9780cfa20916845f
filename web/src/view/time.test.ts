import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatTime, oneDay, parseTime, showCount, showSpan, showTime, showTimeOf, zoneName } from './time';

describe('times', () => {
  it('come back from text to within a microsecond', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4_000_000_000_000 }), fc.integer({ min: 0, max: 999 }), (ms, micros) => {
        const time = ms + micros / 1000;
        expect(Math.abs(parseTime(formatTime(time)) - time)).toBeLessThan(0.001);
      }),
    );
  });
  it('are read with any number of digits and any zone', () => {
    expect(parseTime('2026-01-02T03:04:05Z')).toBe(Date.UTC(2026, 0, 2, 3, 4, 5));
    expect(parseTime('2026-01-02T05:04:05.5+02:00')).toBe(Date.UTC(2026, 0, 2, 3, 4, 5, 500));
    for (const bad of ['', 'now', '2026-01-02', '2026-13-02T03:04:05Z']) expect(parseTime(bad)).toBeNaN();
  });
  it('show the nanoseconds that the API sent, not those of a double', () => {
    expect(showTime('2026-11-21T19:39:18.233471706Z', 'utc', 9)).toBe('2026-11-21 19:39:18.233471706');
    expect(showTime('2026-11-21T19:39:18.2Z', 'utc', 6, false)).toBe('19:39:18.200000');
    expect(showTime('not a time', 'utc', 3)).toBe('not a time');
  });
  it('are of one day or not, in the zone that is shown', () => {
    const noon = Date.UTC(2026, 0, 2, 12);
    expect(oneDay({ from: noon, to: noon + 3_600_000 }, 'utc')).toBe(true);
    expect(oneDay({ from: noon, to: noon + 12 * 3_600_000 }, 'utc')).toBe(false);
    expect(oneDay(null, 'utc')).toBe(false);
  });
  it('have their date where it is another', () => {
    expect(showTimeOf('2026-01-02T03:04:05Z', 'utc', 0, '2026-01-02')).toBe('03:04:05');
    expect(showTimeOf('2026-01-01T03:04:05Z', 'utc', 0, '2026-01-02')).toBe('2026-01-01 03:04:05');
  });
  it('name their zone', () => {
    expect(zoneName('utc', 0)).toBe('UTC');
    expect(zoneName('local', 0)).toMatch(/^UTC[+-]\d\d:\d\d$/);
  });
  it('have lengths that people say', () => {
    expect([0.00034, 1.25, 1250, 65_000, 7_500_000, 90_000_000].map(showSpan)).toEqual(['0.34 us', '1.25 ms', '1.25 s', '1 min 5 s', '2 h 5 min', '1 d 1 h']);
  });
  it('counts have separators', () => {
    expect([1, 1000, 1234567].map(showCount)).toEqual(['1', '1 000', '1 234 567']);
  });
});
