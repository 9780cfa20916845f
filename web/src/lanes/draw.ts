// Draws the bars that are visible, and nothing else. Many thousand are drawn within a frame: as pixels, then words over
// those that have room for them.

import { toX, ticks, type Span } from '../view/scale';
import type { Bar } from './bars';
import type { Layout } from './layout';
import { edges } from './pick';
import { mixed, pixel, Pixels } from './pixels';
import type { Hatch } from '../view/timeline';

export interface Scene {
  readonly bars: readonly Bar[];
  /** For each bar the name of its colour in the style sheet. */
  readonly colours: readonly string[];
  readonly layout: Layout;
  readonly span: Span;
  readonly width: number;
  readonly height: number;
  readonly rowHeight: number;
  /** Pixels scrolled down. */
  readonly top: number;
  readonly selected: string | null;
  readonly hovered: string | null;
  /** If not null, all others are dimmed. */
  readonly lit: ReadonlySet<string> | null;
  readonly hatches: readonly Hatch[];
  /** What is added to UTC to get the shown zone. */
  readonly shift: number;
  /** Pixels of the screen a pixel of the page. */
  readonly ratio: number;
}

export type Palette = (name: string) => string;

/** Least width of a bar that has words in it, and room that a letter takes, in pixels. */
const LABELLED = 24;
const LETTER = 6.6;
/** Rows at least so high have words. */
const WORDED = 8;
/** Rows at least so high have lines from parents to children, at least so far from each other in a row, in pixels. */
const JOINED = 20;
const BESIDE = 6;
/** Least distance of ticks, in pixels: that of the histogram above. */
export const APART = 90;

/** A bar as it stands on the screen, in pixels of the page. */
interface Drawn {
  readonly bar: Bar;
  readonly left: number;
  readonly right: number;
  readonly top: number;
  /** Where the next bar of the row begins. */
  next: number;
  readonly dim: boolean;
}

/** Share of a dimmed bar's own colour. */
const DIM = 0.22;

let kept: Pixels | undefined;

export function draw(context: CanvasRenderingContext2D, scene: Scene, palette: Palette): number {
  const { height, rowHeight, top, span, layout, width, ratio } = scene;
  const [wide, high] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (kept?.width !== wide || kept.height !== high) kept = new Pixels(wide, high);
  const pixels = kept;
  const colours = inks(palette);
  const back = colours('panel', false);
  pixels.fill(back);
  for (const time of ticks(span, width, APART, scene.shift).times) {
    const x = Math.round(toX(span, width, time) * ratio);
    pixels.rect(x, 0, x + Math.max(1, Math.round(ratio)), high, colours('grid', false));
  }
  const first = Math.max(0, Math.floor(top / rowHeight));
  const last = Math.min(layout.rows - 1, Math.floor((top + height) / rowHeight));
  const thickness = Math.max(1, rowHeight - (rowHeight > WORDED ? 4 : 1));
  const worded = rowHeight > WORDED;
  if (rowHeight >= JOINED) joints(pixels, scene, colours('line', false), first, last, thickness);
  const shown: Drawn[] = [];
  let drawn = 0;
  for (let row = first; row <= last; row++) {
    const y = row * rowHeight - top + (rowHeight - thickness) / 2;
    const [above, below] = [Math.round(y * ratio), Math.round((y + thickness) * ratio)];
    let before: number | undefined;
    for (const at of layout.byRow[row] ?? []) {
      const bar = scene.bars[at]!;
      if (bar.start > span.to || bar.end < span.from) continue;
      drawn++;
      const { left, right } = edges(bar, span, width);
      const dim = scene.lit !== null && !scene.lit.has(bar.id);
      const [from, to] = [Math.round(left * ratio), Math.round(right * ratio)];
      pixels.rect(from, above, to, below, colours(scene.colours[at]!, dim));
      // Bars that touch each other are still two.
      if (to - from > 3 && worded) pixels.rect(from, above, from + 1, below, colours(scene.colours[at]!, dim, true));
      if (!worded) continue;
      if (before !== undefined) shown[before]!.next = left;
      // Of bars on the same pixels one has words.
      if (before === undefined || left >= shown[before]!.right - 0.5 || right - left > LABELLED) {
        before = shown.push({ bar, left, right, top: y, next: width, dim }) - 1;
      }
    }
  }
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.putImageData(new ImageData(pixels.bytes, wide, high), 0, 0);
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  if (worded) words(context, scene, shown, palette, thickness);
  outline(context, scene, palette, thickness);
  gaps(context, scene, palette);
  return drawn;
}

