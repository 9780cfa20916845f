// What a process looks like as a bar: its colour, its words, its marks.

import type { Process } from '../api/model';
import { exit } from '../list/what';
import type { Colour } from '../state/url';
import { parseTime, type Ms } from '../view/time';
import type { Life } from './layout';

/** A mark on a bar: a letter with a meaning that is not told by colour alone. */
export interface Badge {
  readonly letter: string;
  readonly words: string;
}

export interface Bar extends Life {
  readonly pid: number;
  readonly label: string;
  readonly uid: number | undefined;
  readonly user: string;
  readonly comm: string;
  readonly execs: readonly Ms[];
  readonly badges: readonly Badge[];
  /** How it ended: `alive`, `ok`, `failed`, `killed`, `unseen`. */
  readonly ending: Ending;
  readonly path: string;
}

export type Ending = 'alive' | 'ok' | 'failed' | 'killed' | 'unseen';

const SETUID = 0o4000;

export function ending(exit: Process['exit']): Ending {
  if (!exit) return 'alive';
  if (exit.cause === null) return 'unseen';
  if (exit.cause !== 'EXITED') return 'killed';
  return exit.code === 0 ? 'ok' : 'failed';
}

export function badges(process: Process): Badge[] {
  const out: Badge[] = [];
  const last = process.images.at(-1);
  const end = ending(process.exit);
  // An image from before the fork is its parent's: what that one was is marked there.
  const own = process.images.filter((image) => process.start === null || image.exec_time === null || parseTime(image.exec_time) >= parseTime(process.start));
  if (own.some((image) => ((image.executable.mode ?? 0) & SETUID) !== 0)) {
    out.push({ letter: 'S', words: 'ran a setuid program' });
  }
  const uids = new Set(own.map((image) => image.uid));
  if (process.uid !== undefined) uids.add(process.uid);
  if (uids.size > 1) out.push({ letter: 'U', words: `changed its user (${[...uids].join(' -> ')})` });
  if (last?.interpreter) out.push({ letter: '#', words: `a script, run by ${last.interpreter.path ?? '?'}` });
  if (process.container) out.push({ letter: 'C', words: `in container ${process.container}` });
  if (end === 'failed' || end === 'killed') {
    out.push({ letter: end === 'failed' ? '!' : 'K', words: exit(process.exit?.cause, process.exit?.code) });
  }
  if (process.parent === 'unknown') {
    out.push({ letter: '?', words: 'its parent is not known' });
  }
  return out;
}

export function bar(process: Process): Bar {
  const last = process.images.at(-1);
  const execs = process.images.flatMap((image) => (image.exec_time === null ? [] : [parseTime(image.exec_time)]));
  const start = process.start === null ? (execs[0] ?? -Infinity) : parseTime(process.start);
  const comm = process.comm || last?.comm || '?';
  return {
    id: process.id,
    parent: process.parent_id,
    start,
    end: process.exit ? Math.max(parseTime(process.exit.time), start) : Infinity,
    pid: process.pid,
    label: `${comm} ${process.pid}`,
    uid: process.uid,
    user: process.user || (process.uid === undefined ? '?' : String(process.uid)),
    comm,
    // An image from before the fork is the parent's.
    execs: execs.filter((time) => time >= start),
    badges: badges(process),
    ending: ending(process.exit),
    path: last?.executable.path ?? '',
  };
}

/** Number of colours for names. */
export const HUES = 8;

/** The same name has the same colour on every page. */
export function hue(name: string): number {
  let hash = 2166136261;
  for (const letter of name) hash = Math.imul(hash ^ letter.codePointAt(0)!, 16777619);
  return ((hash >>> 0) ^ (hash >>> 16)) % HUES;
}

/** Name of the style sheet's colour for a bar. */
export function colourOf(bar: Bar, by: Colour): string {
  if (by === 'exit') return `end-${bar.ending}`;
  if (by === 'user') return bar.uid === 0 ? 'root' : `hue-${hue(bar.user)}`;
  return `hue-${hue(bar.comm)}`;
}
