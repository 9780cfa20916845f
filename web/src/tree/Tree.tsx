// The process tree of the span, or of an instant.

import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { badges, ending } from '../lanes/bars';
import { commandLine, exit } from '../list/what';
import { useHeight } from '../list/useHeight';
import { visible } from '../list/visible';
import { change, onlySubtree, span, tree, view } from '../state/app';
import { valueOf } from '../state/resource';
import { Empty, Failure, Gaps } from '../view/States';
import { formatTime, parseTime, showTime } from '../view/time';
import { flat, type TreeLine } from './flat';
import type { Json } from '../api/model';

const LINE = 22;
/** Pixels that a step of depth takes, and depth after which nothing moves further to the right. */
const STEP = 16;
const DEEPEST = 24;

export function Tree() {
  const loaded = tree.loaded.value;
  const answer = valueOf(loaded);
  const { at, zone, process: selected } = view.value;
  const [closed, setClosed] = useState<ReadonlySet<string>>(new Set());
  const [top, setTop] = useState(0);
  const scroller = useRef<HTMLDivElement>(null);
  const lines = useMemo(() => flat(answer?.roots ?? [], closed), [answer, closed]);

  const height = useHeight(scroller, answer !== undefined);

  const reveal = (index: number) => {
    const element = scroller.current;
    if (!element || index < 0) return;
    if (index * LINE < element.scrollTop || (index + 1) * LINE > element.scrollTop + element.clientHeight) {
      element.scrollTop = Math.max(0, index * LINE - element.clientHeight / 2);
    }
  };
  useEffect(() => reveal(lines.findIndex((line) => line.process.id === selected)), [selected, lines]);

  if (loaded.state === 'failed') return <Failure error={loaded.error} what="the process tree" onRetry={tree.reload} />;
  if (!answer) return <Empty loading={true} words="Asking for the tree" />;
  const toggle = (id: string, open: boolean) => {
    const next = new Set(closed);
    if (open) next.delete(id);
    else next.add(id);
    setClosed(next);
  };
  const keys = (event: KeyboardEvent) => {
    const here = lines.findIndex((line) => line.process.id === selected);
    const line = lines[here];
    const go = (index: number) => {
      const next = lines[Math.min(Math.max(index, 0), lines.length - 1)];
      if (next) change({ process: next.process.id }, 'slide');
    };
    switch (event.key) {
      case 'ArrowDown': go(here + 1); break;
      case 'ArrowUp': go(here - 1); break;
      case 'Home': go(0); break;
      case 'End': go(lines.length - 1); break;
      case 'ArrowRight':
        if (line && !line.open) toggle(line.process.id, true);
        else go(here + 1);
        break;
      case 'ArrowLeft':
        if (line?.open && line.children > 0) toggle(line.process.id, false);
        else if (line) go(lines.findLastIndex((other, index) => index < here && other.depth < line.depth));
        break;
      default:
        return;
    }
    event.preventDefault();
  };
  const { first, last } = visible(top, height, LINE, lines.length);
  const inSight = lines.slice(first, last);
  return (
    <div class="tree-pane">
      <div class="lanes-note" role="status">
        <label>
          Alive at{' '}
          <input
            type="text"
            placeholder="any time of the span"
            value={at === null ? '' : formatTime(at)}
            aria-label="Show the tree of an instant, RFC 3339; empty: of the whole span"
            onChange={(event) => {
              const given = parseTime(event.currentTarget.value.trim());
              change({ at: Number.isNaN(given) ? null : given });
            }}
          />
        </label>
        <button type="button" onClick={() => change({ at: at === null ? span.value!.to : null })}>
          {at === null ? 'At the end of the span' : 'Over the span'}
        </button>
        <span>{lines.length} lines</span>
        {answer.cut && <strong class="warn">cut: {answer.cut.reason}</strong>}
        <Gaps gaps={answer.gaps} zone={zone} />
      </div>
      {lines.length === 0 ? (
        <Empty words="No process fits." />
      ) : (
        <div class="tree" ref={scroller} role="tree" aria-label="Process tree" tabIndex={0} aria-activedescendant={inSight.some((line) => line.process.id === selected) ? `process-${selected}` : undefined} onKeyDown={keys} onScroll={(event) => setTop(event.currentTarget.scrollTop)}>
          <div class="lines-height" role="presentation" style={{ height: `${lines.length * LINE}px` }}>
            {inSight.map((line, index) => (
              <Node key={line.process.id} line={line} top={(first + index) * LINE} selected={line.process.id === selected} onToggle={toggle} />
            ))}
          </div>
        </div>
      )}
    </div>
  );
}

interface NodeProps {
  readonly line: TreeLine;
  readonly top: number;
  readonly selected: boolean;
  readonly onToggle: (id: string, open: boolean) => void;
}

function Node({ line, top, selected, onToggle }: NodeProps) {
  const { process } = line;
  const zone = view.value.zone;
  const last = process.images.at(-1);
  const end = ending(process.exit);
  return (
    <div
      id={`process-${process.id}`}
      class={`line node ${end}${selected ? ' selected' : ''}`}
      role="treeitem"
      aria-level={line.depth + 1}
      aria-selected={selected}
      aria-expanded={line.children > 0 ? line.open : undefined}
      aria-posinset={line.place}
      aria-setsize={line.of}
      style={{ top: `${top}px`, paddingLeft: `${Math.min(line.depth, DEEPEST) * STEP + 4}px` }}
      onClick={() => change({ process: process.id })}
      onDblClick={() => onlySubtree(process.id)}
    >
      <span class="twig" aria-hidden="true" onClick={(event) => { event.stopPropagation(); onToggle(process.id, !line.open); }}>
        {line.children === 0 ? '' : line.open ? '▾' : '▸'}
      </span>
      <span class="pid">{process.pid}</span>
      <strong>{process.comm ?? '?'}</strong>
      <span class="user">{process.user || process.uid}</span>
      {badges(process).map((mark) => (
        <b class="mark" key={mark.letter} title={mark.words}>{mark.letter}</b>
      ))}
      <code class="command">{last ? commandLine(last as unknown as Json) : ''}</code>
      <span class="when">
        {process.start === null ? 'began before recording' : showTime(process.start, zone, 3, false)}
        {process.exit ? ` – ${showTime(process.exit.time, zone, 3, false)} ${exit(process.exit.cause, process.exit.code)}` : ''}
      </span>
      {line.cut > 0 && <span class="warn">{line.cut} below are not shown</span>}
    </div>
  );
}
