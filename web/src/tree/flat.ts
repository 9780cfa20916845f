// A tree of processes as lines: what is open, in order, with what a screen reader has to know of each.

import type { Process, TreeNode } from '../api/model';

export interface TreeLine {
  readonly process: Process;
  readonly depth: number;
  readonly children: number;
  readonly open: boolean;
  /** Processes below that the API left out. */
  readonly cut: number;
  readonly place: number;
  readonly of: number;
}

/**
 * Lines of all nodes whose parents are open, in preorder. With `kept`, only of these; what is kept is open, or one would
 * not see why.
 */
export function flat(roots: readonly TreeNode[], closed: ReadonlySet<string>, kept: ReadonlySet<string> | null = null): TreeLine[] {
  const out: TreeLine[] = [];
  const chosen = (nodes: readonly TreeNode[]) => (kept ? nodes.filter((node) => kept.has(node.process.id)) : nodes);
  const stack: { readonly nodes: readonly TreeNode[]; next: number }[] = [{ nodes: chosen(roots), next: 0 }];
  for (let level = stack.at(-1); level; level = stack.at(-1)) {
    const node = level.nodes[level.next++];
    if (!node) {
      stack.pop();
      continue;
    }
    const children = chosen(node.children);
    const open = kept !== null || !closed.has(node.process.id);
    out.push({
      process: node.process,
      depth: stack.length - 1,
      children: children.length,
      open,
      cut: node.cut?.processes ?? 0,
      place: level.next,
      of: level.nodes.length,
    });
    if (open && children.length > 0) stack.push({ nodes: children, next: 0 });
  }
  return out;
}

/** What was found in a tree. */
export interface Found {
  readonly hits: ReadonlySet<string>;
  /** Hits and their ancestors. */
  readonly kept: ReadonlySet<string>;
}

/** The processes that fit, and those above them. */
export function find(roots: readonly TreeNode[], fits: (process: Process) => boolean): Found {
  const hits = new Set<string>();
  const kept = new Set<string>();
  // A stack and no recursion: see `flat`.
  const stack: { readonly nodes: readonly TreeNode[]; next: number }[] = [{ nodes: roots, next: 0 }];
  for (let level = stack.at(-1); level; level = stack.at(-1)) {
    const node = level.nodes[level.next++];
    if (!node) {
      stack.pop();
      continue;
    }
    stack.push({ nodes: node.children, next: 0 });
    if (!fits(node.process)) continue;
    hits.add(node.process.id);
    for (const above of stack) {
      const own = above.nodes[above.next - 1];
      if (own) kept.add(own.process.id);
    }
  }
  return { hits, kept };
}

/** Whether a process has all words in its pid, name, user, container, programs or arguments. Case does not count. */
export function fitsWords(words: readonly string[]): (process: Process) => boolean {
  const wanted = words.map((word) => word.toLowerCase());
  return (process) => {
    const texts = [process.comm, process.user, process.container, ...process.images.flatMap((image) => [image.executable?.path, image.interpreter?.path, image.argv0, ...(image.args ?? [])])];
    const all = texts.filter((text) => typeof text === 'string').join('\n').toLowerCase();
    return wanted.every((word) => String(process.pid) === word || all.includes(word));
  };
}

/** Ancestors of a line, the oldest first, at most so many of the nearest. */
export function above(lines: readonly TreeLine[], at: number, most: number): number[] {
  const out: number[] = [];
  let depth = lines[at]?.depth ?? 0;
  for (let other = at - 1; other >= 0 && depth > 0; other--) {
    if (lines[other]!.depth < depth) {
      depth = lines[other]!.depth;
      out.unshift(other);
    }
  }
  return out.slice(-most);
}

/** Ancestors that are pinned on top: of the first line below them, those that would stand higher. `top` is in lines. */
export function pinned(lines: readonly TreeLine[], top: number, most: number): number[] {
  const first = Math.min(Math.ceil(top) + most, lines.length - 1);
  return above(lines, first, most).filter((at, place) => at < top + place);
}
