import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { clamp, length, pan, SHORTEST, ticks, toTime, toX, zoom, type Span } from './scale';

const BOUNDS: Span = { from: 1_700_000_000_000, to: 1_700_000_600_000 };
const inside = fc
  .tuple(fc.double({ min: 0, max: 599_000, noNaN: true }), fc.double({ min: 1, max: 600_000, noNaN: true }))
  .map(([from, long]) => clamp({ from: BOUNDS.from + from, to: BOUNDS.from + from + long }, BOUNDS));

describe('the time scale', () => {
  it('leads from a time to a pixel and back', () => {
    fc.assert(
      fc.property(inside, fc.double({ min: 0, max: 1200, noNaN: true }), (span, x) => {
        expect(toX(span, 1200, toTime(span, 1200, x))).toBeCloseTo(x, 0);
      }),
    );
  });
  it('never leaves the bounds, whatever is done', () => {
    const steps = fc.array(fc.oneof(
      fc.record({ factor: fc.double({ min: 0.01, max: 100, noNaN: true }), x: fc.double({ min: 0, max: 1200, noNaN: true }) }),
      fc.record({ share: fc.double({ min: -5, max: 5, noNaN: true }) }),
    ), { maxLength: 30 });
    fc.assert(
      fc.property(steps, (all) => {
        let span = BOUNDS;
        for (const step of all) {
          span = 'share' in step ? pan(span, BOUNDS, step.share) : zoom(span, BOUNDS, 1200, step.x, step.factor);
          expect(span.from).toBeGreaterThanOrEqual(BOUNDS.from);
          expect(span.to).toBeLessThanOrEqual(BOUNDS.to + 0.001);
          expect(length(span)).toBeGreaterThanOrEqual(SHORTEST * 0.9);
        }
      }),
    );
  });
  it('keeps what is under the pointer there while it zooms inside the bounds', () => {
    const span = { from: BOUNDS.from + 200_000, to: BOUNDS.from + 300_000 };
    const before = toTime(span, 1000, 250);
    expect(toTime(zoom(span, BOUNDS, 1000, 250, 0.5), 1000, 250)).toBeCloseTo(before, 3);
  });
  it('has ticks at round times that are not too near each other', () => {
    fc.assert(
      fc.property(inside, (span) => {
        const { times, step } = ticks(span, 1000, 100);
        expect(times.length).toBeLessThanOrEqual(11);
        for (const time of times) {
          expect(time).toBeGreaterThanOrEqual(span.from - step / 1000);
          expect(time).toBeLessThanOrEqual(span.to + step / 1000);
        }
      }),
    );
    expect(ticks({ from: 0, to: 10_000 }, 1000, 100).times).toEqual([0, 1000, 2000, 3000, 4000, 5000, 6000, 7000, 8000, 9000, 10_000]);
  });
});
