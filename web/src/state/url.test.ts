import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { address, curl, quoted, tacho } from './commands';
import { added, FILTERS, removed, type Filters } from './filters';
import { formatView, parseView, START, type View } from './url';

const text = fc.string({ minLength: 1, unit: 'grapheme' });
const filters: fc.Arbitrary<Filters> = fc
  .array(fc.tuple(fc.constantFrom(...FILTERS.filter((name) => name !== 'descendants')), text))
  .map((all) => all.reduce<Filters>((own, [name, value]) => added(own, name, value), {}));
const views: fc.Arbitrary<View> = fc.record({
  span: fc.option(fc.integer({ min: 0, max: 2e12 }).map((from) => ({ from, to: from + 1000 }))),
  filters,
  process: fc.option(fc.stringMatching(/^[0-9a-f]{4,56}$/)),
  event: fc.option(fc.nat().map(String)),
  pane: fc.constantFrom('lanes', 'tree', 'trace'),
  at: fc.option(fc.integer({ min: 0, max: 2e12 })),
  colour: fc.constantFrom('user', 'category', 'comm', 'exit'),
  rows: fc.constantFrom('large', 'small', 'tiny'),
  details: fc.constantFrom('event', 'process'),
  direction: fc.constantFrom('backward', 'forward'),
  find: fc.string({ unit: 'grapheme' }),
  zone: fc.constantFrom('utc', 'local'),
  order: fc.constantFrom('asc', 'desc'),
  live: fc.boolean(),
  only: fc.boolean(),
  trace: fc.option(fc.constantFrom('path:/etc/passwd', '10.0.0.1:443')),
});

describe('the address of a view', () => {
  it('brings the same view back', () => {
    fc.assert(
      fc.property(views, (view) => {
        expect(parseView(formatView(view))).toEqual(view);
      }),
    );
  });
  it('is empty at the start, and anything can be read', () => {
    expect(formatView(START)).toBe('');
    fc.assert(
      fc.property(fc.string(), (query) => {
        parseView(query);
      }),
    );
    expect(parseView('since=x&until=y&pane=nothing&event=-1&descendants=true')).toEqual(START);
  });
});

describe('filters', () => {
  it('are added and removed', () => {
    const own = added(added({}, 'process', 'abc'), 'descendants', 'true');
    expect(removed(own, 'process', 'abc')).toEqual({});
    expect(added(own, 'process', 'abc')).toBe(own);
  });
});

describe('commands', () => {
  it('survive a shell', () => {
    expect(quoted("it's")).toBe(`'it'\\''s'`);
    expect(quoted('/etc/passwd')).toBe('/etc/passwd');
    expect(quoted('$(reboot)')).toBe(`'$(reboot)'`);
  });
  it('ask for what is shown', () => {
    const own: Filters = { process: ['ab'], descendants: ['true'], path: ['/tmp/a b/**'] };
    const span = { from: Date.UTC(2026, 0, 1), to: Date.UTC(2026, 0, 2) };
    expect(tacho(own, span)).toBe(
      `tacho events --process ab --descendants --path '/tmp/a b/**' --since 2026-01-01T00:00:00.000000Z --until 2026-01-02T00:00:00.000000Z --all -o ndjson`,
    );
    expect(curl('http://127.0.0.1:7878', own, null)).toContain(`--data-urlencode 'path=/tmp/a b/**'`);
    expect(address('/events', [['path', '/a&b']])).toBe('/events?path=%2Fa%26b');
  });
});
