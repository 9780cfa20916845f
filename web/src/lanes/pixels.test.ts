import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mixed, pixel, Pixels } from './pixels';

const edge = fc.integer({ min: -60, max: 120 });

describe('a picture of pixels', () => {
  it('has the colour inside of a rectangle, and nothing of it outside', () => {
    fc.assert(
      fc.property(edge, edge, edge, edge, (left, top, right, bottom) => {
        const own = new Pixels(70, 40);
        const [back, front] = [pixel('#102030'), pixel('#a0b0c0')];
        own.fill(back);
        own.rect(left, top, right, bottom, front);
        const words = new Uint32Array(own.bytes.buffer);
        for (let y = 0; y < 40; y++) {
          for (let x = 0; x < 70; x++) {
            const inside = x >= left && x < right && y >= top && y < bottom;
            if (words[y * 70 + x] !== (inside ? front : back)) throw new Error(`at ${x}, ${y}`);
          }
        }
      }),
    );
  });
  it('has bytes as a canvas takes them', () => {
    const own = new Pixels(1, 1);
    own.fill(pixel('#102030'));
    expect([...own.bytes]).toEqual([0x10, 0x20, 0x30, 255]);
    expect(pixel('red')).toBe(pixel('#000000'));
  });
  it('mixes colours, and stays opaque', () => {
    const [black, white] = [pixel('#000000'), pixel('#ffffff')];
    expect(mixed(black, white, 0)).toBe(black);
    expect(mixed(black, white, 1)).toBe(white);
    expect(mixed(black, white, 0.5)).toBe(pixel('#808080'));
  });
});
