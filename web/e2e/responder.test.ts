// What a responder does with the page, over a real store with a planted intrusion.

import { cpSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { findings, lines, ready, search } from './hand';
import { World } from './world';

const world = new World();
let store = '';
let address = '';

beforeAll(async () => {
  store = world.intrusion();
  address = await world.start('serve', '--store', store, '--no-auth');
});
afterEach((context) => world.close(context.task.result?.state === 'fail'));
afterAll(() => world.end());

/** The planted program, as the API knows it. */
async function planted(): Promise<{ id: string; pid: number }> {
  const answer = (await (await fetch(`${address}/processes?comm=.kworkerd&fields=id,pid`)).json()) as { processes: { id: string; pid: number }[] };
  return answer.processes[0]!;
}

describe('a responder', () => {
  it('searches by pid, name, path, user and address', async () => {
    const { pid } = await planted();
    for (const [words, filter, found] of [
      [String(pid), `pid=${pid}`, String(pid)],
      ['cat', 'comm=cat', 'cat'],
      ['/etc/shadow', 'path=%2Fetc%2Fshadow', '/etc/shadow'],
      ['stage2.sh', 'path=**%2Fstage2.sh', 'stage2.sh'],
      ['user:nobody', 'user=nobody', 'nobody'],
      ['127.0.0.1:4444', 'ip=127.0.0.1&port=4444', '127.0.0.1:4444'],
    ] as const) {
      const page = await world.open(address);
      await ready(page);
      await search(page, words);
      await expect.poll(() => page.url()).toContain(filter);
      await expect.poll(() => lines(page).evaluateAll((all, text) => all.length > 0 && all.every((line) => line.textContent?.includes(text)), found), { message: words }).toBe(true);
      await world.close(false);
    }
  });

  it('goes from an event to its process, to all of its events, and back', async () => {
    const { id } = await planted();
    const page = await world.open(`${address}/?comm=.kworkerd`);
    await lines(page).first().click();
    const detail = page.locator('.detail-panel');
    await detail.getByRole('heading', { name: /^exec/ }).waitFor();
    await world.picture(page, '22-event');
    await detail.getByRole('button', { name: 'Its process' }).click();
    await detail.getByRole('heading', { name: /^\.kworkerd/ }).waitFor();
    await page.getByRole('navigation', { name: 'Ancestors' }).getByText(/intrusion\.sh/).waitFor();
    await world.picture(page, '23-process');
    await detail.getByRole('button', { name: 'Only this process' }).click();
    await expect.poll(() => page.url()).toContain(`process=${id}`);
    await page.getByRole('tab', { name: 'Event' }).click();
    await detail.getByRole('heading', { name: /^exec/ }).waitFor();
    for (let step = 0; step < 3; step++) await page.goBack();
    await expect.poll(() => page.url()).not.toContain('details=process');
    await detail.getByRole('heading', { name: /^exec/ }).waitFor();
    expect(page.url()).toContain('comm=.kworkerd');
  });

  it('sees the process of a bar that is clicked, whatever was selected before', async () => {
    const page = await world.open(`${address}/?comm=.kworkerd`);
    await lines(page).first().click();
    await page.locator('.detail-panel').getByRole('heading', { name: /^exec/ }).waitFor();
    await page.locator('.lanes').focus();
    await page.keyboard.press('Home');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Escape');
    await page.keyboard.press('x');
    await expect.poll(() => page.locator('.lanes-note').innerText()).toMatch(/^\d{2,} processes/);
    // The first row is that of the oldest process, alive all the time.
    await page.locator('.lanes canvas').click({ position: { x: 30, y: 10 } });
    await page.locator('.detail-panel').getByRole('heading', { name: /pid 1$/ }).waitFor();
    expect(page.url()).toContain('details=process');
  });

  it('is told what nobody knows', async () => {
    const { id } = await planted();
    const page = await world.open(`${address}/healthz`);
    await page.route(`**/processes/${id}`, async (route) => {
      const response = await route.fetch();
      const life = (await response.json()) as { images: object[] };
      await route.fulfill({ response, json: { ...life, start: null, user: '', images: life.images.map((image) => ({ ...image, exec_time: null, executable: {} })) } });
    });
    await page.goto(`${address}/?selected=${id}`);
    await page.locator('.detail-panel h3').waitFor();
    for (const of of ['began', 'user']) await page.locator('.member', { hasText: of }).locator('.unknown').waitFor();
    await page.locator('.images').getByText('unknown program').first().waitFor();
    await world.picture(page, '31-unknown');
  });

  it('colours bars by what is asked, and is told what the colours mean', async () => {
    const page = await world.open(address);
    await ready(page);
    const legend = page.getByRole('list', { name: 'Colours of bars' });
    for (const [by, words] of [
      ['user', ['root', 'nobody']],
      ['category', ['kernel', 'file']],
      ['comm', ['ls']],
      ['exit', ['status 0', 'other status', 'killed']],
    ] as const) {
      await page.getByLabel('Colour', { exact: true }).selectOption(by);
      for (const word of words) await legend.getByText(word, { exact: true }).waitFor();
      // The first word's colour is one of the picture's.
      const colour = await legend.locator('li', { hasText: words[0] }).first().locator('.swatch').evaluate((element) => getComputedStyle(element).backgroundColor);
      const [r, g, b] = /rgb\((\d+), (\d+), (\d+)\)/.exec(colour)!.slice(1).map(Number) as [number, number, number];
      await page.getByLabel('Rows').selectOption('tiny');
      const drawn = () =>
        page.locator('.lanes canvas').evaluate(
          (element, [r, g, b]) => {
            const canvas = element as HTMLCanvasElement;
            const { data } = canvas.getContext('2d')!.getImageData(0, 0, canvas.width, canvas.height);
            for (let at = 0; at < data.length; at += 4) if (data[at] === r && data[at + 1] === g && data[at + 2] === b) return true;
            return false;
          },
          [r, g, b],
        );
      await expect.poll(drawn, { message: `${words[0]} ${colour}` }).toBe(true);
      await world.picture(page, `24-by-${by}`);
    }
    await page.getByLabel('Colour', { exact: true }).selectOption('user');
    await legend.getByRole('button', { name: 'nobody' }).click();
    await expect.poll(() => page.url()).toContain('user=nobody');
  });

  it('keeps only the processes that did what is listed, and those above them', async () => {
    const page = await world.open(`${address}/?path=%2Fetc%2Fshadow`);
    await ready(page);
    const count = async () => Number(/^(\d+) process/.exec(await page.locator('.lanes-note').innerText())?.[1]);
    await page.getByRole('button', { name: 'Only these' }).waitFor();
    const before = await count();
    await page.getByRole('button', { name: 'Only these' }).click();
    await expect.poll(count).toBeLessThan(before);
    expect(await count()).toBeGreaterThan(1);
    const kept = await count();
    await world.picture(page, '25-only-these');
    await page.reload();
    await expect.poll(count).toBe(kept);
  });

  it('opens a link over a copied store, and sees the same', async () => {
    const page = await world.open(`${address}/?comm=.kworkerd&pane=tree&colour=comm&zone=local`);
    await lines(page).first().click();
    await page.locator('.detail-panel h3').waitFor();
    const copied = world.path('copied');
    cpSync(store, copied, { recursive: true });
    const other = await world.start('serve', '--store', copied, '--no-auth');
    await expect.poll(() => page.url()).toContain('event=');
    const same = await world.open(page.url().replace(address, other));
    for (const part of ['.filters', '.spans-head', '.tree', '.lines', '.detail-panel']) {
      const wanted = await page.locator(part).first().innerText();
      await expect.poll(() => same.locator(part).first().innerText(), { message: part }).toBe(wanted);
    }
  });

  it('takes commands away that give the same events', async () => {
    const page = await world.open(`${address}/?path=%2Fetc%2Fshadow`);
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await lines(page).first().waitFor();
    const copied = async (what: string) => {
      await page.getByRole('button', { name: `Copy as ${what} command` }).or(page.getByRole('button', { name: `Copy as ${what}`, exact: true })).click();
      await page.getByText(`${what} command copied`).first().waitFor();
      return page.evaluate(() => navigator.clipboard.readText());
    };
    await page.getByText('Export').click();
    await world.picture(page, '26-export');
    const shown = await lines(page).count();
    const ndjson = world.shell(await copied('tacho')).trim().split('\n');
    const curl = JSON.parse(world.shell(await copied('curl'))) as { events: { date: string }[] };
    expect(ndjson.length).toBe(shown);
    expect(curl.events.map((event) => event.date)).toEqual(ndjson.map((line) => (JSON.parse(line) as { date: string }).date));
    await page.getByRole('button', { name: 'Copy link' }).click();
    await page.getByText('Link copied').first().waitFor();
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(page.url());
  });

  it('reads nanoseconds on hover, and times in the zone that is named', async () => {
    const page = await world.open(`${address}/?comm=.kworkerd`);
    const time = lines(page).first().locator('time');
    const utc = await time.getAttribute('title');
    expect(utc).toMatch(/:\d\d\.\d{9}$/);
    await ready(page);
    const box = (await page.locator('.lanes canvas').boundingBox())!;
    await expect.poll(async () => {
      // Wherever the bar is in its row.
      for (let x = 0; x < box.width; x += 3) {
        await page.mouse.move(box.x + x, box.y + 10);
        if (await page.locator('.tip').count()) return page.locator('.tip').innerText();
      }
      return '';
    }).toMatch(/\.\d{9} to \d\d:\d\d:\d\d\.\d{9}/);
    await world.picture(page, '27-tip');
    await page.keyboard.press('u');
    await page.getByText(/Time \(UTC\+0[12]:00\)/).waitFor();
    expect(await time.getAttribute('title')).not.toBe(utc);
    await page.keyboard.press('2');
    await expect.poll(() => page.locator('.tree .node .when').first().getAttribute('title')).toMatch(/\.\d{9}/);
  });

  it('sees what was cut', async () => {
    const page = await world.open(`${address}/?name=exec&exe=%2Fusr%2Fbin%2Ftrue,%2Fbin%2Ftrue`);
    const mark = page.locator('.lines .cut-mark').first();
    await mark.waitFor();
    await mark.click();
    await page.locator('.detail-panel .cut-mark').first().waitFor();
    await page.getByRole('tab', { name: 'Process' }).click();
    await page.locator('.detail-panel .images .cut-mark').first().waitFor();
    await world.picture(page, '28-cut');
  });

  it('looks at what is in a trace while the trace stays, and sends it as a link', async () => {
    const { id } = await planted();
    const page = await world.open(`${address}/?selected=${id}`);
    await page.getByRole('button', { name: 'Where did it come from?' }).click();
    const note = page.locator('.trace .lanes-note');
    await note.getByText(/What led to/).waitFor();
    const wanted = await note.innerText();
    await page.locator('.graph .node-row', { hasText: /cp \d+/ }).click();
    await page.locator('.detail-panel').getByRole('heading', { name: /^cp / }).waitFor();
    expect(await note.innerText()).toBe(wanted);
    // By its name in the list, which keys reach, as well.
    await page.locator('.story').getByRole('button', { name: /^intrusion\.sh \d+$/ }).first().press('Enter');
    await page.locator('.detail-panel').getByRole('heading', { name: /^intrusion\.sh/ }).waitFor();
    expect(await note.innerText()).toBe(wanted);
    await page.getByRole('button', { name: 'What came of it?' }).first().click();
    await note.getByText(/What came of/).waitFor();
    const other = await world.open(page.url());
    await other.locator('.trace .lanes-note').getByText(/What came of/).waitFor();
    expect(await other.locator('.trace .lanes-note').innerText()).toBe(await note.innerText());
    await world.picture(other, '29-trace-forward');
  });

  it('begins with a question, where nothing is known yet', async () => {
    for (const dark of [false, true]) {
      const page = await world.open(address, { dark });
      await ready(page);
      await lines(page).first().waitFor();
      await page.getByText('Export').click();
      expect(await findings(page)).toEqual([]);
      await page.getByText('Export').click();
      await world.picture(page, `32-begin-${dark ? 'dark' : 'light'}`);
    }
    for (const [question, line] of [
      ['Who talked to whom', 'connect'],
      ['What was refused', 'EACCES'],
      ['Touched: passwords and schedules', '/etc/shadow'],
      ['Files renamed, linked, removed', 'cron.new'],
    ] as const) {
      const page = await world.open(address);
      await page.getByRole('button', { name: question }).click();
      await lines(page).filter({ hasText: line }).first().waitFor();
      await world.close(false);
    }
  });

  it('does all of it by keys', async () => {
    const page = await world.open(address);
    await ready(page);
    await search(page, 'comm:.kworkerd');
    await expect.poll(() => lines(page).evaluateAll((all) => all.length > 0 && all.every((line) => line.textContent?.includes('.kworkerd')))).toBe(true);
    await page.keyboard.press('4');
    await page.keyboard.press('ArrowDown');
    await page.locator('.detail-panel').getByRole('heading', { name: /^exec/ }).waitFor();
    await page.keyboard.press('5');
    const focused = () => page.evaluate(() => document.activeElement?.textContent ?? '');
    for (let step = 0; step < 9 && (await focused()) !== 'Its process'; step++) await page.keyboard.press('Tab');
    expect(await focused()).toBe('Its process');
    await page.keyboard.press('Enter');
    await page.locator('.detail-panel').getByRole('heading', { name: /^\.kworkerd/ }).waitFor();
    await page.keyboard.press('3');
    await page.locator('.trace').waitFor();
    await expect.poll(() => page.url()).toContain('trace=process');
    await page.keyboard.press('1');
    await page.keyboard.press('+');
    await expect.poll(() => page.url()).toContain('since=');
    const near = page.url();
    await page.keyboard.press(']');
    await expect.poll(() => page.url()).not.toBe(near);
    await page.keyboard.press('0');
    await expect.poll(() => page.url()).not.toContain('since=');
    await page.keyboard.press('o');
    await expect.poll(() => page.url()).toContain('colour=category');
    const theme = () => page.evaluate(() => document.documentElement.dataset['theme']);
    const before = await theme();
    for (let step = 0; step < 2; step++) await page.keyboard.press('t');
    expect(await theme()).not.toBe(before);
    await page.keyboard.press('x');
    await expect.poll(() => page.url()).not.toContain('comm=');
  });

  it('needs no more than 1280 pixels', async () => {
    for (const pane of ['lanes', 'tree', 'trace']) {
      const { id } = await planted();
      const page = await world.open(`${address}/?pane=${pane}&selected=${id}&comm=.kworkerd&name=exec`, { width: 1280 });
      await page.locator('.detail-panel h3').waitFor();
      await lines(page).first().waitFor();
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(1280);
      // Nothing of the bars above the panes is cut off, or under something else.
      const over = await page.evaluate(() =>
        [...document.querySelectorAll<HTMLElement>('.top button, .spans-head *, .lanes-note button, .lanes-note select, .events-head *')]
          .filter((element) => element.getClientRects().length > 0)
          .filter((element) => {
            const box = element.getBoundingClientRect();
            return box.left < 0 || box.right > innerWidth || element.scrollWidth > element.clientWidth + 1 + (getComputedStyle(element).display === 'inline' ? Infinity : 0);
          })
          .map((element) => element.outerHTML.slice(0, 120)),
      );
      expect(over).toEqual([]);
      await world.picture(page, `30-1280-${pane}`);
    }
  });

  it('waits for no question twice', async () => {
    const page = await world.open(`${address}/healthz`);
    const asked: string[] = [];
    page.on('request', (request) => asked.push(new URL(request.url()).pathname + new URL(request.url()).search));
    await page.goto(address);
    await ready(page);
    await lines(page).first().waitFor();
    const count = (path: string) => asked.filter((own) => own.startsWith(path)).length;
    expect([count('/stats'), count('/timeline'), count('/processes'), count('/events')]).toEqual([1, 1, 1, 1]);
  });

  it('complained of nothing, and asked nobody else', () => {
    expect(world.complaints).toEqual([]);
  });
});
