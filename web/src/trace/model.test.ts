import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { TraceAnswer, TraceEdge } from '../api/model';
import { lanes, nodeLabel, relationWords, story } from './model';

const edge = (from: string, to: string, relation: TraceEdge['relation'], first: string | null): TraceEdge => ({ from, to, relation, how: [], first, last: first, count: 1, events: [1] });
const answer: TraceAnswer = {
  direction: 'backward',
  since: null,
  until: null,
  start: ['f'],
  complete: true,
  gaps: [],
  left_out: [],
  cut: [],
  nodes: [
    { id: 'f', depth: 0, kind: 'file', path: '/etc/cron.d/x' },
    { id: 'p', depth: 1, kind: 'process', process: { id: 'p', recorded: true, pid: 7, comm: 'sh' } },
    { id: 'e', depth: 2, kind: 'endpoint', ip: '::1', port: 443 },
  ],
  edges: [edge('p', 'f', 'wrote', '2026-01-01T00:00:02Z'), edge('p', 'e', 'connected', '2026-01-01T00:00:01Z'), edge('p', 'gone', 'started', null)],
};

describe('the graph of causes', () => {
  it('has a row a node, the start first, and links at their times', () => {
    const own = lanes(answer);
    expect(own.rows.map((node) => node.id)).toEqual(['f', 'p', 'e']);
    expect(own.links.map((link) => [link.from, link.to, link.at])).toEqual([
      [1, 0, 1],
      [1, 2, 0],
    ]);
  });
  it('is told in order, in words', () => {
    expect(story(answer).map((one) => one.relation)).toEqual(['started', 'connected', 'wrote']);
    expect(answer.nodes.map(nodeLabel)).toEqual(['/etc/cron.d/x', 'sh 7', '[::1]:443']);
    expect(relationWords({ ...answer.edges[0]!, how: ['in_progress'] })).toBe('wrote (in progress)');
  });
  it('stands any graph', () => {
    const id = fc.integer({ min: 0, max: 12 }).map(String);
    fc.assert(
      fc.property(fc.uniqueArray(id), fc.array(fc.tuple(id, id)), (ids, pairs) => {
        const own = lanes({ ...answer, nodes: ids.map((one, at) => ({ id: one, depth: at, kind: 'file' })), edges: pairs.map(([from, to]) => edge(from, to, 'wrote', null)) });
        expect(own.rows.length).toBe(ids.length);
        for (const link of own.links) expect(Math.max(link.from, link.to)).toBeLessThan(own.rows.length);
      }),
    );
  });
});
