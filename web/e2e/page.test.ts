// The page over a real store with a planted intrusion.

import { readFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { findings, lines, ready, search } from './hand';
import { World } from './world';

const world = new World();
let address = '';

beforeAll(async () => {
  const store = world.intrusion();
  address = await world.start('serve', '--store', store, '--no-auth');
});
afterEach((context) => world.close(context.task.result?.state === 'fail'));
afterAll(() => world.end());

describe('someone who looks for an intrusion', () => {
  it('finds it by a word, follows it to its ancestors, and sends the link', async () => {
    const page = await world.open(address);
    await ready(page);
    await world.picture(page, '01-whole-store');
    // Whoever else reads that file on this machine meanwhile is not meant: a line that is out of sight is not in the document.
    await search(page, '/etc/shadow cat');
    await lines(page).filter({ hasText: 'cat' }).first().waitFor();
    await world.picture(page, '02-search');
    await lines(page).filter({ hasText: 'Refused' }).or(lines(page).filter({ hasText: 'EACCES' })).first().click();
    const detail = page.locator('.detail-panel');
    await detail.getByText('/etc/shadow').first().waitFor();
    await page.getByRole('tab', { name: 'Process' }).click();
    const ancestors = page.getByRole('navigation', { name: 'Ancestors' });
    await ancestors.getByText(/intrusion\.sh/).waitFor();
    await world.picture(page, '03-ancestors');
    await ancestors.getByRole('button', { name: /intrusion\.sh/ }).click();
    await page.getByRole('button', { name: 'Only this subtree' }).click();
    await expect.poll(() => page.url()).toContain('descendants=true');
    await search(page, 'comm:.kworkerd');
    await lines(page).filter({ hasText: '.kworkerd' }).first().waitFor();

    const other = await world.open(page.url());
    await lines(other).filter({ hasText: '.kworkerd' }).first().waitFor();
    expect(await other.locator('.filters').innerText()).toEqual(await page.locator('.filters').innerText());
    expect(other.url()).toBe(page.url());
    await world.picture(other, '04-link');
    await page.goBack();
    await expect.poll(() => page.url()).not.toContain('comm=');
  });

  it('sees where nobody recorded, and why', async () => {
    const page = await world.open(address);
    await ready(page);
    const gaps = page.locator('.spans .gaps');
    await gaps.waitFor();
    await gaps.locator('summary').click();
    await gaps.getByText('nobody recorded').first().waitFor();
    await world.picture(page, '05-gaps');
  });

  it('brushes a span, zooms, and comes back', async () => {
    const page = await world.open(address);
    await ready(page);
    const box = (await page.locator('.histogram').nth(1).locator('.u-over').boundingBox())!;
    await page.mouse.move(box.x + box.width * 0.05, box.y + 40);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.15, box.y + 40, { steps: 5 });
    await page.mouse.up();
    await expect.poll(() => page.url()).toContain('since=');
    const first = page.url();
    await page.locator('.lanes').focus();
    await page.keyboard.press('+');
    await expect.poll(() => page.url()).not.toBe(first);
    await world.picture(page, '06-zoomed');
    // The wheel over the histogram zooms as well, at the pointer.
    const near = page.url();
    await page.mouse.move(box.x + box.width * 0.5, box.y + 40);
    await page.mouse.wheel(0, -200);
    await expect.poll(() => page.url()).not.toBe(near);
    await page.reload();
    await ready(page);
    expect(page.url()).toContain('since=');
    await page.keyboard.press('0');
    await expect.poll(() => page.url()).not.toContain('since=');
  });

  it('needs nothing but a keyboard', async () => {
    const page = await world.open(address);
    await ready(page);
    await page.keyboard.press('?');
    await page.getByRole('dialog').waitFor();
    await world.picture(page, '07-keys');
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'hidden' });
    await search(page, 'comm:stage2.sh');
    // Lines from before the search are not meant: they go, and a key that is pressed between finds none.
    await expect.poll(() => lines(page).evaluateAll((all) => all.length > 0 && all.every((line) => line.textContent?.includes('stage2.sh')))).toBe(true);
    await page.keyboard.press('4');
    await page.keyboard.press('ArrowDown');
    await expect.poll(() => page.url()).toContain('event=');
    await page.keyboard.press('x');
    await page.keyboard.press('2');
    const tree = page.getByRole('tree');
    await tree.waitFor();
    await tree.focus();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowLeft');
    await world.picture(page, '08-tree');
    await page.keyboard.press('1');
    await ready(page);
    await page.locator('.lanes').focus();
    await page.keyboard.press('p');
    await page.keyboard.press('z');
    await page.keyboard.press('s');
    await expect.poll(() => page.url()).toContain('descendants=true');
  });

  it('shows an instant as a tree', async () => {
    const page = await world.open(`${address}/?pane=tree`);
    await page.getByRole('button', { name: 'At the end of the span' }).click();
    await expect.poll(() => page.url()).toContain('at=');
    await page.locator('.tree .node').first().waitFor();
    await world.picture(page, '09-tree-at');
  });

  it('finds a process in the tree, with those above it, and keeps to its subtree', async () => {
    const page = await world.open(`${address}/?pane=tree`);
    await page.locator('.tree .node').first().waitFor();
    await page.getByRole('searchbox', { name: 'Find in the tree' }).fill('kworkerd');
    const nodes = page.getByRole('treeitem');
    await page.getByText(/^[1-9]\d* found/).waitFor();
    await nodes.filter({ hasText: '.kworkerd' }).first().waitFor();
    await nodes.filter({ hasText: 'intrusion.sh' }).first().waitFor();
    expect(await nodes.filter({ hasText: 'stage2.sh' }).count()).toBe(0);
    await page.keyboard.press('Enter');
    await expect.poll(() => page.url()).toContain('selected=');
    await world.picture(page, '14-tree-search');
    await page.locator('.tree-pane').getByRole('button', { name: 'Only this subtree' }).click();
    await expect.poll(() => page.url()).toContain('descendants=true');
  });

  it('clicks a value to filter by it, and takes the filter away again', async () => {
    const page = await world.open(`${address}/?name=exec`);
    await lines(page).first().click();
    await page.locator('.detail-panel button.value[title^="Filter: comm="]').first().click();
    await expect.poll(() => page.url()).toContain('comm=');
    await page.getByRole('button', { name: /^Remove filter comm/ }).click();
    await expect.poll(() => page.url()).not.toContain('comm=');
  });

  it('takes the evidence away', async () => {
    const page = await world.open(`${address}/?path=%2Fetc%2Fshadow`);
    await lines(page).first().waitFor();
    await page.getByText('Export').click();
    const [download] = await Promise.all([page.waitForEvent('download'), page.getByText('Download as NDJSON').click()]);
    const events = readFileSync(await download.path(), 'utf8').trim().split('\n').map((line) => JSON.parse(line) as { file: { path: string } });
    expect(events.length).toBeGreaterThan(0);
    for (const event of events) expect(event.file.path).toBe('/etc/shadow');
  });

  it('knows the words of the API', async () => {
    const page = await world.open(address);
    await ready(page);
    await search(page, 'connect 127.0.0.1:4444');
    await expect.poll(() => page.url()).toContain('name=connect');
    await lines(page).filter({ hasText: ':4444' }).first().waitFor();
  });

  it('follows causes, and shows the evidence', async () => {
    const page = await world.open(`${address}/?comm=.kworkerd`);
    await lines(page).first().click();
    await page.getByRole('tab', { name: 'Process' }).click();
    await page.getByRole('button', { name: 'Where did it come from?' }).click();
    const story = page.getByRole('list', { name: 'The links in order of time' });
    await story.getByText(/cp \d+ wrote .*\.kworkerd/).first().waitFor();
    await world.picture(page, '13-trace');
    const before = page.url();
    await story.getByRole('button', { name: /^event / }).first().click();
    await expect.poll(() => page.url()).not.toBe(before);
    await page.getByRole('button', { name: 'What came of it?' }).click();
    await page.getByText('What came of').first().waitFor();
    expect(await findings(page)).toEqual([]);
  });

  it('is told what is empty and what is wrong', async () => {
    const page = await world.open(`${address}/?comm=nobodysname`);
    await page.getByText('No event fits these filters').waitFor();
    await world.picture(page, '10-nothing');
    await search(page, 'user:');
    await page.getByRole('alert').getByText('has no value').waitFor();
    await page.goto(`${address}/?pid=notanumber`);
    await page.getByRole('alert').first().waitFor();
    await world.picture(page, '11-refused');
    // The server's refusals are what this is about.
    world.complaints.splice(0);
  });
});

