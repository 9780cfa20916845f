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
  /** Its beginning and end as the API sent them; null: before recording, and while it lives. */
  readonly began: string | null;
  readonly ended: string | null;
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
    user: process.user || (process.uid === undefined ? '?' : `uid ${process.uid}`),
    comm,
    // An image from before the fork is the parent's.
    execs: execs.filter((time) => time >= start),
    badges: badges(process),
    ending: ending(process.exit),
    path: last?.executable.path ?? '',
    began: process.start,
    ended: process.exit?.time ?? null,
  };
}

/** The processes of a set with those above them, as far as they are there. */
export function withAncestors(bars: readonly Bar[], ids: ReadonlySet<string>): Bar[] {
  const index = new Map(bars.map((own) => [own.id, own]));
  const kept = new Set<string>();
  for (const id of ids) {
    for (let own = index.get(id); own && !kept.has(own.id); own = own.parent === null ? undefined : index.get(own.parent)) kept.add(own.id);
  }
  return bars.filter((own) => kept.has(own.id));
}

/** Number of colours for names. */
export const HUES = 8;

/** The same name has the same colour on every page. */
export function hue(name: string): number {
  let hash = 2166136261;
  for (const letter of name) hash = Math.imul(hash ^ letter.codePointAt(0)!, 16777619);
  return ((hash ^ (hash >>> 16)) >>> 0) % HUES;
}

/** Categories of what processes did, those that say most first: most processes have events of the later ones. */
export const SAYING = ['network', 'kernel', 'file', 'process'] as const;
export type Saying = (typeof SAYING)[number];

/** What processes did, by their ids, as far as it is known. */
export type Deeds = ReadonlyMap<string, Saying>;

/** What a bar's colour stands for: a word of the legend. */
export function meaningOf(bar: Bar, by: Colour, deeds: Deeds): string {
  if (by === 'exit') return ENDINGS[bar.ending];
  if (by === 'category') return deeds.get(bar.id) ?? 'process';
  return by === 'user' ? bar.user : bar.comm;
}

const ENDINGS: Readonly<Record<Ending, string>> = { alive: 'alive', ok: 'status 0', failed: 'other status', killed: 'killed', unseen: 'end unseen' };

/** Name of the style sheet's colour for a bar. */
export function colourOf(bar: Bar, by: Colour, deeds: Deeds): string {
  if (by === 'exit') return `end-${bar.ending}`;
  if (by === 'category') return `did-${deeds.get(bar.id) ?? 'process'}`;
  if (by === 'user') return bar.uid === 0 ? 'root' : `hue-${hue(bar.user)}`;
  return `hue-${hue(bar.comm)}`;
}
