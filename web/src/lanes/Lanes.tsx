// Lanes of processes: each a bar from its beginning to its end, under its parent.

import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { change, MOST_PROCESSES, onlySubtree, processes, say, show, span, view, whole } from '../state/app';
import { listed } from '../state/list';
import { valueOf } from '../state/resource';
import { colour, dark } from '../state/theme';
import { isEmpty, ofProcesses } from '../state/filters';
import { pan, zoom, type Span } from '../view/scale';
import { formatTime, showSpan, showTime } from '../view/time';
import { hatches } from '../view/timeline';
import { bar, type Bar } from './bars';
import { draw } from './draw';
import { layout } from './layout';
import { pick, step, type Direction } from './pick';
import { GUTTER } from '../histogram/Histogram';
import { Empty, Failure } from '../view/States';

/** Heights of a row in pixels: words fit into the first. */
const ROWS = [20, 12, 5] as const;

export function Lanes() {
  const loaded = processes.loaded.value;
  const answer = valueOf(loaded);
  const shown = span.value;
  const bars = useMemo(() => (answer?.processes ?? []).map(bar).filter((own) => Number.isFinite(own.start) || own.end > 0), [answer]);
  const placed = useMemo(() => layout(bars), [bars]);
  const [density, setDensity] = useState(0);
  const scroller = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const [hovered, setHovered] = useState<string | null>(null);
  const [size, setSize] = useState({ width: 0, height: 0 });
  const [top, setTop] = useState(0);
  const { process: selected, colour: by, filters } = view.value;
  const rowHeight = ROWS[density] ?? ROWS[0];
  // Filters of events do not choose processes: those that did what the list shows are lit.
  const { cut } = ofProcesses(filters);
  const rows = listed.value.rows;
  const lit = useMemo(() => (cut ? new Set(rows.map((row) => row.process)) : null), [cut, rows]);
  const isDark = dark.value;

  useEffect(() => {
    const element = scroller.current;
    if (!element) return;
    const observer = new ResizeObserver(() => setSize({ width: element.clientWidth - GUTTER, height: element.clientHeight }));
    observer.observe(element);
    return () => observer.disconnect();
  }, [answer === undefined]);

  // What was selected elsewhere is brought into sight.
  useEffect(() => {
    const place = selected === null ? undefined : placed.places.get(selected);
    const element = scroller.current;
    if (!place || !element) return;
    const y = place.row * rowHeight;
    if (y < element.scrollTop || y + rowHeight > element.scrollTop + element.clientHeight) {
      element.scrollTop = Math.max(0, y - element.clientHeight / 2);
    }
  }, [selected, placed, rowHeight]);

  useEffect(() => {
    const element = canvas.current;
    const context = element?.getContext('2d');
    if (!element || !context || !shown || size.width <= 0) return;
    const frame = requestAnimationFrame(() => {
      const ratio = devicePixelRatio;
      const [width, height] = [Math.round(size.width * ratio), Math.round(size.height * ratio)];
      if (element.width !== width || element.height !== height) {
        element.width = width;
        element.height = height;
      }
      context.setTransform(ratio, 0, 0, ratio, 0, 0);
      const palette = cached();
      const scene = {
        bars,
        layout: placed,
        span: shown,
        ...size,
        rowHeight,
        top,
        by,
        selected,
        hovered,
        lit,
        hatches: hatches(answer?.gaps ?? [], shown, ((shown.to - shown.from) / size.width) * 3),
        shift: view.value.zone === 'local' ? -new Date(shown.from).getTimezoneOffset() * 60_000 : 0,
      };
      const drawn = draw(context, scene, palette);
      element.dataset['drawn'] = String(drawn);
    });
    return () => cancelAnimationFrame(frame);
  }, [bars, placed, shown?.from, shown?.to, size, rowHeight, top, by, selected, hovered, lit, isDark, answer]);

  if (loaded.state === 'failed') return <Failure error={loaded.error} what="the processes" onRetry={processes.reload} />;
  if (!answer || !shown) return <Empty loading={true} words="Asking for processes" />;
  if (bars.length === 0) {
    return <Empty words={isEmpty(filters) ? 'No process was alive in this span.' : 'No process fits these filters in this span.'} />;
  }

  const at = (event: MouseEvent): Bar | undefined => {
    const box = canvas.current!.getBoundingClientRect();
    const row = Math.floor((event.clientY - box.top + top) / rowHeight);
    const found = pick(bars, placed, shown, size.width, row, event.clientX - box.left);
    return found === undefined ? undefined : bars[found];
  };
  const under = hovered === null ? undefined : bars.find((own) => own.id === hovered);

  return (
    <div class="lanes-pane">
      <div class="lanes-note" role="status">
        <button type="button" onClick={() => setDensity((density + 1) % ROWS.length)} title="Change the height of rows">
          Rows: {['large', 'small', 'tiny'][density]}
        </button>
        <span>
          {bars.length} processes{answer.next !== null && <strong class="warn"> of more: the first {MOST_PROCESSES} are shown; narrow the span or filter</strong>}
          {lit && <span class="muted"> — lit: those of the {rows.length} listed events</span>}
        </span>
        {loaded.state === 'loading' && <span class="muted">loading…</span>}
        {!answer.complete && <span class="warn">some processes may be missing (hatched)</span>}
      </div>
      <div
        class="lanes"
        ref={scroller}
        tabIndex={0}
        role="application"
        aria-label="Process lanes. Arrow keys move between processes, Enter selects, plus and minus zoom. The Tree pane has the same as a list."
        onScroll={(event) => setTop(event.currentTarget.scrollTop)}
        onWheel={(event) => wheel(event, shown, size.width)}
        onKeyDown={(event) => keys(event, bars, placed, shown)}
      >
        <div class="lanes-height" style={{ height: `${Math.max(placed.rows * rowHeight, 1)}px` }}>
          <canvas
            ref={canvas}
            style={{ left: `${GUTTER}px`, width: `${size.width}px`, height: `${size.height}px` }}
            onMouseMove={(event) => setHovered(at(event)?.id ?? null)}
            onMouseLeave={() => setHovered(null)}
            onMouseDown={(event) => drag(event, shown, size.width, () => {
              const found = at(event);
              change({ process: found?.id ?? null });
            })}
            onDblClick={(event) => {
              const found = at(event);
              if (found) onlySubtree(found.id);
            }}
          />
        </div>
      </div>
      {under && <Tip bar={under} />}
    </div>
  );
}

