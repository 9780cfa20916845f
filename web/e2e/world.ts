// The real thing around the page: a recorder, a store that it recorded, a server, a browser.

import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core';

const HERE = dirname(fileURLToPath(import.meta.url));
const TACHO = process.env['TACHO_BIN'] ?? join(HERE, '../../target/release/tacho');
/** Longest that anything is waited for, in milliseconds. */
const LIMIT = 60_000;

/** Things that end with the test, the newest first. */
export class World {
  readonly directory = mkdtempSync(join(tmpdir(), 'tachograph-page-'));
  private readonly children: ChildProcess[] = [];
  private browser: Browser | undefined;
  private readonly pages: Page[] = [];
  /** What no page may say: errors of its console, refusals by its Content-Security-Policy. */
  readonly complaints: string[] = [];

  path(name: string): string {
    return join(this.directory, name);
  }

  /** Records a command into a store, to its end. */
  record(store: string, ...command: string[]): void {
    const args = ['record', '--store', store, '--socket', this.path('record.sock'), '--listen', '127.0.0.1:0', '--no-auth', '--', ...command];
    const done = spawnSync(TACHO, args, { encoding: 'utf8', timeout: 4 * LIMIT, cwd: this.directory });
    if (done.error) throw done.error;
    if (done.status !== 0) throw new Error(`${TACHO} ${args.join(' ')} ended with ${done.status ?? done.signal}:\n${done.stderr}`);
  }

  /** A store with the planted intrusion, recorded in two parts: between them nobody recorded. */
  intrusion(): string {
    const [store, place] = [this.path('store'), this.path('incident')];
    mkdirSync(place);
    this.record(store, join(HERE, 'intrusion.sh'), place);
    this.record(store, 'true');
    return store;
  }

  /** What `sh` does with a command line in which `tacho` asks the server that was started first. */
  shell(command: string): string {
    const bin = this.path('bin');
    if (!existsSync(bin)) {
      mkdirSync(bin);
      symlinkSync(resolve(TACHO), join(bin, 'tacho'));
    }
    const env = { ...process.env, PATH: `${bin}:${process.env['PATH'] ?? ''}`, TACHO_SOCKET: this.path('0.sock') };
    const done = spawnSync('sh', ['-c', command], { encoding: 'utf8', timeout: LIMIT, env });
    if (done.status !== 0) throw new Error(`${command}\nended with ${done.status ?? done.signal}: ${done.stderr}`);
    return done.stdout;
  }

  /** Starts `tacho` with an address of its own, and tells that address. */
  async start(...args: string[]): Promise<string> {
    const child = spawn(TACHO, [...args, '--socket', this.path(`${this.children.length}.sock`), '--listen', '127.0.0.1:0'], {
      stdio: ['ignore', 'pipe', 'pipe'],
      cwd: this.directory,
    });
    this.children.push(child);
    return new Promise((told, reject) => {
      let text = '';
      const limit = setTimeout(() => reject(new Error(`tacho ${args.join(' ')} told no address:\n${text}`)), LIMIT);
      const read = (chunk: Buffer) => {
        text += chunk.toString();
        // To its end: a line of an unbuffered standard error comes in pieces, and half of an address is another's.
        const address = /(http:\/\/[^\s;]+)[\s;]/.exec(text)?.[1];
        if (!address) return;
        clearTimeout(limit);
        told(address.replace(/\/$/, ''));
      };
      child.stdout?.on('data', read);
      child.stderr?.on('data', read);
      child.on('exit', (code) => reject(new Error(`tacho ${args.join(' ')} ended with ${code}:\n${text}`)));
    });
  }

  /** Time of the processor that what was started has taken, in milliseconds: fields 14 and 15 of proc(5), 100 a second. */
  cpu(): number {
    return this.children.reduce((sum, child) => {
      const fields = readFileSync(`/proc/${child.pid}/stat`, 'utf8').replace(/^.*\) /s, '').split(' ');
      return sum + (Number(fields[11]) + Number(fields[12])) * 10;
    }, 0);
  }

  /** A page at an address, with everything that it complains of noted. */
  async open(address: string, options: { readonly dark?: boolean; readonly width?: number } = {}): Promise<Page> {
    this.browser ??= await chromium.launch({
      executablePath: executable(),
      // root has no use of the sandbox, and containers often none of /dev/shm.
      args: ['--no-sandbox', '--disable-dev-shm-usage', '--force-device-scale-factor=1'],
    });
    const context = await this.browser.newContext({
      viewport: { width: options.width ?? 1280, height: 800 },
      colorScheme: options.dark ? 'dark' : 'light',
      timezoneId: 'Europe/Berlin',
    });
    const built = process.env['TACHO_WEB_DIST'];
    if (built) await serveBuilt(context, built);
    const page = await context.newPage();
    this.pages.push(page);
    page.setDefaultTimeout(45_000);
    page.on('console', (message) => {
      if (message.type() === 'error' || /Content Security Policy/i.test(message.text())) this.complaints.push(`${message.text()} (${message.location().url})`);
    });
    page.on('pageerror', (error) => this.complaints.push(String(error)));
    page.on('request', (request) => {
      if (new URL(request.url()).host !== new URL(address).host) this.complaints.push(`asks elsewhere: ${request.url()}`);
    });
    await page.goto(address);
    return page;
  }

  /** Keeps a picture, outside of what is committed: when everything that was asked for is there, unless that is its subject. */
  async picture(page: Page, name: string, at: 'rest' | 'once' = 'rest'): Promise<void> {
    if (at === 'rest') {
      await page.locator('.loading').first().waitFor({ state: 'hidden' });
      await page.getByText('loading…').first().waitFor({ state: 'hidden' });
    }
    const directory = process.env['TACHO_SCREENSHOTS'] ?? join(HERE, '../screenshots');
    mkdirSync(directory, { recursive: true });
    await page.screenshot({ path: join(directory, `${name}.png`) });
  }

  /** Closes what a test opened; of one that failed, tells first what was to be read there. */
  async close(failed: boolean): Promise<void> {
    for (const page of this.pages.splice(0)) {
      if (failed) console.log(`${page.url()} showed:\n${await page.locator('body').innerText({ timeout: 5000 }).catch(String)}`);
      await page.context().close();
    }
    if (failed) console.log('complaints:', this.complaints);
  }

  async end(): Promise<void> {
    await this.browser?.close();
    for (const child of this.children) {
      const ended = new Promise((resolve) => child.on('exit', resolve));
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGTERM');
        await ended;
      }
    }
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** While the page is worked on: its files as Vite built them last, instead of those in the binary. */
async function serveBuilt(context: BrowserContext, directory: string): Promise<void> {
  await context.route(
    (url) => url.pathname === '/',
    async (route) => route.fulfill({ response: await route.fetch(), path: join(directory, 'index.html') }),
  );
  await context.route('**/assets/*', (route) => route.fulfill({ path: join(directory, new URL(route.request().url()).pathname) }));
}

function executable(): string {
  const named = process.env['CHROMIUM'] ?? 'chromium';
  if (named.includes('/')) return named;
  const found = (process.env['PATH'] ?? '').split(':').map((directory) => join(directory, named)).find((path) => existsSync(path));
  if (!found) throw new Error(`${named} is not on the PATH: ./x setup installs it`);
  return found;
}
