// The process tree of the span, or of an instant.

import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { badges, ending } from '../lanes/bars';
import { commandLine, exit } from '../list/what';
import { useHeight } from '../list/useHeight';
import { visible } from '../list/visible';
import { change, onlySubtree, select, span, tree, view } from '../state/app';
import { valueOf } from '../state/resource';
import { Empty, Failure, Gaps } from '../view/States';
import { counted, dayOf, formatTime, parseTime, showTime, showTimeOf, type Zone } from '../view/time';
import { find, fitsWords, flat, pinned, type TreeLine } from './flat';
import { words } from '../search/parse';
import { listedCount, lit as ofList } from '../state/list';
import type { Json, Process } from '../api/model';

const LINE = 22;
/** Pixels that a step of depth takes, and depth after which nothing moves further to the right. */
const STEP = 12;
const DEEPEST = 24;
/** Ancestors that are pinned above what is in sight. */
const PINNED = 4;

export function Tree() {
  const loaded = tree.loaded.value;
  const answer = valueOf(loaded);
  const { at, zone, process: selected, find: text } = view.value;
  const [closed, setClosed] = useState<ReadonlySet<string>>(new Set());
  const [top, setTop] = useState(0);
  const scroller = useRef<HTMLDivElement>(null);
  const found = useMemo(() => (text.trim() === '' ? null : find(answer?.roots ?? [], fitsWords(words(text)))), [answer, text]);
  const lines = useMemo(() => flat(answer?.roots ?? [], closed, found?.kept), [answer, closed, found]);
  // Filters of events do not choose processes: those that did what the list shows are lit.
  const lit = found?.hits ?? ofList.value;

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
      if (next) select(next.process.id, 'slide');
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
  const toFirst = () => {
    const hit = lines.find((line) => found?.hits.has(line.process.id));
    if (hit) select(hit.process.id);
    scroller.current?.focus();
  };
  const above = pinned(lines, top / LINE, PINNED);
  const { first, last } = visible(top, height, LINE, lines.length);
  const inSight = lines.slice(first, last);
  return (
    <div class="tree-pane">
      <div class="lanes-note" role="status">
        <label>
          Alive at{' '}
          <input
            class="instant"
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
        <input type="search" value={text} placeholder="find: pid, name, user, path, argument" aria-label="Find in the tree: pid, name, user, program or argument" onInput={(event) => change({ find: event.currentTarget.value }, 'slide')} onKeyDown={(event) => event.key === 'Enter' && toFirst()} />
        <span>{found ? `${found.hits.size} found` : counted(lines.length, 'process', 'processes')}{!found && lit ? `; bright: of ${counted(listedCount.value, 'listed event')}` : ''}</span>
        {selected !== null && <button type="button" onClick={() => onlySubtree(selected)}>Only this subtree</button>}
        {answer.cut && <strong class="warn">cut: {answer.cut.reason}</strong>}
        <Gaps gaps={answer.gaps} zone={zone} />
      </div>
      {lines.length === 0 ? (
        <Empty words="No process fits." />
      ) : (
        <div class="tree" ref={scroller} role="tree" aria-label="Process tree" tabIndex={0} aria-activedescendant={inSight.some((line) => line.process.id === selected) ? `process-${selected}` : undefined} onKeyDown={keys} onScroll={(event) => setTop(event.currentTarget.scrollTop)}>
          {above.length > 0 && (
            // What is pinned stands in the tree as well: a screen reader needs it once.
            <div class="pinned" aria-hidden="true">
              {above.map((index, place) => (
                <Node key={index} line={lines[index]!} top={place * LINE} selected={false} lit={true} copy onToggle={toggle} />
              ))}
            </div>
          )}
          <div class="lines-height" role="presentation" style={{ height: `${lines.length * LINE}px` }}>
            {inSight.map((line, index) => (
              <Node key={line.process.id} line={line} top={(first + index) * LINE} selected={line.process.id === selected} lit={lit === null || lit.has(line.process.id)} onToggle={toggle} />
            ))}
          </div>
        </div>
      )}
    </div>
  );
}

/** Its times to the nanosecond. */
function lifeTitle(process: Process, zone: Zone): string {
  const began = process.start === null ? 'before recording' : showTime(process.start, zone, 9);
  return process.exit ? `${began} to ${showTime(process.exit.time, zone, 9)}` : `${began}, alive`;
}

interface NodeProps {
  readonly line: TreeLine;
  readonly top: number;
  readonly selected: boolean;
  readonly lit: boolean;
  /** Pinned: it stands in the tree as well. */
  readonly copy?: boolean;
  readonly onToggle: (id: string, open: boolean) => void;
}

function Node({ line, top, selected, lit, copy = false, onToggle }: NodeProps) {
  const { process } = line;
  const zone = view.value.zone;
  const day = span.value ? dayOf(formatTime(span.value.from), zone) : '';
  const last = process.images.at(-1);
  const end = ending(process.exit);
  return (
    <div
      id={copy ? undefined : `process-${process.id}`}
      class={`line node ${end}${selected ? ' selected' : ''}${lit ? '' : ' dim'}`}
      role={copy ? 'presentation' : 'treeitem'}
      aria-level={line.depth + 1}
      aria-selected={selected}
      aria-expanded={line.children > 0 ? line.open : undefined}
      aria-posinset={line.place}
      aria-setsize={line.of}
      style={{ top: `${top}px`, paddingLeft: `${Math.min(line.depth, DEEPEST) * STEP + 4}px` }}
      onClick={() => select(process.id)}
      onDblClick={() => onlySubtree(process.id)}
    >
      <span class="twig" aria-hidden="true" onClick={(event) => { event.stopPropagation(); onToggle(process.id, !line.open); }}>
        {line.children === 0 ? '' : line.open ? '▾' : '▸'}
      </span>
      <span class="pid">{process.pid}</span>
      {process.comm ? <strong>{process.comm}</strong> : <strong class="unknown">unknown</strong>}
      <span class="user">{process.user || process.uid}</span>
      {badges(process).map((mark) => (
        <b class="mark" key={mark.letter} title={mark.words}>{mark.letter}</b>
      ))}
      <code class="command">{last ? commandLine(last as unknown as Json) : ''}</code>
      <span class="when" title={lifeTitle(process, zone)}>
        {process.start === null ? 'began before recording' : showTimeOf(process.start, zone, 3, day)}
        {process.exit ? ` – ${showTimeOf(process.exit.time, zone, 3, day)} ${exit(process.exit.cause, process.exit.code)}` : ''}
      </span>
      {line.cut > 0 && <span class="warn">{line.cut} below are not shown</span>}
    </div>
  );
}
