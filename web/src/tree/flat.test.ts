import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Process, TreeNode } from '../api/model';
import { above, find, fitsWords, flat, pinned } from './flat';

const process = (id: string): Process => ({ id, pid: id.length, comm: `c${id}`, user: 'root', images: [] }) as unknown as Process;
const { node } = fc.letrec<{ node: TreeNode }>((tie) => ({
  node: fc
    .tuple(fc.uuid(), fc.oneof({ depthSize: 'small' }, fc.constant([]), fc.array(tie('node'), { maxLength: 4 })))
    .map(([id, children]) => ({ process: process(id), children }) as TreeNode),
}));
const forest = fc.array(node, { maxLength: 6 });

describe('a tree that is searched', () => {
  it('shows what was found and what is above it, and nothing else', () => {
    fc.assert(
      fc.property(forest, fc.integer({ min: 1, max: 5 }), (roots, share) => {
        const all = flat(roots, new Set());
        const wanted = new Set(all.filter((_, at) => at % share === 0).map((line) => line.process.id));
        const { hits, kept } = find(roots, (own) => wanted.has(own.id));
        expect(hits).toEqual(wanted);
        const led = new Set(all.flatMap((line, at) => (wanted.has(line.process.id) ? [at, ...above(all, at, 99)] : [])).map((at) => all[at]!.process.id));
        expect(kept).toEqual(led);
        // Also what the reader had closed.
        const shown = flat(roots, new Set(all.map((line) => line.process.id)), kept);
        expect(new Set(shown.map((line) => line.process.id))).toEqual(kept);
      }),
    );
  });
  it('knows the ancestors of a line, each above the next', () => {
    fc.assert(
      fc.property(forest, (roots) => {
        const lines = flat(roots, new Set());
        lines.forEach((line, at) => {
          const own = above(lines, at, 99);
          expect(own.map((other) => lines[other]!.depth)).toEqual([...Array(line.depth).keys()]);
          expect(above(lines, at, 2)).toEqual(own.slice(-2));
        });
      }),
    );
  });
  it('pins what would stand higher, and nothing twice', () => {
    fc.assert(
      fc.property(forest, fc.double({ min: 0, max: 30, noNaN: true }), (roots, top) => {
        const lines = flat(roots, new Set());
        const own = pinned(lines, top, 3);
        own.forEach((at, place) => expect(at).toBeLessThan(top + place));
        expect(new Set(own).size).toBe(own.length);
        expect(pinned(lines, 0, 3)).toEqual([]);
      }),
    );
  });
  it('takes words for a pid, or for parts of names, programs and arguments', () => {
    const image = { executable: { path: '/usr/bin/Python3' }, interpreter: null, argv0: 'python3', args: ['-c', 'import socket'] };
    const own = { ...process('abc'), pid: 42, user: 'www-data', container: null, images: [image] } as unknown as Process;
    for (const words of [['42'], ['python'], ['SOCKET', 'www'], []]) expect(fitsWords(words)(own)).toBe(true);
    for (const words of [['4'], ['python', 'perl'], ['root']]) expect(fitsWords(words)(own)).toBe(false);
  });
});
