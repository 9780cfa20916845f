import { describe, expect, it } from 'vitest';
import { clickOf } from './clickable';

describe('a click on a value of an event', () => {
  it('filters by it where the API has a filter', () => {
    const filter = (path: string, value: unknown) => {
      const click = clickOf(path, value);
      return click?.kind === 'filter' ? [click.name, click.value] : undefined;
    };
    expect(filter('file.path', '/etc/shadow')).toEqual(['path', '/etc/shadow']);
    expect(filter('process.ancestors.pid', 7)).toEqual(['pid', '7']);
    expect(filter('process.executable.path', '/bin/sh')).toEqual(['exe', '/bin/sh']);
    expect(filter('network.destination.ip', '10.0.0.1/32')).toEqual(['ip', '10.0.0.1']);
    expect(filter('tacho.detail.addr.port', 443)).toEqual(['port', '443']);
    expect(filter('file.name', 'shadow')).toEqual(['path', '**/shadow']);
    expect(filter('process.args', '/etc/shadow')).toEqual(['path', '/etc/shadow']);
  });
  it('leads to a moment', () => {
    expect(clickOf('process.exec_time', '2026-01-01T00:00:00.5Z')).toEqual({ kind: 'time', at: Date.UTC(2026, 0, 1) + 500 });
  });
  it('does nothing where it would mean something else', () => {
    expect(clickOf('file.inode', 7)).toBeUndefined();
    expect(clickOf('network.source.ip', '<nil>')).toBeUndefined();
    expect(clickOf('file.modification_time', '2026-01-01T00:00:00Z')).toBeUndefined();
    expect(clickOf('process.args', '/a b')).toBeUndefined();
    expect(clickOf('process.args', '/a/*')).toBeUndefined();
  });
});
