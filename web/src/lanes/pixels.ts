// A picture as plain numbers: thousands of bars are a few writes each here, and one call of the canvas. Drawn one by one
// they cost more than a frame where no GPU paints them.

/** Whether numbers have their lowest byte first, as on all that browsers run on today. */
const LITTLE = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1;

/** An opaque colour as a pixel: from `#rrggbb`; black if it is none. */
export function pixel(colour: string): number {
  const rgb = /^#[0-9a-f]{6}$/i.test(colour) ? parseInt(colour.slice(1), 16) : 0;
  const [r, g, b] = [rgb >>> 16, (rgb >>> 8) & 255, rgb & 255];
  return (LITTLE ? (255 << 24) | (b << 16) | (g << 8) | r : (r << 24) | (g << 16) | (b << 8) | 255) >>> 0;
}

/** A pixel between two others, `share` of the way to the second. */
export function mixed(one: number, other: number, share: number): number {
  let out = 0;
  for (let shift = 0; shift < 32; shift += 8) {
    const [from, to] = [(one >>> shift) & 255, (other >>> shift) & 255];
    out |= Math.round(from + (to - from) * share) << shift;
  }
  return out >>> 0;
}

/** Width from which a row is filled by the engine and not pixel by pixel. */
const WIDE = 24;

export class Pixels {
  readonly bytes: Uint8ClampedArray<ArrayBuffer>;
  private readonly words: Uint32Array<ArrayBuffer>;

  constructor(
    readonly width: number,
    readonly height: number,
  ) {
    const buffer = new ArrayBuffer(width * height * 4);
    this.bytes = new Uint8ClampedArray(buffer);
    this.words = new Uint32Array(buffer);
  }

  fill(colour: number): void {
    this.words.fill(colour);
  }

  /** A rectangle of whole pixels, cut at the edges; `right` and `bottom` are not in it. */
  rect(left: number, top: number, right: number, bottom: number, colour: number): void {
    const { words, width } = this;
    const [from, to] = [Math.max(left, 0), Math.min(right, width)];
    const last = Math.min(bottom, this.height);
    if (from >= to) return;
    for (let y = Math.max(top, 0); y < last; y++) {
      const row = y * width;
      if (to - from >= WIDE) words.fill(colour, row + from, row + to);
      else for (let at = row + from; at < row + to; at++) words[at] = colour;
    }
  }
}
