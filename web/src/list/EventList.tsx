// The list of events: only the lines in sight are in the document.

import { useEffect, useRef, useState } from 'preact/hooks';
import { change, detail, span, view } from '../state/app';
import { begin, connection, letGo, liveGap } from '../state/live';
import { KEPT, listAll, listed, more } from '../state/list';
import { isEmpty } from '../state/filters';
import { Cut, Empty, Failure, Gaps, Unknown } from '../view/States';
import { oneDay, showCount, showTime, zoneName, parseTime } from '../view/time';
import { useHeight } from './useHeight';
import { visible } from './visible';
import type { Row } from './row';

export const LINE = 22;

export function EventList() {
  const { rows, state, error, gaps, complete, more: hasMore, cut, earlier } = listed.value;
  const counts = detail.loaded.value;
  const total = counts.state === 'ready' ? counts.value.total : undefined;
  const { event: selected, zone, order, live, filters } = view.value;
  const scroller = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);
  const height = useHeight(scroller);
  const { first, last } = visible(top, height, LINE, rows.length);
  const inSight = rows.slice(first, last);

  useEffect(() => {
    if (hasMore && state === 'ready' && last >= rows.length - 20) void more();
  }, [last, rows.length, hasMore, state]);

  // Live: the newest line stays in sight, until the reader scrolls away from it.
  useEffect(() => {
    const element = scroller.current;
    if (live && element) element.scrollTop = element.scrollHeight;
  }, [live, rows]);

  const scrolled = (element: HTMLElement) => {
    if (live && element.scrollTop < top - LINE && element.scrollHeight - element.scrollTop - element.clientHeight > 3 * LINE) letGo();
    setTop(element.scrollTop);
  };
  const keys = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1, PageDown: 20, PageUp: -20, Home: -rows.length, End: rows.length }[event.key];
    if (step === undefined || rows.length === 0) return;
    event.preventDefault();
    const here = rows.findIndex((row) => row.id === selected);
    const next = Math.min(Math.max(here < 0 ? 0 : here + step, 0), rows.length - 1);
    select(rows[next]!, 'slide');
    const element = scroller.current;
    if (!element) return;
    if (next * LINE < element.scrollTop) element.scrollTop = next * LINE;
    if ((next + 1) * LINE > element.scrollTop + element.clientHeight) element.scrollTop = (next + 1) * LINE - element.clientHeight;
  };

  // The date is told once if it is the same for all.
  const one = oneDay(span.value, zone);
  return (
    <section class={`events${one ? ' one-day' : ''}`} aria-label="Events">
      <div class="events-head">
        <h2>Events</h2>
        <button type="button" onClick={() => change({ order: order === 'asc' ? 'desc' : 'asc' })} disabled={live} aria-label={`Order: ${order === 'asc' ? 'oldest first' : 'newest first'}`}>
          {order === 'asc' ? 'oldest first' : 'newest first'}
        </button>
        <span class="muted" role="status">
          {state === 'loading' && rows.length === 0 ? '…' : showCount(rows.length)}
          {hasMore || cut ? ` listed${total === undefined ? ', more below' : ` of ${showCount(total)}`}` : ' listed'}
          {cut && !earlier ? ` (at most ${showCount(KEPT)}: narrow the span)` : ''}
        </span>
        {earlier && (
          <span class="warn">
            earlier ones are not listed{' '}
            {!live && (
              <button type="button" onClick={listAll}>
                List the whole span
              </button>
            )}
          </span>
        )}
        {live && <span class={`live-state ${connection.value}`}>{connection.value}</span>}
        {liveGap.value !== null && <span class="warn">{liveGap.value}</span>}
        {!complete && <Gaps gaps={gaps} zone={zone} />}
      </div>
      <div class="line head" role="presentation">
        <span class="time">Time ({zoneName(zone, rows[0] ? parseTime(rows[0].date) : Date.now())})</span>
        <span class="pid">Pid</span>
        <span class="comm">Process</span>
        <span class="user">User</span>
        <span class="name">Event</span>
        <span class="outcome">Outcome</span>
        <span class="what">What</span>
      </div>
      <div
        class="lines"
        ref={scroller}
        // A list box without options is none.
        role={rows.length > 0 ? 'listbox' : 'group'}
        aria-label="Events, arrow keys choose"
        tabIndex={0}
        aria-activedescendant={inSight.some((row) => row.id === selected) ? `event-${selected}` : undefined}
        onScroll={(event) => scrolled(event.currentTarget)}
        onKeyDown={keys}
      >
        <div class="lines-height" role="presentation" style={{ height: `${rows.length * LINE}px` }}>
          {inSight.map((row, index) => (
            <Line key={row.id} row={row} top={(first + index) * LINE} selected={row.id === selected} place={first + index + 1} date={!one} />
          ))}
        </div>
        {state === 'failed' && error && <Failure error={error} what="the events" onRetry={() => void (live ? begin() : more())} />}
        {state === 'loading' && <Empty loading={true} words={rows.length > 0 ? 'more…' : 'Asking for events'} />}
        {state === 'ready' && rows.length === 0 && (
          <Empty words={live ? 'Waiting for the next event.' : isEmpty(filters) ? 'Nothing happened in this span.' : 'No event fits these filters in this span.'} />
        )}
      </div>
    </section>
  );
}

/** What is not known has a mark of its own. */
function known(text: string) {
  return text === '?' ? <Unknown /> : text;
}

function select(row: Row, how: 'step' | 'slide'): void {
  change({ event: row.id, process: row.process || view.peek().process, details: 'event' }, how);
}

interface LineProps {
  readonly row: Row;
  readonly top: number;
  readonly selected: boolean;
  readonly place: number;
  /** With the date. */
  readonly date: boolean;
}

function Line({ row, top, selected, place, date }: LineProps) {
  const zone = view.value.zone;
  return (
    <div
      id={`event-${row.id}`}
      class={`line${selected ? ' selected' : ''} ${row.outcome.toLowerCase()}`}
      role="option"
      aria-selected={selected}
      aria-posinset={place}
      style={{ top: `${top}px` }}
      onClick={() => select(row, 'step')}
    >
      <time class="time" title={showTime(row.date, zone, 9)} dateTime={row.date}>
        {showTime(row.date, zone, 3, date)}
      </time>
      <span class="pid">{known(row.pid)}</span>
      <span class="comm">{known(row.comm)}</span>
      <span class="user">{known(row.user)}</span>
      <span class={`name cat ${row.category.split(' ')[0]?.toLowerCase() ?? ''}`}>{row.name}</span>
      <span class="outcome">{row.errno || row.outcome}</span>
      <span class="what" title={row.what}>
        {row.cut && <Cut what="the arguments" />}
        {row.what}
      </span>
    </div>
  );
}
