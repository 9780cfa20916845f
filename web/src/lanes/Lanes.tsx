// Lanes of processes: each a bar from its beginning to its end, under its parent.

import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import { onlySubtree, processes, select, span, view } from '../state/app';
import { deeds } from '../state/deeds';
import { listedCount, lit as litNow } from '../state/list';
import { valueOf } from '../state/resource';
import { colour, dark } from '../state/theme';
import { isEmpty } from '../state/filters';
import { dayOf, showSpan, showTime, showTimeOf } from '../view/time';
import { hatches } from '../view/timeline';
import { bar, colourOf, withAncestors, type Bar } from './bars';
import { draw } from './draw';
import { layout } from './layout';
import { drag, keys, wheel } from './moves';
import { Note } from './Note';
import { pick } from './pick';
import { GUTTER } from '../histogram/Histogram';
import { Empty, Failure } from '../view/States';

/** Heights of a row in pixels: words fit into the first. */
const HEIGHTS = { large: 20, small: 12, tiny: 5 } as const;

export function Lanes() {
  const loaded = processes.loaded.value;
  const answer = valueOf(loaded);
  const shown = span.value;
  const { process: selected, colour: by, filters, rows, only } = view.value;
  // Filters of events do not choose processes: those that did what the list shows are lit.
  const lit = litNow.value;
  const known = useMemo(() => (answer?.processes ?? []).map(bar).filter((own) => Number.isFinite(own.start) || own.end > 0), [answer]);
  const bars = useMemo(() => (only && lit ? withAncestors(known, lit) : known), [known, only && lit]);
  const placed = useMemo(() => layout(bars), [bars]);
  const did = deeds.value.of;
  const colours = useMemo(() => bars.map((own) => colourOf(own, by, did)), [bars, by, did]);
  const scroller = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const [hovered, setHovered] = useState<string | null>(null);
  const [size, setSize] = useState({ width: 0, height: 0 });
  const [top, setTop] = useState(0);
  const rowHeight = HEIGHTS[rows];
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

  // Of those that are lit one is in sight, once for each question: after that the reader scrolls.
  const brought = useRef('');
  useEffect(() => {
    const element = scroller.current;
    const asked = JSON.stringify(filters);
    if (!lit || !element || brought.current === asked) return;
    const all = [...lit].flatMap((id) => placed.places.get(id)?.row ?? []).sort((one, other) => one - other);
    const inSight = (row: number) => row * rowHeight >= element.scrollTop && (row + 1) * rowHeight <= element.scrollTop + element.clientHeight;
    if (all.length > 0) brought.current = asked;
    if (all.length > 0 && !all.some(inSight)) element.scrollTop = Math.max(0, (all[0]! - 1) * rowHeight);
  }, [lit, placed, rowHeight]);

  useLayoutEffect(() => {
    const element = canvas.current;
    const context = element?.getContext('2d', { alpha: false });
    if (!element || !context || !shown || size.width <= 0) return;
    const frame = requestAnimationFrame(() => {
      const ratio = devicePixelRatio;
      const [width, height] = [Math.round(size.width * ratio), Math.round(size.height * ratio)];
      if (element.width !== width || element.height !== height) {
        element.width = width;
        element.height = height;
      }
      const palette = cached();
      const scene = {
        bars,
        colours,
        ratio,
        layout: placed,
        span: shown,
        ...size,
        rowHeight,
        top,
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
  }, [bars, colours, placed, shown?.from, shown?.to, size, rowHeight, top, selected, hovered, lit, isDark, answer]);

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
    <div class="lanes-pane" aria-busy={loaded.state === 'loading'}>
      <Note bars={bars} more={answer.next !== null} complete={answer.complete} loading={loaded.state === 'loading'} lit={lit && listedCount.value} />
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
              select(found?.id ?? null);
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
  return (
    <div class="tip" role="tooltip">
      <strong>{bar.label}</strong> {bar.user} <code>{bar.path}</code>
      <br />
      {bar.began === null ? 'began before recording' : showTime(bar.began, zone, 9)}
      {bar.ended === null ? ', alive' : ` to ${bar.began === null ? showTime(bar.ended, zone, 9) : showTimeOf(bar.ended, zone, 9, dayOf(bar.began, zone))} (${showSpan(bar.end - bar.start)})`}
      {bar.badges.map((badge) => (
        <span key={badge.letter} class="badge-words">
          <b>{badge.letter}</b> {badge.words}
        </span>
      ))}
    </div>
  );
}
