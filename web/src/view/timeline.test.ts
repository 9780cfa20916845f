import { describe, expect, it } from 'vitest';
import { gapText, hatches, stacks } from './timeline';
import { visible } from '../list/visible';
import { row } from '../list/row';
import { flat } from '../tree/flat';
import type { Gap, TreeNode } from '../api/model';

const gap: Gap = { from: '2026-01-01T00:00:01Z', to: '2026-01-01T00:00:01Z', class: 'file', lost: 1200, reason: 'ring_full' };

describe('the histogram', () => {
  it('stacks counts in one order and loses none', () => {
    const own = stacks({
      buckets: [
        { from: '2026-01-01T00:00:00Z', to: '2026-01-01T00:00:01Z', counts: { 'File Activity': 3, 'Process Activity': 1 } },
        { from: '2026-01-01T00:00:01Z', to: '2026-01-01T00:00:02Z', counts: { Other: 2 } },
      ],
    });
    expect(own.total).toBe(6);
    expect(own.names.at(-1)).toBe('Other');
    expect(own.sums.map((series) => series[0])).toEqual([1, 4, 4, 4, 4]);
    expect(own.most).toBe(4);
  });
  it('hatches gaps of no length so that they are seen, and none that are elsewhere', () => {
    const from = Date.UTC(2026, 0, 1);
    expect(hatches([gap], { from, to: from + 10_000 }, 50)).toMatchObject([{ from: from + 1000, to: from + 1050 }]);
    expect(hatches([gap], { from: from + 5000, to: from + 10_000 }, 50)).toEqual([]);
    expect(gapText(gap)).toBe('1 200 events of class file missing: a ring was full');
    expect(gapText({ ...gap, lost: null, class: 'all', reason: 'new_reason' })).toBe('an unknown number of events missing: new_reason');
  });
});

describe('lists', () => {
  it('draw only what is in sight', () => {
    expect(visible(0, 220, 22, 5000)).toEqual({ first: 0, last: 18 });
    expect(visible(22_000, 220, 22, 5000)).toEqual({ first: 992, last: 1018 });
    expect(visible(0, 220, 22, 0)).toEqual({ first: 0, last: 0 });
  });
  it('show an event of any shape', () => {
    for (const event of [{}, { evt: 3, process: [], tacho: 'x' }, { evt: { name: 'rename' }, file: null }] as never[]) {
      expect(row(event).what).toBeTypeOf('string');
    }
    expect(
      row({ date: '2026-01-01T00:00:00Z', evt: { name: 'exec', category: 'Process Activity', outcome: 'Success' }, process: { pid: 7, comm: 'sh', executable: { path: '/bin/sh' }, args: ['-c', 'id'] }, tacho: { id: 12, process_id: 'ab' } }),
    ).toMatchObject({ id: '12', process: 'ab', pid: '7', what: '/bin/sh -c id' });
  });
  it('open and close a tree', () => {
    const node = (id: string, children: TreeNode[] = []): TreeNode => ({
      process: { id, pid: 1, ppid: 0, parent_id: null, parent: 'none', start: null, images: [], exit: null, source: 'event' },
      children,
    });
    const roots = [node('a', [node('b', [node('c')]), node('d')])];
    expect(flat(roots, new Set()).map((line) => [line.process.id, line.depth])).toEqual([['a', 0], ['b', 1], ['c', 2], ['d', 1]]);
    expect(flat(roots, new Set(['b'])).map((line) => line.process.id)).toEqual(['a', 'b', 'd']);
  });
});
