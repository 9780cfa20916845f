// Where something came from, or what came of it: a graph of causes with its evidence.

import { useState } from 'preact/hooks';
import * as api from '../api/client';
import { change, view } from '../state/app';
import { resource, valueOf } from '../state/resource';
import { computed, signal } from '@preact/signals';
import { values } from '../state/filters';
import { Empty, Failure, Gaps } from '../view/States';
import { showTime, type Zone } from '../view/time';
import type { TraceAnswer, TraceEdge, TraceNode } from '../api/model';
import { lanes, nodeLabel, relationWords, story, type Link } from './model';

type Direction = 'backward' | 'forward';
const direction = signal<Direction>('backward');

/** What is traced: what the address names, else the selected process, else a path or an end that is a filter. */
const start = computed<[string, string][] | null>(() => {
  const { pane, trace, process, filters } = view.value;
  if (pane !== 'trace') return null;
  const named = trace === null ? undefined : /^(path|process):(.+)$/s.exec(trace);
  const end = trace === null ? undefined : /^end:(.+):(\d+)$/.exec(trace);
  if (named) return [[named[1]!, named[2]!]];
  if (end) return [['ip', end[1]!], ['port', end[2]!]];
  const [path] = values(filters, 'path');
  if (process !== null) return [['process', process]];
  if (path !== undefined && !path.includes('*')) return [['path', path]];
  return null;
});

const answer = resource(
  computed(() => (start.value ? { start: start.value, direction: direction.value } : null)),
  ({ start, direction }, signal) => api.trace([...start, ['direction', direction]], signal),
);

const ROW = 26;
const NAMES = 300;
const WIDTH = 560;
const EDGE = 24;

export function Trace() {
  const loaded = answer.loaded.value;
  const known = valueOf(loaded);
  const { zone } = view.value;
  if (loaded.state === 'failed') return <Failure error={loaded.error} what="the trace" onRetry={answer.reload} />;
  if (!start.value) return <Empty words="Select a process, or filter by one path: this shows where it came from." />;
  if (!known) return <Empty loading={true} words="Following causes" />;
  return (
    <div class="trace" tabIndex={0} role="region" aria-label="Causes">
      <div class="lanes-note" role="status">
        <span>
          {direction.value === 'backward' ? 'What led to' : 'What came of'} <strong>{nodeLabel(known.nodes.find((node) => node.depth === 0))}</strong>
        </span>
        <button type="button" onClick={() => (direction.value = direction.value === 'backward' ? 'forward' : 'backward')}>
          {direction.value === 'backward' ? 'What came of it?' : 'What led to it?'}
        </button>
        <span class="muted">{known.nodes.length} nodes, {known.edges.length} links</span>
        {known.cut.length > 0 && <Cut known={known} />}
        <Gaps gaps={known.gaps} zone={zone} />
      </div>
      <Graph known={known} zone={zone} />
      <ol class="story" aria-label="The links in order of time">
        {story(known).map((edge) => (
          <Step key={`${edge.from} ${edge.relation} ${edge.to} ${edge.how.join()}`} edge={edge} known={known} zone={zone} />
        ))}
      </ol>
    </div>
  );
}

/** What was left out, by which bound. */
function Cut({ known }: { readonly known: TraceAnswer }) {
  return (
    <details class="gaps">
      <summary>left out: {known.cut.length} {known.cut.length === 1 ? 'thing' : 'things'}</summary>
      <ul>
        {known.cut.map((cut, index) => (
          <li key={index}>
            {nodeLabel(known.nodes.find((node) => node.id === cut.node))}: bound {cut.bound}
            {cut.relation ? `, ${cut.relation}` : ''}
            {cut.left_out ? `, ${cut.left_out} left out` : ''}
          </li>
        ))}
      </ul>
    </details>
  );
}

function go(node: TraceNode): void {
  if (node.kind === 'process') change({ process: node.process?.id ?? node.id, event: null });
  else if (node.kind === 'file') change({ trace: `path:${node.path ?? ''}` });
  else change({ trace: `end:${node.ip ?? ''}:${node.port ?? 0}` });
}

function Graph({ known, zone }: { readonly known: TraceAnswer; readonly zone: Zone }) {
  const own = lanes(known);
  const [lit, setLit] = useState<Link | null>(null);
  const height = own.rows.length * ROW + 8;
  const x = (link: Link) => NAMES + EDGE + (link.at === null ? -EDGE / 2 : link.at * (WIDTH - 2 * EDGE));
  const y = (row: number) => row * ROW + ROW / 2 + 4;
  return (
    <svg class="graph" width={NAMES + WIDTH} height={height} viewBox={`0 0 ${NAMES + WIDTH} ${height}`} role="img" aria-label="Graph of causes; the list below has the same in words">
      {own.rows.map((node, row) => (
        <g key={node.id} class={`node-row ${node.kind}${node.depth === 0 ? ' start' : ''}`} onClick={() => go(node)}>
          <rect x={0} y={row * ROW + 4} width={NAMES + WIDTH} height={ROW} />
          <text x={12} y={y(row) + 4}>
            {{ process: '▸', file: '▤', endpoint: '⇄' }[node.kind]} {shortened(nodeLabel(node))}
            {node.process?.recorded === false ? ' (not recorded)' : ''}
          </text>
          <line x1={NAMES} x2={NAMES + WIDTH} y1={y(row)} y2={y(row)} />
        </g>
      ))}
      {own.links.map((link, index) => {
        const [from, to] = [y(link.from), y(link.to)];
        const down = to > from ? 1 : -1;
        return (
          <g key={index} class={`link ${link.edge.relation}${lit === link ? ' lit' : ''}`} onMouseEnter={() => setLit(link)} onMouseLeave={() => setLit(null)} onClick={() => evidence(link.edge)}>
            <title>{`${words(link.edge, known)}${link.edge.first ? `\n${showTime(link.edge.first, zone, 6)}` : '\nbefore recording'}`}</title>
            <line x1={x(link)} x2={x(link)} y1={from} y2={to} />
            <circle cx={x(link)} cy={from} r={3} />
            <path d={`M${x(link) - 4},${to - 7 * down} L${x(link) + 4},${to - 7 * down} L${x(link)},${to} Z`} />
          </g>
        );
      })}
    </svg>
  );
}

function shortened(label: string): string {
  return label.length > 40 ? `${label.slice(0, 14)}…${label.slice(-25)}` : label;
}

function words(edge: TraceEdge, known: TraceAnswer): string {
  const label = (id: string) => nodeLabel(known.nodes.find((node) => node.id === id));
  return `${label(edge.from)} ${relationWords(edge)} ${label(edge.to)}${edge.count > 1 ? `, ${edge.count} times` : ''}`;
}

function evidence(edge: TraceEdge): void {
  const [first] = edge.events;
  if (first !== undefined) change({ event: String(first) });
}

function Step({ edge, known, zone }: { readonly edge: TraceEdge; readonly known: TraceAnswer; readonly zone: Zone }) {
  return (
    <li>
      {edge.first === null ? <span class="unknown">before recording</span> : <time title={showTime(edge.first, zone, 9)}>{showTime(edge.first, zone, 3)}</time>} {words(edge, known)}{' '}
      {edge.events.map((id) => (
        <button type="button" class="value" key={id} onClick={() => change({ event: String(id) })}>
          event {id}
        </button>
      ))}
    </li>
  );
}
