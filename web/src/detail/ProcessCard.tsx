// A process's life: who it was, what it ran, how it ended, and where it came from.

import { useEffect, useState } from 'preact/hooks';
import * as api from '../api/client';
import type { Life, Process } from '../api/model';
import { badges } from '../lanes/bars';
import { commandLine, exit } from '../list/what';
import { valueOf } from '../state/resource';
import { change, filterBy, onlyProcess, processes, onlySubtree, select, view } from '../state/app';
import { Cut, Unknown } from '../view/States';
import { showSpan, showTime, parseTime } from '../view/time';
import type { Json } from '../api/model';

/** What is asked of each ancestor. */
const STEP = 'id,pid,comm,parent_id,parent';
/** Steps of the lineage that are asked for. */
const STEPS = 64;

export function ProcessCard({ process }: { readonly process: Life }) {
  const zone = view.value.zone;
  const marks = badges(process);
  const when = (time: string | null) => (time === null ? <Unknown /> : <time title={time}>{showTime(time, zone, 6)}</time>);
  return (
    <>
      <h3>
        {process.comm || <Unknown />} <span class="muted">pid {process.pid}</span>
      </h3>
      <Ancestors process={process} />
      {marks.map((mark) => (
        <p class="badge-words" key={mark.letter}>
          <b>{mark.letter}</b> {mark.words}
        </p>
      ))}
      <dl class="members">
        <div class="member"><dt>began</dt><dd>{when(process.start)}</dd></div>
        <div class="member">
          <dt>ended</dt>
          <dd>
            {process.exit ? (
              <>
                {when(process.exit.time)} {exit(process.exit.cause, process.exit.code)}
                {process.start !== null && <span class="muted"> after {showSpan(parseTime(process.exit.time) - parseTime(process.start))}</span>}
              </>
            ) : (
              <span>alive as far as is known</span>
            )}
          </dd>
        </div>
        <div class="member">
          <dt>user</dt>
          <dd>
            {process.user ? <button type="button" class="value" onClick={() => filterBy('user', process.user!)}>{process.user}</button> : <Unknown />} {process.uid !== undefined && `(${process.uid})`}
          </dd>
        </div>
        {process.container && (
          <div class="member"><dt>container</dt><dd><button type="button" class="value" onClick={() => filterBy('container', process.container!)}>{process.container}</button></dd></div>
        )}
        <div class="member"><dt>known from</dt><dd>{process.source}</dd></div>
      </dl>
      <p class="actions">
        <button type="button" onClick={() => onlySubtree(process.id)}>Only this subtree</button>
        <button type="button" onClick={() => onlyProcess(process.id)}>Only this process</button>
        <button type="button" onClick={() => change({ pane: 'trace', trace: `process:${process.id}`, direction: 'backward' })}>Where did it come from?</button>
        <button type="button" onClick={() => change({ pane: 'trace', trace: `process:${process.id}`, direction: 'forward' })}>What came of it?</button>
      </p>
      <h4>Programs it ran</h4>
      <ol class="images">
        {process.images.map((image) => (
          <li key={`${image.exec_time} ${image.comm}`}>
            {when(image.exec_time)} as {image.user || image.uid}
            {image.exec_time !== null && process.start !== null && parseTime(image.exec_time) < parseTime(process.start) && <span class="muted"> (its parent's program, which it began with)</span>}
            <br />
            {image.executable.path ? (
              <button type="button" class="value" title={`Filter: exe=${image.executable.path}`} onClick={() => filterBy('exe', image.executable.path!)}>
                {image.executable.path}
              </button>
            ) : (
              <Unknown words="unknown program" />
            )}
            {image.executable.package_name && <span class="muted"> {image.executable.package_name} {image.executable.package_version}</span>}
            <br />
            <code class="command">{commandLine(image as unknown as Json)}</code> {image.args_truncated && <Cut what="the arguments" />}
          </li>
        ))}
      </ol>
      <History life={process} />
    </>
  );
}

/** Who it was when: states, parents, and what it left behind. */
function History({ life }: { readonly life: Life }) {
  const zone = view.value.zone;
  return (
    <>
      {life.states.length > 1 && (
        <>
          <h4>Its states</h4>
          <ol class="images">
            {life.states.map((state) => (
              <li key={`${state.since} ${state.by}`}>
                <time title={state.since}>{showTime(state.since, zone, 6)}</time> {state.by}: {state.comm}
                {state.changed && state.changed.length > 0 && <strong class="warn"> changed {state.changed.join(', ')}</strong>}
              </li>
            ))}
          </ol>
          {life.states_left_out > 0 && <p class="warn">{life.states_left_out} states are left out</p>}
        </>
      )}
      {life.parents.length > 1 && (
        <p>
          Was a child of{' '}
          {life.parents.map((parent) => (
            <span key={parent.since}>
              {parent.id === null ? parent.ppid : <button type="button" class="value" onClick={() => select(parent.id)}>{parent.ppid}</button>} since {showTime(parent.since, zone, 3, false)};{' '}
            </span>
          ))}
        </p>
      )}
      <p>
        {life.children.count} {life.children.count === 1 ? 'child' : 'children'}
        {life.orphaned !== null && <span class="muted">; its creator ended {showTime(life.orphaned, zone, 3)}</span>}
      </p>
      {!life.complete && <p class="warn">Something of its lifetime may be missing.</p>}
    </>
  );
}

/** The chain of parents, the oldest first, each a link. It stays on top while the rest scrolls. */
function Ancestors({ process }: { readonly process: Process }) {
  const [chain, setChain] = useState<{ readonly of: string; readonly list: readonly Process[]; readonly end: string }>();
  useEffect(() => {
    const own = new AbortController();
    void (async () => {
      const list: Process[] = [];
      let parent = process.parent_id;
      let end = process.parent === 'unknown' ? 'unknown parent' : '';
      try {
        while (parent !== null && list.length < STEPS) {
          // Not its whole life: a name is shown, and the way on. The lanes know most of them.
          const id: string = parent;
          const drawn = valueOf(processes.loaded.peek())?.processes.find((other) => other.id === id);
          const next: Process | undefined = drawn ?? (await api.processes([['process', id], ['fields', STEP]], own.signal)).processes[0];
          if (!next) {
            end = 'not recorded';
            break;
          }
          list.unshift(next);
          parent = next.parent_id;
          if (next.parent === 'unknown') end = 'unknown parent';
        }
      } catch {
        end = 'not recorded';
      }
      if (!own.signal.aborted) setChain({ of: process.id, list, end });
    })();
    return () => own.abort();
  }, [process.id]);
  if (chain?.of !== process.id) return <nav class="ancestors" aria-label="Ancestors"><span class="muted loading">…</span></nav>;
  return (
    <nav class="ancestors" aria-label="Ancestors">
      {chain.end && <span class="unknown">{chain.end} ›</span>}
      {chain.list.map((own) => (
        <span key={own.id}>
          <button type="button" class="value" onClick={() => select(own.id)}>{own.comm ?? '?'} {own.pid}</button> ›{' '}
        </span>
      ))}
      <strong>{process.comm ?? '?'} {process.pid}</strong>
    </nav>
  );
}