/** Lines from the bars of parents down to where their children begin, behind all bars. */
function joints(pixels: Pixels, scene: Scene, ink: number, first: number, last: number, thickness: number): void {
  const { span, width, rowHeight, top, ratio, layout } = scene;
  const inset = (rowHeight - thickness) / 2;
  for (let row = first; row <= last; row++) {
    let before = -Infinity;
    for (const at of layout.byRow[row] ?? []) {
      const bar = scene.bars[at]!;
      if (bar.parent === null || bar.start > span.to || bar.start < span.from) continue;
      const x = toX(span, width, bar.start);
      if (x - before < BESIDE) continue;
      const parent = layout.places.get(bar.parent);
      if (!parent) continue;
      before = x;
      const left = Math.round(x * ratio);
      const from = Math.round(((parent.row + 1) * rowHeight - inset - top) * ratio);
      pixels.rect(left, from, left + Math.max(1, Math.round(ratio)), Math.round((row * rowHeight + inset - top) * ratio), ink);
    }
  }
}

/** Colours as pixels: plain, dimmed, or of an edge. */
function inks(palette: Palette): (name: string, dim: boolean, edge?: boolean) => number {
  const known = new Map<string, number>();
  const plain = (name: string) => {
    let found = known.get(name);
    if (found === undefined) known.set(name, (found = pixel(palette(name))));
    return found;
  };
  const derived = new Map<string, [number, number, number]>();
  return (name, dim, edge = false) => {
    if (!dim && !edge) return plain(name);
    let found = derived.get(name);
    if (!found) {
      const faint = mixed(plain('panel'), plain(name), DIM);
      derived.set(name, (found = [faint, mixed(plain(name), plain('on-bar'), 0.3), mixed(faint, plain('on-bar'), 0.1)]));
    }
    return found[edge ? (dim ? 2 : 1) : 0];
  };
}

/** Labels, marks of execs, and badges: in bars that have room, beside those that have none. */
function words(context: CanvasRenderingContext2D, scene: Scene, shown: readonly Drawn[], palette: Palette, thickness: number): void {
  const { span, width } = scene;
  context.font = `${thickness > 11 ? 11 : 8}px system-ui, sans-serif`;
  context.textBaseline = 'middle';
  const [inside, beside, exec] = [palette('on-bar'), palette('text'), palette('exec')];
  for (const { bar, left, right, top, next, dim } of shown) {
    const middle = top + thickness / 2 + 0.5;
    const marks = bar.badges.map((badge) => badge.letter).join('');
    context.globalAlpha = dim ? 0.6 : 1;
    if (thickness > 11 && right - left > LABELLED) {
      const from = Math.max(left, 0) + 5;
      const room = Math.floor((Math.min(right, width) - from - 4) / LETTER) - (marks ? marks.length + 1 : 0);
      context.fillStyle = inside;
      if (room >= 3) context.fillText(cut(bar.label, room), from, middle);
      if (marks) context.fillText(marks, Math.max(from, Math.min(right, width) - marks.length * LETTER - 5), middle);
    } else if (thickness > 11) {
      // Half a word beside a bar says less than none: the label and its marks, the label, or nothing.
      const room = Math.floor((Math.min(next, width) - right - 6) / LETTER);
      const text = [`${bar.label}${marks ? ` ${marks}` : ''}`, bar.label, bar.comm].find((own) => own.length <= room);
      context.fillStyle = beside;
      if (text !== undefined) context.fillText(text, right + 3, middle);
    }
    if (bar.execs.length > 0 && right - left > 6) {
      context.fillStyle = exec;
      for (const time of bar.execs) {
        const x = toX(span, width, time);
        if (x < left || x > width) continue;
        context.beginPath();
        context.moveTo(x - 3.5, top - 1);
        context.lineTo(x + 3.5, top - 1);
        context.lineTo(x, top + 5);
        context.fill();
      }
    }
  }
  context.globalAlpha = 1;
}

function cut(label: string, room: number): string {
  return label.length > room ? `${label.slice(0, room - 1)}…` : label;
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
export function hatched(context: CanvasRenderingContext2D, left: number, top: number, width: number, height: number, colour: string): void {
  context.save();
  context.globalAlpha = 0.55;
  context.fillStyle = pattern(context, colour);
  context.fillRect(left, top, width, height);
  context.restore();
}

/** Distance of the lines, in pixels. */
const STEP = 8;
const patterns = new Map<string, CanvasPattern>();

/** One tile of the lines, repeated from the canvas's own corner: hatching does not swim when it is scrolled. */
function pattern(context: CanvasRenderingContext2D, colour: string): CanvasPattern | string {
  const found = patterns.get(colour);
  if (found) return found;
  const tile = document.createElement('canvas');
  tile.width = tile.height = STEP;
  const own = tile.getContext('2d')!;
  own.strokeStyle = colour;
  own.lineWidth = 1.5;
  own.beginPath();
  for (const x of [-STEP, 0, STEP]) {
    own.moveTo(x, STEP);
    own.lineTo(x + STEP, 0);
  }
  own.stroke();
  const made = context.createPattern(tile, 'repeat');
  if (made) patterns.set(colour, made);
  return made ?? colour;
}
