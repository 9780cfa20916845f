// The page over a recorder that records.

import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { World } from './world';

const world = new World();
let address = '';

beforeAll(async () => {
  address = await world.start('record', '--store', world.path('store'), '--no-auth');
});
afterAll(() => world.end());

describe('live mode', () => {
  it('shows what happens as it happens, and lets go when the reader looks back', async () => {
    writeFileSync(world.path('marker-before'), '');
    const page = await world.open(address);
    await page.locator('.lanes canvas[data-drawn]').waitFor();
    await page.keyboard.press('l');
    await page.getByRole('button', { name: 'Live: live' }).waitFor();
    const marker = world.path('marker-of-live-mode');
    writeFileSync(marker, 'x');
    await page.locator('.lines .line').filter({ hasText: 'marker-of-live-mode' }).first().waitFor();
    await world.picture(page, '20-live');
    expect(page.url()).toContain('live=true');
    // Enough lines to have something to scroll back to.
    await expect
      .poll(
        async () => {
          spawnSync('/bin/ls', ['/']);
          return page.locator('.lines').evaluate((element) => element.scrollHeight > 3 * element.clientHeight);
        },
        { timeout: 30_000 },
      )
      .toBe(true);
    await page.locator('.lines').hover();
    await page.mouse.wheel(0, -600);
    await expect.poll(() => page.url()).not.toContain('live=true');
    expect(world.complaints).toEqual([]);
  });
});
