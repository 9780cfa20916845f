// What wheel, pointer and keys do in the lanes.

import { say, select, show, view, whole } from '../state/app';
import { GUTTER } from '../histogram/Histogram';
import { pan, zoom, type Span } from '../view/scale';
import type { Bar } from './bars';
import type { Layout } from './layout';
import { step, type Direction } from './pick';

/** Zooms at the pointer, or moves in time. `left` is where time begins on the screen; `scrolls`: alone it is not for time. */
function turn(event: WheelEvent, shown: Span, left: number, width: number, scrolls: boolean): void {
  const all = whole.peek();
  if (!all) return;
  const aside = event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY);
  if (event.ctrlKey || event.metaKey || !(scrolls || aside)) {
    event.preventDefault();
    const x = Math.min(Math.max(event.clientX - left, 0), width);
    show(zoom(shown, all, width, x, Math.exp(event.deltaY * 0.004)), 'slide');
  } else if (aside) {
    event.preventDefault();
    show(pan(shown, all, (event.deltaX || event.deltaY) / width), 'slide');
  }
}

/** The wheel in the lanes: alone it scrolls them. */
export function wheel(event: WheelEvent, shown: Span, width: number): void {
  turn(event, shown, (event.currentTarget as HTMLElement).getBoundingClientRect().left + GUTTER, width, true);
}

/** The wheel over the histogram of the shown span. */
export function wheelOver(event: WheelEvent, shown: Span): void {
  const { left, width } = (event.currentTarget as HTMLElement).getBoundingClientRect();
  turn(event, shown, left, width, false);
}

/** Dragging moves the span; a press without a move is a click. */
export function drag(event: MouseEvent, from: Span, width: number, click: () => void): void {
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

export function keys(event: KeyboardEvent, bars: readonly Bar[], placed: Layout, shown: Span): void {
  const direction = event.ctrlKey || event.altKey || event.metaKey || event.shiftKey ? undefined : MOVES[event.key];
  if (!direction) return;
  const next = step(bars, placed, view.peek().process ?? undefined, direction);
  event.preventDefault();
  if (next === undefined) return;
  const found = bars.find((own) => own.id === next);
  select(next, 'slide');
  if (!found) return;
  const marks = found.badges.map((badge) => badge.words).join(', ');
  say(`${found.comm}, pid ${found.pid}, user ${found.user}${marks ? `, ${marks}` : ''}`);
  // A bar that is out of sight is of no use.
  const all = whole.peek();
  if (all && (found.start > shown.to || found.end < shown.from)) {
    const half = (shown.to - shown.from) / 2;
    show({ from: Math.max(found.start, all.from) - half, to: Math.max(found.start, all.from) + half }, 'slide');
  }
}
