// The page: one time scale, the panes under it, the details beside them.

import { useEffect, useMemo } from 'preact/hooks';
import { change, detail, overview, said, show, span, stats, view, whole } from './state/app';
import { listen } from './state/keys';
import { connection, toggleLive } from './state/live';
import { valueOf } from './state/resource';
import { nextTheme, theme } from './state/theme';
import { PANES } from './state/url';
import { Detail } from './detail/Detail';
import { Histogram } from './histogram/Histogram';
import { Lanes } from './lanes/Lanes';
import { wheelOver } from './lanes/moves';
import { EventList } from './list/EventList';
import { Search } from './search/Search';
import { Trace } from './trace/Trace';
import { Tree } from './tree/Tree';
import { Export } from './view/Export';
import { Help } from './view/Help';
import { help } from './state/keys';
import { Legend } from './view/Legend';
import { Empty, Failure, Gaps, LeftOut } from './view/States';
import { formatTime, showCount, showSpan, showTime, zoneName } from './view/time';
import { hatches, stacks } from './view/timeline';

const WORDS = { lanes: 'Lanes', tree: 'Tree', trace: 'Trace' } as const;

export function App() {
  useEffect(listen, []);
  const loaded = stats.loaded.value;
  const known = valueOf(loaded);
  return (
    <>
      <header class="top">
        <h1>
          <img src="/icon.svg" alt="" width="22" height="22" /> Tachograph
        </h1>
        <Search />
        <div class="top-right">
          {known && (
            <span class="muted" title={`${known.store.segments.length} segments`}>
              {showCount(known.store.events)} events, {known.role}
            </span>
          )}
          <button type="button" aria-pressed={view.value.live} onClick={toggleLive} disabled={known?.role === 'serving'} title={known?.role === 'serving' ? 'Nobody writes this store' : 'l'}>
            {view.value.live ? `Live: ${connection.value === 'live' ? 'on' : connection.value}` : 'Live'}
          </button>
          <Export />
          <button type="button" onClick={() => change({ zone: view.value.zone === 'utc' ? 'local' : 'utc' })} title="u">
            {zoneName(view.value.zone, Date.now())}
          </button>
          <button type="button" onClick={() => nextTheme()} title="t" aria-label={`Theme: ${theme.value}`}>
            {theme.value === 'system' ? '◐' : theme.value === 'light' ? '☀' : '☾'}
          </button>
          <button type="button" onClick={() => (help.value = true)} aria-label="Keys and marks" title="?">
            ?
          </button>
        </div>
      </header>
      {loaded.state === 'failed' && !known ? (
        <Failure error={loaded.error} what="what the store has" onRetry={stats.reload} />
      ) : !known ? (
        <Empty loading={true} words="Asking what the store has" />
      ) : whole.value === null ? (
        <Empty words={known.role === 'recording' ? 'Nothing is recorded yet. This page asks again when you press r.' : 'This store is empty.'} />
      ) : (
        <Panes />
      )}
      <Help />
      <div class="sr-only" role="status" aria-live="polite">
        {said.value}
      </div>
    </>
  );
}

function Panes() {
  const { pane } = view.value;
  return (
    <main>
      <div class="left">
        <TimePanes />
        <section class="middle" aria-label="Processes">
          <div class="tabs" role="tablist" aria-label="Processes as">
            {PANES.map((name) => (
              <button key={name} type="button" role="tab" id={`pane-${name}`} aria-selected={pane === name} aria-controls="pane" onClick={() => change({ pane: name })}>
                {WORDS[name]}
              </button>
            ))}
          </div>
          <div id="pane" role="tabpanel" aria-labelledby={`pane-${pane}`}>
            {pane === 'lanes' ? <Lanes /> : pane === 'tree' ? <Tree /> : <Trace />}
          </div>
        </section>
        <EventList />
      </div>
      <Detail />
    </main>
  );
}

/** The two histograms: all of the store, and the span that is shown. */
function TimePanes() {
  const [all, shown] = [whole.value!, span.value!];
  const { zone } = view.value;
  const above = valueOf(overview.loaded.value);
  const below = valueOf(detail.loaded.value);
  const aboveStacks = useMemo(() => (above ? stacks(above) : undefined), [above]);
  const belowStacks = useMemo(() => (below ? stacks(below) : undefined), [below]);
  const aboveHatches = useMemo(() => hatches(above?.gaps ?? [], all, (all.to - all.from) / 400), [above, all]);
  const belowHatches = useMemo(() => hatches(below?.gaps ?? [], shown, (shown.to - shown.from) / 400), [below, shown]);
  const failed = detail.loaded.value.state === 'failed' ? detail.loaded.value.error : undefined;
  const zoomed = shown.from > all.from || shown.to < all.to;
  return (
    <section class={`spans${aboveStacks ? '' : ' waiting'}`} aria-label="Time">
      <div class="spans-head">
        <span>
          <time>{showTime(formatTime(shown.from), zone, 3)}</time> to <time>{showTime(formatTime(shown.to), zone, 3)}</time> {zoneName(zone, shown.from)}{' '}
          <span class="muted">({showSpan(shown.to - shown.from)})</span>
        </span>
        <Legend stacks={belowStacks} />
      </div>
      <div class="spans-head">
        {zoomed && (
          <button type="button" onClick={() => change({ span: null })}>
            Whole store
          </button>
        )}
        {below && !below.complete && <Gaps gaps={below.gaps} zone={zone} />}
        {below && <LeftOut spans={below.left_out ?? []} zone={zone} />}
        {below?.complete && <span class="muted">No gaps in this span.</span>}
      </div>
      {aboveStacks && (
        <Histogram name="The whole store" span={all} stacks={aboveStacks} hatches={aboveHatches} height={44} zone={zone} window={zoomed ? shown : null} axis={false} onBrush={(next) => show(next)} onReset={() => change({ span: null })} />
      )}
      {failed ? (
        <Failure error={failed} what="the histogram" onRetry={detail.reload} />
      ) : belowStacks ? (
        <Histogram name="The shown span" span={shown} stacks={belowStacks} hatches={belowHatches} height={120} zone={zone} axis={true} onWheel={(event) => wheelOver(event, shown)} onBrush={(next) => show(next)} onReset={() => change({ span: null })} />
      ) : (
        <Empty loading={true} words="Counting events" />
      )}
    </section>
  );
}
