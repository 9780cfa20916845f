// Draws the bars that are visible, and nothing else. Many thousand are drawn within a frame: by colour, without state.

import { toX, ticks, type Span } from '../view/scale';
import { colourOf, type Bar } from './bars';
import type { Layout } from './layout';
import { edges } from './pick';
import type { Colour } from '../state/url';
import type { Hatch } from '../view/timeline';

export interface Scene {
  readonly bars: readonly Bar[];
  readonly layout: Layout;
  readonly span: Span;
  readonly width: number;
  readonly height: number;
  readonly rowHeight: number;
  /** Pixels scrolled down. */
  readonly top: number;
  readonly by: Colour;
  readonly selected: string | null;
  readonly hovered: string | null;
  /** If not null, all others are dimmed. */
  readonly lit: ReadonlySet<string> | null;
  readonly hatches: readonly Hatch[];
  readonly shift: number;
}

export type Palette = (name: string) => string;

/** Least width of a bar that has words in it, and room that a letter takes, in pixels. */
const LABELLED = 24;
const LETTER = 6.6;

export function draw(context: CanvasRenderingContext2D, scene: Scene, palette: Palette): number {
  const { width, height, rowHeight, top, span, layout } = scene;
  context.clearRect(0, 0, width, height);
  grid(context, scene, palette);
  const first = Math.max(0, Math.floor(top / rowHeight));
  const last = Math.min(layout.rows - 1, Math.floor((top + height) / rowHeight));
  const thickness = Math.max(1, rowHeight - (rowHeight > 8 ? 4 : 1));
  const batches = new Map<string, number[]>();
  const dimmed: number[] = [];
  let drawn = 0;
  for (let row = first; row <= last; row++) {
    for (const at of layout.byRow[row] ?? []) {
      const bar = scene.bars[at]!;
      if (bar.start > span.to || bar.end < span.from) continue;
      drawn++;
      if (scene.lit && !scene.lit.has(bar.id)) dimmed.push(at);
      const name = colourOf(bar, scene.by);
      const list = batches.get(name);
      if (list) list.push(at);
      else batches.set(name, [at]);
    }
  }
  const y = (at: number) => layout.places.get(scene.bars[at]!.id)!.row * rowHeight - top + (rowHeight - thickness) / 2;
  const dim = new Set(dimmed);
  for (const [name, list] of batches) {
    context.fillStyle = palette(name);
    for (const bright of [true, false]) {
      context.globalAlpha = bright ? 1 : 0.22;
      for (const at of list) {
        if (dim.has(at) === bright) continue;
        const { left, right } = edges(scene.bars[at]!, span, width);
        context.fillRect(left, y(at), right - left, thickness);
      }
    }
  }
  context.globalAlpha = 1;
  if (rowHeight > 8) words(context, scene, palette, batches, y, thickness);
  outline(context, scene, palette, thickness);
  gaps(context, scene, palette);
  return drawn;
}

function grid(context: CanvasRenderingContext2D, scene: Scene, palette: Palette): void {
  context.fillStyle = palette('grid');
  for (const time of ticks(scene.span, scene.width, 110, scene.shift).times) {
    context.fillRect(Math.round(toX(scene.span, scene.width, time)), 0, 1, scene.height);
  }
}

/** Labels, marks of execs, and badges, where there is room. */
function words(
  context: CanvasRenderingContext2D,
  scene: Scene,
  palette: Palette,
  batches: ReadonlyMap<string, readonly number[]>,
  y: (at: number) => number,
  thickness: number,
): void {
  const { span, width, bars } = scene;
  context.font = '11px system-ui, sans-serif';
  context.textBaseline = 'middle';
  for (const list of batches.values()) {
    for (const at of list) {
      const bar = bars[at]!;
      const { left, right } = edges(bar, span, width);
      const middle = y(at) + thickness / 2 + 0.5;
      if (right - left > LABELLED) {
        const badges = bar.badges.map((badge) => badge.letter).join('');
        const from = Math.max(left, 0) + 4;
        const room = Math.floor((right - from - 4) / LETTER) - (badges ? badges.length + 1 : 0);
        context.fillStyle = palette('on-bar');
        if (room >= 3) context.fillText(bar.label.length > room ? `${bar.label.slice(0, room - 1)}…` : bar.label, from, middle);
        if (badges) context.fillText(badges, Math.max(from, Math.min(right, width) - badges.length * LETTER - 5), middle);
      }
      if (bar.execs.length > 0 && right - left > 6) {
        context.fillStyle = palette('exec');
        for (const time of bar.execs) {
          const x = toX(span, width, time);
          if (x >= left && x <= width) {
            context.beginPath();
            context.moveTo(x - 3, y(at) - 1);
            context.lineTo(x + 3, y(at) - 1);
            context.lineTo(x, y(at) + 4);
            context.fill();
          }
        }
      }
    }
  }
}

function outline(context: CanvasRenderingContext2D, scene: Scene, palette: Palette, thickness: number): void {
  for (const [id, name] of [
    [scene.hovered, 'hover'],
    [scene.selected, 'focus'],
  ] as const) {
    const place = id === null ? undefined : scene.layout.places.get(id);
    if (!place || id === null) continue;
    const bar = (scene.layout.byRow[place.row] ?? []).map((at) => scene.bars[at]!).find((own) => own.id === id);
    if (!bar) continue;
    const { left, right } = edges(bar, scene.span, scene.width);
    const top = place.row * scene.rowHeight - scene.top + (scene.rowHeight - thickness) / 2;
    context.strokeStyle = palette(name);
    context.lineWidth = 2;
    context.strokeRect(left - 1, top - 1, right - left + 2, thickness + 2);
  }
}

function gaps(context: CanvasRenderingContext2D, scene: Scene, palette: Palette): void {
  for (const hatch of scene.hatches) {
    const left = toX(scene.span, scene.width, hatch.from);
    const right = Math.max(toX(scene.span, scene.width, hatch.to), left + 3);
    hatched(context, left, 0, right - left, scene.height, palette('gap'));
  }
}

/** Slanted lines over a rectangle: nothing is known of that time. */
export function hatched(
  context: CanvasRenderingContext2D,
  left: number,
  top: number,
  width: number,
  height: number,
  colour: string,
): void {
  context.save();
  context.beginPath();
  context.rect(left, top, width, height);
  context.clip();
  context.strokeStyle = colour;
  context.globalAlpha = 0.55;
  context.lineWidth = 1.5;
  context.beginPath();
  // At a fixed distance from the origin, so that hatching does not swim when it is scrolled.
  const step = 8;
  for (let x = Math.floor((left - height) / step) * step; x < left + width; x += step) {
    context.moveTo(x, top + height);
    context.lineTo(x + height, top);
  }
  context.stroke();
  context.restore();
}
