// Which row each process stands in: below its parent, as few rows as possible, the same at every zoom.

import type { Ms } from '../view/time';

/** What the layout needs of a process. */
export interface Life {
  readonly id: string;
  readonly parent: string | null;
  readonly start: Ms;
  /** Infinity while it lives. */
  readonly end: Ms;
}

/** Where a process stands. */
export interface Place {
  readonly row: number;
  /** Steps below a root. */
  readonly depth: number;
}

export interface Layout {
  readonly places: ReadonlyMap<string, Place>;
  readonly rows: number;
  /** For each row the indexes of its processes, by start. */
  readonly byRow: readonly (readonly number[])[];
}

interface Tree {
  readonly roots: number[];
  readonly children: number[][];
}

/** Parents and children among the given processes, by start; a parent that is not among them makes a root. */
export function forest(lives: readonly Life[]): Tree {
  const index = new Map(lives.map((life, at) => [life.id, at]));
  const children: number[][] = lives.map(() => []);
  const roots: number[] = [];
  lives.forEach((life, at) => {
    const parent = life.parent === null ? undefined : index.get(life.parent);
    // A process that is its own ancestor would never be reached; the API has none, a broken store might.
    if (parent === undefined || parent === at || isBelow(lives, index, parent, at)) roots.push(at);
    else children[parent]!.push(at);
  });
  const byStart = (one: number, other: number) => lives[one]!.start - lives[other]!.start || one - other;
  roots.sort(byStart);
  for (const list of children) list.sort(byStart);
  return { roots, children };
}

/** Whether following parents from `from` leads to `target`, which closes a circle. */
function isBelow(lives: readonly Life[], index: ReadonlyMap<string, number>, from: number, target: number): boolean {
  // A parent began before its child: only a process that claims otherwise has to be followed.
  let at: number | undefined = from;
  for (let steps = 0; at !== undefined && steps <= lives.length; steps++) {
    if (at === target) return true;
    const life: Life = lives[at]!;
    if (life.start < lives[target]!.start) return false;
    at = life.parent === null ? undefined : index.get(life.parent);
  }
  return false;
}

/**
 * Rows in preorder. A process with children has a row of its own; those without share rows with siblings that ended
 * before they began.
 */
export function layout(lives: readonly Life[]): Layout {
  const { roots, children } = forest(lives);
  const places = new Map<string, Place>();
  const byRow: number[][] = [];
  const put = (at: number, row: number, depth: number) => {
    places.set(lives[at]!.id, { row, depth });
    (byRow[row] ??= []).push(at);
  };
  // A stack and no recursion: chains of processes can be deeper than the engine's stack.
  const open: { readonly nodes: readonly number[]; next: number; readonly depth: number; free: { row: number; end: Ms }[] }[] = [
    { nodes: roots, next: 0, depth: 0, free: [] },
  ];
  let rows = 0;
  for (let level = open.at(-1); level; level = open.at(-1)) {
    const at = level.nodes[level.next++];
    if (at === undefined) {
      open.pop();
      continue;
    }
    const life = lives[at]!;
    if (children[at]!.length > 0) {
      put(at, rows++, level.depth);
      open.push({ nodes: children[at]!, next: 0, depth: level.depth + 1, free: [] });
      continue;
    }
    const shared = level.free.find((row) => row.end <= life.start);
    if (shared) {
      put(at, shared.row, level.depth);
      shared.end = life.end;
    } else {
      put(at, rows, level.depth);
      level.free.push({ row: rows++, end: life.end });
      // Only the newest rows are tried again: a search that stays short, at the price of a row now and then.
      if (level.free.length > TRIED) level.free.shift();
    }
  }
  return { places, rows, byRow };
}

/** Rows of one parent that are looked through for room. */
const TRIED = 64;
