// What an event was about, in a few words: the last cell of the list. The same words as `tacho events`.

import { at, list, number, text } from './json';
import type { EventJson, Json } from '../api/model';

export function what(event: EventJson): string {
  const words = about(event) || path(at(event, 'file')) || '?';
  return at(event, 'evt', 'async') === true ? `${words} (io_uring)` : words;
}

function about(event: EventJson): string {
  const file = path(at(event, 'file'));
  const destination = at(event, 'file', 'destination');
  const detail = at(event, 'tacho', 'detail');
  switch (text(event, 'evt', 'name')) {
    case 'rename':
    case 'link':
      return `${file} -> ${path(destination)}`;
    case 'chmod': {
      const mode = number(destination, 'mode');
      return mode === undefined ? file : `${file} to ${(mode & 0o7777).toString(8).padStart(4, '0')}`;
    }
    case 'chown':
      return `${file} to ${id(number(destination, 'uid'))}:${id(number(destination, 'gid'))}`;
    case 'open':
      return [file, list(event, 'file', 'flags').join('|')].filter(Boolean).join('  ');
    case 'fork':
      return `by ${number(event, 'process', 'ppid') ?? '?'}`;
    case 'exec':
      return commandLine(at(event, 'process'));
    case 'exit':
      return exit(text(event, 'exit', 'cause'), number(event, 'exit', 'code'));
    case 'setuid':
      return change(event, ['uid', 'euid', 'fsuid']);
    case 'setgid':
      return change(event, ['gid', 'egid', 'fsgid']);
    case 'signal':
      return `${text(event, 'signal', 'type') ?? 'signal'} to ${other(at(event, 'signal', 'pid'), at(event, 'signal', 'target'))}`;
    case 'ptrace':
      return `${text(event, 'ptrace', 'request') ?? '?'} of ${other(at(event, 'ptrace', 'tracee', 'pid'), at(event, 'ptrace', 'tracee'))}`;
    case 'bind':
    case 'connect':
      return peer(event, 'destination');
    case 'accept':
      return peer(event, 'source');
    case 'dns':
      return `${text(event, 'dns', 'question', 'type') ?? '?'} ${text(event, 'dns', 'question', 'name') ?? '?'}`;
    case 'mount':
      return `${text(detail, 'source') ?? text(event, 'mount', 'source.path') ?? '?'} on ${text(event, 'mount', 'mountpoint.path') ?? '?'}`;
    case 'load_module':
      return `${text(event, 'module', 'name') ?? '?'} from ${at(event, 'module', 'loaded_from_memory') === true ? 'memory' : file}`;
    case 'unload_module':
      return text(event, 'module', 'name') ?? '?';
    case 'bpf':
      return [text(event, 'bpf', 'cmd'), text(event, 'bpf', 'program', 'name'), text(event, 'bpf', 'map', 'name')].filter(Boolean).join(' ');
    case 'sysctl':
      return `${text(detail, 'name') ?? '?'} ${text(detail, 'action') === 'write' ? '=' : 'is'} ${text(detail, 'value') ?? '?'}`;
    case 'prctl':
      return [text(detail, 'option'), text(detail, 'text')].filter(Boolean).join(' ');
    case 'setsockopt':
      return [text(detail, 'level'), text(detail, 'option'), text(detail, 'value')].filter(Boolean).join(' ');
    case 'mmap':
      return [text(event, 'mmap', 'protection'), file].filter(Boolean).join(' ');
    default:
      return '';
  }
}

/** A path, or why there is none. */
export function path(file: Json | undefined): string {
  const error = text(file, 'path_resolution_error');
  return text(file, 'path') ?? (error ? `(${error})` : '');
}

function id(value: number | undefined): string {
  return value === undefined || value < 0 ? '' : String(value);
}

/** The program and its arguments. */
export function commandLine(process: Json | undefined): string {
  const program = text(process, 'interpreter', 'path') ?? text(process, 'executable', 'path') ?? text(process, 'argv0');
  const rest = list(process, 'args').map(String);
  const cut = at(process, 'args_truncated') === true ? ['...'] : [];
  return [program ?? '(unknown program)', ...rest, ...cut].join(' ');
}

export function exit(cause: string | null | undefined, code: number | null | undefined): string {
  switch (cause) {
    case 'EXITED':
      return `status ${code ?? '?'}`;
    case 'SIGNALED':
      return `killed by signal ${code ?? '?'}`;
    case 'COREDUMPED':
      return `killed by signal ${code ?? '?'} (core dumped)`;
    default:
      return 'ended, unseen';
  }
}

function change(event: EventJson, names: readonly string[]): string {
  const before = at(event, 'process', 'credentials');
  const changes = names.flatMap((name) => {
    const [old, now] = [number(before, name), number(before, 'destination', name)];
    return old === undefined || now === undefined || old === now ? [] : [`${name} ${old} -> ${now}`];
  });
  return changes.join(', ') || 'no change';
}

function other(pid: Json | undefined, process: Json | undefined): string {
  const comm = text(process, 'comm');
  return `${typeof pid === 'number' ? pid : '?'}${comm ? ` (${comm})` : ''}`;
}

function peer(event: EventJson, side: 'source' | 'destination'): string {
  const unix = text(event, 'tacho', 'detail', 'path');
  if (unix) return `unix ${unix}`;
  const address = at(event, 'tacho', 'detail', 'addr') ?? at(event, 'network', side);
  const ip = text(address, 'ip')?.split('/')[0];
  if (!ip || ip === '<nil>') return text(address, 'family') ?? '';
  return `${ip.includes(':') ? `[${ip}]` : ip}:${number(address, 'port') ?? 0}`;
}
