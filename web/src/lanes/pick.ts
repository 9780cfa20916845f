// Which bar is under the pointer, and which one a key leads to.

import { toX, type Span } from '../view/scale';
import type { Layout, Life } from './layout';

/** Bars are at least so wide, in pixels: a short life must be seen, and hit. */
export const LEAST_WIDTH = 2;
/** How far beside a thin bar a pointer still hits it. */
const REACH = 3;

/** Left and right edge of a bar in pixels, cut at the pane. */
export function edges(life: Life, span: Span, width: number): { left: number; right: number } {
  const left = Math.max(toX(span, width, life.start), -1);
  const right = Math.min(life.end === Infinity ? width + 1 : toX(span, width, life.end), width + 1);
  return { left, right: Math.max(right, left + LEAST_WIDTH) };
}

/** The process at a pixel of a row; the nearest of those in reach. */
export function pick(
  lives: readonly Life[],
  layout: Layout,
  span: Span,
  width: number,
  row: number,
  x: number,
): number | undefined {
  let best: { at: number; distance: number } | undefined;
  for (const at of layout.byRow[row] ?? []) {
    const { left, right } = edges(lives[at]!, span, width);
    const distance = Math.max(left - x, x - right, 0);
    if (distance <= REACH && (!best || distance <= best.distance)) best = { at, distance };
  }
  return best?.at;
}

export type Direction = 'up' | 'down' | 'left' | 'right' | 'parent' | 'child';

/** The process that a key leads to from another; none if there is nothing there. */
export function step(
  lives: readonly Life[],
  layout: Layout,
  from: string | undefined,
  direction: Direction,
): string | undefined {
  const here = from === undefined ? undefined : layout.places.get(from);
  if (!here) return lives[layout.byRow[0]?.[0] ?? -1]?.id;
  const row = layout.byRow[here.row] ?? [];
  const place = row.findIndex((at) => lives[at]!.id === from);
  const life = lives[row[place]!]!;
  switch (direction) {
    case 'left':
      return lives[row[place - 1] ?? -1]?.id;
    case 'right':
      return lives[row[place + 1] ?? -1]?.id;
    case 'parent':
      return life.parent !== null && layout.places.has(life.parent) ? life.parent : undefined;
    case 'child': {
      const children = lives.filter((other) => other.parent === from);
      children.sort((one, other) => one.start - other.start);
      return children[0]?.id;
    }
    case 'up':
    case 'down': {
      const next = layout.byRow[here.row + (direction === 'up' ? -1 : 1)];
      if (!next) return undefined;
      const nearest = next.reduce((best, at) =>
        Math.abs(lives[at]!.start - life.start) < Math.abs(lives[best]!.start - life.start) ? at : best,
      );
      return lives[nearest]!.id;
    }
  }
}