let palette: { dark: boolean; colours: Map<string, string> } | undefined;

/** Colours of the style sheet, looked up once a theme. */
function cached(): (name: string) => string {
  if (palette?.dark !== dark.peek()) palette = { dark: dark.peek(), colours: new Map() };
  const { colours } = palette!;
  return (name) => {
    let found = colours.get(name);
    if (found === undefined) colours.set(name, (found = colour(name)));
    return found;
  };
}

function Tip({ bar }: { readonly bar: Bar }) {
  const zone = view.value.zone;
  const end = bar.end === Infinity ? 'alive' : `until ${showTime(formatTime(bar.end), zone, 6, false)} (${showSpan(bar.end - bar.start)})`;
  return (
    <div class="tip" role="tooltip">
      <strong>{bar.label}</strong> {bar.user} <code>{bar.path}</code>
      <br />
      {Number.isFinite(bar.start) ? showTime(formatTime(bar.start), zone, 6) : 'began before recording'} {end}
      {bar.badges.map((badge) => (
        <span key={badge.letter} class="badge-words">
          <b>{badge.letter}</b> {badge.words}
        </span>
      ))}
    </div>
  );
}

function wheel(event: WheelEvent, shown: Span, width: number): void {
  const all = whole.peek();
  if (!all) return;
  if (event.ctrlKey || event.metaKey) {
    event.preventDefault();
    const box = (event.currentTarget as HTMLElement).getBoundingClientRect();
    const x = Math.min(Math.max(event.clientX - box.left - GUTTER, 0), width);
    show(zoom(shown, all, width, x, Math.exp(event.deltaY * 0.004)), 'slide');
  } else if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
    event.preventDefault();
    show(pan(shown, all, (event.deltaX || event.deltaY) / width), 'slide');
  }
}

/** Dragging moves the span; a press without a move is a click. */
function drag(event: MouseEvent, from: Span, width: number, click: () => void): void {
  const all = whole.peek();
  if (!all || event.button !== 0) return;
  const x = event.clientX;
  let moved = false;
  const move = (now: MouseEvent) => {
    if (!moved && Math.abs(now.clientX - x) < 4) return;
    moved = true;
    show(pan(from, all, (x - now.clientX) / width), 'slide');
  };
  const up = () => {
    removeEventListener('mousemove', move);
    removeEventListener('mouseup', up);
    if (!moved) click();
  };
  addEventListener('mousemove', move);
  addEventListener('mouseup', up);
}

const MOVES: Readonly<Record<string, Direction>> = {
  ArrowUp: 'up',
  ArrowDown: 'down',
  ArrowLeft: 'left',
  ArrowRight: 'right',
  p: 'parent',
  c: 'child',
};

function keys(event: KeyboardEvent, bars: readonly Bar[], placed: ReturnType<typeof layout>, shown: Span): void {
  const direction = event.ctrlKey || event.altKey || event.metaKey || event.shiftKey ? undefined : MOVES[event.key];
  if (!direction) return;
  const next = step(bars, placed, view.peek().process ?? undefined, direction);
  event.preventDefault();
  if (next === undefined) return;
  const found = bars.find((own) => own.id === next);
  change({ process: next }, 'slide');
  if (found) {
    const marks = found.badges.map((badge) => badge.words).join(', ');
    say(`${found.comm}, pid ${found.pid}, user ${found.user}${marks ? `, ${marks}` : ''}`);
    // A bar that is out of sight is of no use.
    const all = whole.peek();
    if (all && (found.start > shown.to || found.end < shown.from)) {
      const half = (shown.to - shown.from) / 2;
      show({ from: Math.max(found.start, all.from) - half, to: Math.max(found.start, all.from) + half }, 'slide');
    }
  }
}