describe('an answer that is not there, or not whole', () => {
  it('is waited for, is told to have failed, and is asked for again', async () => {
    const page = await world.open(`${address}/healthz`);
    let answer: 'wait' | 'fail' | 'go' = 'wait';
    const waiting: (() => void)[] = [];
    await page.route(/\/(timeline|processes|events)\?/, async (route) => {
      if (answer === 'wait') await new Promise<void>((resolve) => waiting.push(resolve));
      if (answer === 'fail') await route.abort('connectionrefused');
      else await route.continue();
    });
    await page.goto(address);
    await page.getByText('Asking for processes').waitFor();
    await page.getByText('Counting events').waitFor();
    await world.picture(page, '15-loading', 'once');
    answer = 'fail';
    for (const go of waiting.splice(0)) go();
    await page.getByText('Could not get the processes.').waitFor();
    await page.getByText('Could not get the histogram.').waitFor();
    await page.getByText('Could not get the events.').waitFor();
    await world.picture(page, '16-failed');
    expect(await findings(page)).toEqual([]);
    answer = 'go';
    for (const what of ['the histogram', 'the processes', 'the events']) {
      await page.getByRole('alert').filter({ hasText: `Could not get ${what}.` }).getByRole('button', { name: 'Try again' }).click();
    }
    await ready(page);
    await lines(page).first().waitFor();
    await page.locator('.histogram canvas').nth(1).waitFor();
    expect(await page.getByRole('alert').count()).toBe(0);
    // That nobody answered was asked for.
    world.complaints.splice(0);
  });

  it('says what of it is missing', async () => {
    const page = await world.open(`${address}/healthz`);
    await page.route(/\/(processes|tree)\?/, async (route) => {
      const url = new URL(route.request().url());
      // The page that would come behind: no such cursor was given out.
      const behind = url.searchParams.has('cursor') ? { processes: [] } : {};
      url.searchParams.delete('cursor');
      const response = await route.fetch({ url: String(url) });
      const cut = { reason: 'more processes match than one answer has' };
      await route.fulfill({ response, json: { ...((await response.json()) as object), ...behind, next: 'more', complete: false, cut } });
    });
    await page.goto(address);
    await ready(page);
    await page.getByText('of more: the first').waitFor();
    await world.picture(page, '17-partial');
    await page.keyboard.press('2');
    await page.getByText('cut: more processes match').waitFor();
  });

  it('is said to be nothing where there is nothing', async () => {
    const page = await world.open(`${address}/healthz`);
    await page.route(/\/stats$/, async (route) => {
      const response = await route.fetch();
      const stats = (await response.json()) as { store: object };
      await route.fulfill({ response, json: { ...stats, store: { ...stats.store, oldest: null, newest: null, events: 0 } } });
    });
    await page.goto(address);
    await page.getByText('This store is empty.').waitFor();
    await world.picture(page, '18-empty');
  });
});

describe('the page', () => {
  it('has no serious finding of axe in either theme and every pane', async () => {
    for (const dark of [false, true]) {
      const page = await world.open(`${address}/?name=exec`, { dark });
      await ready(page);
      await lines(page).first().click();
      await page.locator('.detail-panel h3').waitFor();
      await world.picture(page, dark ? '12-dark' : '12-light');
      expect(await findings(page)).toEqual([]);
      await page.keyboard.press('2');
      await page.locator('.tree .node').first().waitFor();
      expect(await findings(page)).toEqual([]);
      await page.keyboard.press('?');
      expect(await findings(page)).toEqual([]);
    }
  });
  it('complained of nothing, and asked nobody else', () => {
    expect(world.complaints).toEqual([]);
  });
});
