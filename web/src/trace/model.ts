// What `/trace` answers, and how its graph stands as lanes: a row a node, time from left to right.

import type { TraceAnswer, TraceEdge, TraceNode } from '../api/model';
import { parseTime } from '../view/time';

export function nodeLabel(node: TraceNode | undefined): string {
  if (!node) return '?';
  if (node.kind === 'process') return `${node.process?.comm ?? '?'} ${node.process?.pid ?? ''}`.trim();
  if (node.kind === 'file') return node.path ?? '?';
  return `${node.ip?.includes(':') ? `[${node.ip}]` : node.ip}:${node.port}`;
}

const WORDS: Readonly<Record<string, string>> = {
  wrote: 'wrote',
  read: 'read',
  changed: 'changed',
  removed: 'removed',
  renamed: 'renamed',
  linked: 'linked',
  became: 'became',
  same_file: 'is the same file as',
  executed: 'executed',
  started: 'started',
  connected: 'connected to',
  accepted: 'accepted',
};

export function relationWords(edge: TraceEdge): string {
  const how = edge.how.length > 0 ? ` (${edge.how.join(', ').replaceAll('_', ' ')})` : '';
  return `${WORDS[edge.relation] ?? edge.relation}${how}`;
}

/** A link between two rows; no time: it was so before anything was recorded. */
export interface Link {
  readonly edge: TraceEdge;
  readonly from: number;
  readonly to: number;
  /**
   * Place in the order of time, 0 to 1; null without a time. By order and not by distance: causes lie hours apart or
   * microseconds, and both must be seen.
   */
  readonly at: number | null;
}

export interface Lanes {
  readonly rows: readonly TraceNode[];
  readonly links: readonly Link[];
}

/** Rows so that what is connected stands near: from the start along the edges, the latest first. */
export function lanes(answer: TraceAnswer): Lanes {
  const nodes = new Map(answer.nodes.map((node) => [node.id, node]));
  const edges = answer.edges.filter((edge) => nodes.has(edge.from) && nodes.has(edge.to));
  const beside = new Map<string, TraceEdge[]>();
  for (const edge of edges) {
    for (const id of [edge.from, edge.to]) beside.set(id, [...(beside.get(id) ?? []), edge]);
  }
  const time = (edge: TraceEdge) => (edge.first === null ? -Infinity : parseTime(edge.first));
  const row = new Map<string, number>();
  const starts = [...answer.nodes].sort((one, other) => one.depth - other.depth).map((node) => node.id);
  for (const start of starts) {
    const open = [start];
    for (let id = open.pop(); id !== undefined; id = open.pop()) {
      if (row.has(id)) continue;
      row.set(id, row.size);
      const next = [...(beside.get(id) ?? [])].sort((one, other) => time(one) - time(other));
      open.push(...next.map((edge) => (edge.from === id ? edge.to : edge.from)).filter((other) => !row.has(other)));
    }
  }
  const times = [...new Set(edges.map(time).filter(Number.isFinite))].sort((one, other) => one - other);
  const place = (edge: TraceEdge) => {
    const own = times.indexOf(time(edge));
    if (own < 0) return null;
    return times.length > 1 ? own / (times.length - 1) : 0.5;
  };
  return {
    rows: [...row.keys()].map((id) => nodes.get(id)!),
    links: edges.map((edge) => ({ edge, from: row.get(edge.from)!, to: row.get(edge.to)!, at: place(edge) })),
  };
}

/** Edges in the order in which they happened; what has no time came before. */
export function story(answer: TraceAnswer): TraceEdge[] {
  return [...answer.edges].sort((one, other) => (one.first ?? '').localeCompare(other.first ?? ''));
}
