// Where something came from, or what came of it: a graph of causes with its evidence.

import { useState } from 'preact/hooks';
import * as api from '../api/client';
import { change, select, view } from '../state/app';
import { resource, valueOf } from '../state/resource';
import { computed } from '@preact/signals';
import { values } from '../state/filters';
import { Empty, Failure, Gaps, Unknown } from '../view/States';
import { counted, showTime, type Zone } from '../view/time';
import type { TraceAnswer, TraceEdge, TraceNode } from '../api/model';
import { lanes, nodeLabel, relationWords, story, type Link } from './model';

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
  computed(() => (start.value ? { start: start.value, direction: view.value.direction } : null)),
  ({ start, direction }, signal) => api.trace([...start, ['direction', direction]], signal),
);

const ROW = 26;
const NAMES = 300;
/** Room above for the times. */
const HEAD = 22;
const WIDTH = 560;
const EDGE = 24;

export function Trace() {
  const loaded = answer.loaded.value;
  const known = valueOf(loaded);
  const { zone, direction } = view.value;
  if (loaded.state === 'failed') return <Failure error={loaded.error} what="the trace" onRetry={answer.reload} />;
  if (!start.value) return <Empty words="Select a process, or filter by one path: this shows where it came from." />;
  if (!known) return <Empty loading={true} words="Following causes" />;
  return (
    <div class="trace" tabIndex={0} role="region" aria-label="Causes">
      <div class="lanes-note" role="status">
        <span>
          {direction === 'backward' ? 'What led to' : 'What came of'} <strong>{nodeLabel(known.nodes.find((node) => node.depth === 0))}</strong>
        </span>
        <button type="button" onClick={() => change({ direction: direction === 'backward' ? 'forward' : 'backward' })}>
          {direction === 'backward' ? 'What came of it?' : 'What led to it?'}
        </button>
        <span class="muted">{counted(known.nodes.length, 'node')}, {counted(known.edges.length, 'link')}</span>
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

/** A process is shown beside the graph, which stays; a file or an end is what is traced from then on. */
function go(node: TraceNode): void {
  if (node.kind === 'process') select(node.process?.id ?? node.id);
  else if (node.kind === 'file') change({ trace: `path:${node.path ?? ''}` });
  else change({ trace: `end:${node.ip ?? ''}:${node.port ?? 0}` });
}

function Graph({ known, zone }: { readonly known: TraceAnswer; readonly zone: Zone }) {
  const own = lanes(known);
  const [lit, setLit] = useState<Link | null>(null);
  const height = own.rows.length * ROW + HEAD + 4;
  const times = own.links.flatMap((link) => link.edge.first ?? []).sort();
  const x = (link: Link) => NAMES + EDGE + (link.at === null ? -EDGE / 2 : link.at * (WIDTH - 2 * EDGE));
  const y = (row: number) => row * ROW + ROW / 2 + HEAD;
  return (
    <svg class="graph" width={NAMES + WIDTH} height={height} viewBox={`0 0 ${NAMES + WIDTH} ${height}`} role="img" aria-label="Graph of causes; the list below has the same in words">
      {times.length > 0 && (
        <g class="graph-times">
          <text x={12} y={15}>in order of time, not to scale</text>
          <text x={NAMES + EDGE} y={15}>{showTime(times[0]!, zone, 3)}</text>
          <text x={NAMES + WIDTH - 8} y={15} text-anchor="end">{times.length > 1 ? showTime(times.at(-1)!, zone, 3) : ''}</text>
        </g>
      )}
      {own.rows.map((node, row) => (
        <g key={node.id} class={`node-row ${node.kind}${node.depth === 0 ? ' start' : ''}`} onClick={() => go(node)}>
          <rect x={0} y={row * ROW + HEAD} width={NAMES + WIDTH} height={ROW} />
          <text x={12} y={y(row) + 4}>
            <title>{nodeLabel(node)}</title>
            {{ process: '▸', file: '▤', endpoint: '⇄' }[node.kind]} {shortened(nodeLabel(node), node.process?.recorded === false ? 20 : 36)}
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
            <title>{`${words(link.edge, known)}${link.edge.first ? `\n${showTime(link.edge.first, zone, 9)}` : '\nbefore recording'}`}</title>
            <line x1={x(link)} x2={x(link)} y1={from} y2={to} />
            <circle cx={x(link)} cy={from} r={3} />
            <path d={`M${x(link) - 4},${to - 7 * down} L${x(link) + 4},${to - 7 * down} L${x(link)},${to} Z`} />
          </g>
        );
      })}
    </svg>
  );
}

/** The end of a path tells more than its beginning. */
function shortened(label: string, room: number): string {
  return label.length > room ? `${label.slice(0, Math.floor(room / 3))}…${label.slice(-(room - Math.floor(room / 3) - 1))}` : label;
}

function nodeOf(id: string, known: TraceAnswer): TraceNode | undefined {
  return known.nodes.find((node) => node.id === id);
}

function words(edge: TraceEdge, known: TraceAnswer): string {
  return `${nodeLabel(nodeOf(edge.from, known))} ${relationWords(edge)} ${nodeLabel(nodeOf(edge.to, known))}${times(edge)}`;
}

function times(edge: TraceEdge): string {
  return edge.count > 1 ? `, ${edge.count} times` : '';
}

/** A node by its name: what the graph has for a pointer, for keys and screen readers. */
function NodeButton({ node }: { readonly node: TraceNode | undefined }) {
  if (!node) return <Unknown />;
  return (
    <button type="button" class="value" title={node.kind === 'process' ? 'Show this process' : 'Trace from here'} onClick={() => go(node)}>
      {nodeLabel(node)}
    </button>
  );
}

function evidence(edge: TraceEdge): void {
  const [first] = edge.events;
  if (first !== undefined) change({ event: String(first), details: 'event' });
}

function Step({ edge, known, zone }: { readonly edge: TraceEdge; readonly known: TraceAnswer; readonly zone: Zone }) {
  return (
    <li>
      {edge.first === null ? <span class="unknown">before recording</span> : <time title={showTime(edge.first, zone, 9)}>{showTime(edge.first, zone, 3)}</time>} <NodeButton node={nodeOf(edge.from, known)} /> {relationWords(edge)} <NodeButton node={nodeOf(edge.to, known)} />
      {times(edge)}{' '}
      {edge.events.map((id) => (
        <button type="button" class="value" key={id} onClick={() => change({ event: String(id), details: 'event' })}>
          event {id}
        </button>
      ))}
    </li>
  );
}
