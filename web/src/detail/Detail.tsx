// The selected event, whole, and the process that did it: every value that is a filter can be clicked.

import { useState } from 'preact/hooks';
import type { EventJson, Json } from '../api/model';
import { around, change, event, filterBy, onlyProcess, onlySubtree, process, view } from '../state/app';
import { valueOf } from '../state/resource';
import { number, text } from '../list/json';
import { Cut, Empty, Failure, Unknown } from '../view/States';
import { parseTime, showTime, zoneName } from '../view/time';
import { DETAILS } from '../state/url';
import { copy } from '../state/copy';
import { Begin } from './Begin';
import { clickOf } from './clickable';
import { ProcessCard } from './ProcessCard';

export function Detail() {
  const { event: eventId, process: processId, details: tab } = view.value;
  if (eventId === null && processId === null) {
    return (
      <aside class="detail" aria-label="Details">
        <Begin />
      </aside>
    );
  }
  const shown = eventId === null ? 'process' : processId === null ? 'event' : tab;
  return (
    <aside class="detail" aria-label="Details">
      <div class="tabs">
       <div class="tabs-list" role="tablist" aria-label="Details of">
        {DETAILS.map((name) => (
          <button
            key={name}
            type="button"
            role="tab"
            id={`tab-${name}`}
            aria-selected={shown === name}
            aria-controls="detail-panel"
            disabled={(name === 'event' ? eventId : processId) === null}
            onClick={() => change({ details: name })}
          >
            {name === 'event' ? 'Event' : 'Process'}
          </button>
        ))}
       </div>
        <button type="button" class="close" aria-label="Close details" onClick={() => change({ event: null, process: null })}>
          ×
        </button>
      </div>
      <div id="detail-panel" role="tabpanel" aria-labelledby={`tab-${shown}`} class="detail-panel" tabIndex={0}>
        {shown === 'event' ? <WholeEvent /> : <WholeProcess />}
      </div>
    </aside>
  );
}

function WholeProcess() {
  const loaded = process.loaded.value;
  if (loaded.state === 'failed') return <Failure error={loaded.error} what="the process" onRetry={process.reload} />;
  const known = valueOf(loaded);
  // What is still that of the process before must not be acted on as if it were of this one.
  return known && known.id === view.value.process ? <ProcessCard process={known} /> : <Empty loading={true} words="Asking for the process" />;
}

function WholeEvent() {
  const [done, setDone] = useState<string | null>(null);
  const loaded = event.loaded.value;
  if (loaded.state === 'failed') return <Failure error={loaded.error} what="the event" onRetry={event.reload} />;
  if (loaded.state === 'ready' && loaded.value === undefined) {
    return <Empty words="This event is not in the store any more: its segment was removed to make room." />;
  }
  const known = valueOf(loaded) as EventJson | undefined;
  if (!known || String(number(known, 'tacho', 'id')) !== view.value.event) return <Empty loading={true} words="Asking for the event" />;
  const own = text(known, 'tacho', 'process_id');
  return (
    <>
      <h3>
        {text(known, 'evt', 'name')} <span class="muted">{text(known, 'title')}</span>
      </h3>
      <p>
        <time title={text(known, 'date')}>{showTime(text(known, 'date') ?? '', view.value.zone, 9)}</time> {zoneName(view.value.zone, parseTime(text(known, 'date') ?? ''))}
      </p>
      <p class="actions">
        {own && (
          <>
            <button type="button" onClick={() => change({ process: own, details: 'process' })}>
              Its process
            </button>
            <button type="button" onClick={() => onlyProcess(own)}>
              Only this process
            </button>
            <button type="button" onClick={() => onlySubtree(own)}>
              Only this subtree
            </button>
          </>
        )}
        <button type="button" onClick={() => around(parseTime(text(known, 'date') ?? ''))} title="A second before and after it">
          Around it
        </button>
        <button type="button" onClick={() => void copy('Event', JSON.stringify(known, null, 2)).then(setDone)}>
          Copy JSON
        </button>
        {done !== null && <span class="muted">{done}</span>}
      </p>
      <Members value={known} path="" open={2} />
    </>
  );
}

interface MembersProps {
  readonly value: EventJson;
  readonly path: string;
  /** Levels that are open at first. */
  readonly open: number;
}

/** Members that say little for their length are closed at first. */
const CLOSED = /(^|\.)(ancestors|envs|cap_effective|cap_permitted|syscalls|dd|agent|parent|credentials|usr)$/;

function Members({ value, path, open }: MembersProps) {
  return (
    <div class="members">
      {Object.entries(value).map(([name, member]) => (
        <Member key={name} name={name} value={member} path={path === '' ? name : `${path}.${name}`} open={open} />
      ))}
    </div>
  );
}

interface MemberProps {
  readonly name: string;
  readonly value: Json;
  readonly path: string;
  readonly open: number;
}

function Member({ name, value, path, open }: MemberProps) {
  const words = (
    <span class="member-name">
      <code>{name}</code>
    </span>
  );
  if (value === null || typeof value !== 'object') {
    return (
      <div class="member">
        {words}
        <span>
          <Value value={value} path={path} />
        </span>
      </div>
    );
  }
  const list = Array.isArray(value) ? (value as readonly Json[]) : undefined;
  if (list && list.every((element) => element === null || typeof element !== 'object')) {
    return (
      <div class="member">
        {words}
        <span class="list">{list.length === 0 ? <span class="muted">none</span> : <Words values={list} path={path} />}</span>
      </div>
    );
  }
  return (
    <div class="member">
      <details open={open > 0 && !CLOSED.test(path)}>
        <summary>
          <code>{name}</code> <span class="muted">{list ? `${list.length} of them` : ''}</span>
        </summary>
        {list ? (
          list.map((element, index) => (
            // Elements have no names of their own; they never change places.
            <div class="element" key={index}>
              <span class="muted">{index + 1}</span>
              <Members value={element as EventJson} path={path} open={0} />
            </div>
          ))
        ) : (
          <Members value={value as EventJson} path={path} open={open - 1} />
        )}
      </details>
    </div>
  );
}

/** Values of a list after which the rest is behind a click. */
const SHOWN = 12;

function Words({ values, path }: { readonly values: readonly Json[]; readonly path: string }) {
  const [all, setAll] = useState(false);
  const shown = all ? values : values.slice(0, SHOWN);
  return (
    <>
      {shown.map((value, index) => (
        <Value key={index} value={value} path={path} />
      ))}
      {shown.length < values.length && (
        <button type="button" class="value" onClick={() => setAll(true)}>
          {values.length - shown.length} more…
        </button>
      )}
    </>
  );
}

function Value({ value, path }: { readonly value: Json; readonly path: string }) {
  const click = clickOf(path, value);
  if (click?.kind === 'filter') {
    return (
      <button type="button" class="value" title={`Filter: ${click.name}=${click.value}`} onClick={() => filterBy(click.name, click.value)}>
        {String(value)}
      </button>
    );
  }
  if (click?.kind === 'time') {
    return (
      <button type="button" class="value" title="Show the second before and after it" onClick={() => around(click.at)}>
        {String(value)}
      </button>
    );
  }
  if (value === null) return <Unknown />;
  if (value === '') return <span class="muted">empty</span>;
  if (/_truncated$/.test(path) && value === true) return <Cut what={path.replace(/^.*\.|_truncated$/g, '')} />;
  return <span class={`plain ${typeof value}`}>{String(value)}</span>;
}
