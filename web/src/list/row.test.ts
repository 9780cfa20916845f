import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { merged, type Row } from './row';

const line = (id: number): Row => ({ id: String(id), process: '', date: '', name: '', category: '', outcome: '', errno: '', pid: '', comm: '', user: '', what: '', cut: false });
const ids = fc.uniqueArray(fc.nat({ max: 2000 }), { maxLength: 40 }).map((all) => all.sort((one, other) => one - other));

describe('lines from two answers', () => {
  it('are one list in order, each event once', () => {
    fc.assert(
      fc.property(ids, ids, (one, other) => {
        const both = merged(one.map(line), other.map(line)).map((own) => Number(own.id));
        expect(both).toEqual([...new Set([...one, ...other])].sort((a, b) => a - b));
      }),
    );
  });
});
