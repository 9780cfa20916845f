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

/** Lines of all nodes whose parents are open, in preorder. */
export function flat(roots: readonly TreeNode[], closed: ReadonlySet<string>): TreeLine[] {
  const out: TreeLine[] = [];
  const stack: { readonly nodes: readonly TreeNode[]; next: number }[] = [{ nodes: roots, next: 0 }];
  for (let level = stack.at(-1); level; level = stack.at(-1)) {
    const node = level.nodes[level.next++];
    if (!node) {
      stack.pop();
      continue;
    }
    const open = !closed.has(node.process.id);
    out.push({
      process: node.process,
      depth: stack.length - 1,
      children: node.children.length,
      open,
      cut: node.cut?.processes ?? 0,
      place: level.next,
      of: level.nodes.length,
    });
    if (open && node.children.length > 0) stack.push({ nodes: node.children, next: 0 });
  }
  return out;
}
