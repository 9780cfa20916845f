import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Process } from '../api/model';
import { badges, HUES, hue, withAncestors, type Bar } from './bars';
import { forest, layout, type Life } from './layout';
import { pick, step } from './pick';

/** Any processes: parents before or after, missing, or in a circle. */
const lives = fc.array(fc.record({ parent: fc.integer({ min: -2, max: 30 }), start: fc.integer({ min: 0, max: 100 }), long: fc.integer({ min: 0, max: 50 }), alive: fc.boolean() }), { maxLength: 30 }).map((all) =>
  all.map((one, at): Life => ({
    id: `p${at}`,
    parent: one.parent < 0 ? null : `p${one.parent}`,
    start: one.start,
    end: one.alive ? Infinity : one.start + one.long,
  })),
);

describe('the layout of lanes', () => {
  it('gives every process one place, and no two that overlap the same row', () => {
    fc.assert(
      fc.property(lives, (all) => {
        const { places, rows, byRow } = layout(all);
        expect(places.size).toBe(all.length);
        expect(byRow.flat().length).toBe(all.length);
        expect(byRow.length).toBe(rows);
        for (const row of byRow) {
          const own = row.map((at) => all[at]!).sort((one, other) => one.start - other.start);
          for (let at = 1; at < own.length; at++) expect(own[at - 1]!.end).toBeLessThanOrEqual(own[at]!.start);
        }
      }),
    );
  });
  it('puts children below their parents', () => {
    fc.assert(
      fc.property(lives, (all) => {
        const { places } = layout(all);
        const { children } = forest(all);
        children.forEach((list, at) => {
          for (const child of list) {
            expect(places.get(all[child]!.id)!.row).toBeGreaterThan(places.get(all[at]!.id)!.row);
            expect(places.get(all[child]!.id)!.depth).toBe(places.get(all[at]!.id)!.depth + 1);
          }
        });
      }),
    );
  });
  it('shares a row among siblings that follow each other', () => {
    const all: Life[] = [{ id: 'make', parent: null, start: 0, end: 100 }];
    for (let at = 0; at < 1000; at++) all.push({ id: `cc${at}`, parent: 'make', start: at, end: at + 1 });
    expect(layout(all).rows).toBe(2);
  });
  it('stands a chain as deep as pids go', () => {
    const all = Array.from({ length: 40_000 }, (_, at): Life => ({ id: `${at}`, parent: at === 0 ? null : `${at - 1}`, start: at, end: Infinity }));
    expect(layout(all).rows).toBe(40_000);
  });
});

describe('finding a bar', () => {
  const all: Life[] = [
    { id: 'a', parent: null, start: 0, end: 100 },
    { id: 'b', parent: 'a', start: 10, end: 10.001 },
    { id: 'c', parent: 'a', start: 50, end: 60 },
  ];
  const placed = layout(all);
  it('hits what is too thin to be hit', () => {
    expect(pick(all, placed, { from: 0, to: 100 }, 1000, 1, 103)).toBe(1);
    expect(pick(all, placed, { from: 0, to: 100 }, 1000, 1, 130)).toBeUndefined();
    expect(pick(all, placed, { from: 0, to: 100 }, 1000, 7, 103)).toBeUndefined();
  });
  it('goes by keys from bar to bar', () => {
    expect(step(all, placed, undefined, 'down')).toBe('a');
    expect(step(all, placed, 'a', 'down')).toBe('b');
    expect(step(all, placed, 'b', 'right')).toBe('c');
    expect(step(all, placed, 'c', 'parent')).toBe('a');
    expect(step(all, placed, 'a', 'child')).toBe('b');
    expect(step(all, placed, 'c', 'right')).toBeUndefined();
  });
});

describe('colours', () => {
  it('are those of the style sheet, whatever the name', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (name) => {
        expect(hue(name)).toBeGreaterThanOrEqual(0);
        expect(hue(name)).toBeLessThan(HUES);
      }),
    );
  });
});

describe('only some processes', () => {
  it('come with those above them, and without others', () => {
    fc.assert(
      fc.property(lives, fc.array(fc.integer({ min: 0, max: 30 })), (all, chosen) => {
        const ids = new Set(chosen.map((at) => `p${at}`));
        const kept = new Set(withAncestors(all as unknown as Bar[], ids).map((own) => own.id));
        for (const { id, parent } of all) {
          if (ids.has(id)) expect(kept.has(id)).toBe(true);
          if (kept.has(id) && parent !== null && all.some((own) => own.id === parent)) expect(kept.has(parent)).toBe(true);
          if (kept.has(id) && !ids.has(id)) expect(all.some((own) => own.parent === id && kept.has(own.id))).toBe(true);
        }
      }),
    );
  });
});

describe('marks', () => {
  const image = (exec_time: string, uid: number, mode: number) => ({ exec_time, comm: 'x', uid, user: '', executable: { path: '/x', mode }, interpreter: null, argv0: '', args: [], args_truncated: false });
  const process = (images: ReturnType<typeof image>[]): Process =>
    ({ id: 'a', pid: 2, ppid: 1, parent_id: 'b', parent: 'recorded', start: '2026-01-01T00:00:01Z', images, exit: null, source: 'event', uid: 33 }) as unknown as Process;
  it('are not inherited from the image of the parent', () => {
    const inherited = image('2026-01-01T00:00:00Z', 0, 0o104755);
    expect(badges(process([inherited, image('2026-01-01T00:00:02Z', 33, 0o100755)])).map((mark) => mark.letter)).toEqual([]);
    expect(badges(process([image('2026-01-01T00:00:02Z', 0, 0o104755)])).map((mark) => mark.letter)).toEqual(['S', 'U']);
  });
  it('tell what is worth a second look: script, container, end, parent', () => {
    const own = { ...process([{ ...image('2026-01-01T00:00:02Z', 33, 0o100755), interpreter: { path: '/bin/sh' } } as unknown as ReturnType<typeof image>]), container: 'abc', parent: 'unknown' } as Process;
    const letters = (exit: object | null) => badges({ ...own, exit } as Process).map((mark) => mark.letter).join('');
    expect(letters(null)).toBe('#C?');
    expect(letters({ time: '2026-01-01T00:00:03Z', cause: 'EXITED', code: 0 })).toBe('#C?');
    expect(letters({ time: '2026-01-01T00:00:03Z', cause: 'EXITED', code: 1 })).toBe('#C!?');
    expect(letters({ time: '2026-01-01T00:00:03Z', cause: 'SIGNALED', code: 9 })).toBe('#CK?');
    expect(letters({ time: '2026-01-01T00:00:03Z', cause: null, code: null })).toBe('#C?');
  });
});
