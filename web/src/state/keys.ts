// Keys of the whole page. Panes have arrow keys of their own.

import { signal } from '@preact/signals';
import { FIELD } from '../search/Search';
import { pan, zoom } from '../view/scale';
import { change, onlySubtree, processes, say, show, span, stats, view, whole } from './app';
import { letGo, toggleLive } from './live';
import { nextTheme } from './theme';
import { COLOURS } from './url';

export const help = signal(false);

interface Key {
  readonly keys: readonly string[];
  readonly words: string;
  readonly run: () => void;
}

/** A width for zooming around the middle: only its half counts. */
const WIDTH = 2;

function zoomBy(factor: number): void {
  const [now, all] = [span.peek(), whole.peek()];
  if (now && all) show(zoom(now, all, WIDTH, 1, factor), 'slide');
}

function panBy(share: number): void {
  const [now, all] = [span.peek(), whole.peek()];
  if (now && all) show(pan(now, all, share), 'slide');
}

function focusOn(selector: string): void {
  document.querySelector<HTMLElement>(selector)?.focus();
}

/** Shows the life of the selected process. */
function toSelected(): void {
  const [all, id] = [whole.peek(), view.peek().process];
  const loaded = processes.loaded.peek();
  const found = loaded.state === 'ready' ? loaded.value.processes.find((own) => own.id === id) : undefined;
  if (!all || !found) return;
  const from = found.start === null ? all.from : Date.parse(found.start);
  const to = found.exit ? Date.parse(found.exit.time) : all.to;
  const room = Math.max((to - from) * 0.1, 1);
  show({ from: Math.max(from - room, all.from), to: Math.min(to + room, all.to) });
}

export const KEYS: readonly Key[] = [
  { keys: ['?'], words: 'show or hide this map', run: () => (help.value = !help.peek()) },
  { keys: ['/'], words: 'search', run: () => focusOn(`#${FIELD}`) },
  { keys: ['1'], words: 'to the lanes', run: () => pane('lanes', '.lanes') },
  { keys: ['2'], words: 'to the tree', run: () => pane('tree', '.tree') },
  { keys: ['3'], words: 'to the trace of the selected process', run: trace },
  { keys: ['4', 'e'], words: 'to the list of events', run: () => focusOn('.lines') },
  { keys: ['5', 'd'], words: 'to the details', run: () => focusOn('#detail-panel') },
  { keys: ['+', '='], words: 'zoom in', run: () => zoomBy(0.5) },
  { keys: ['-'], words: 'zoom out', run: () => zoomBy(2) },
  { keys: ['[', 'a'], words: 'earlier', run: () => panBy(-0.25) },
  { keys: [']', 'f'], words: 'later', run: () => panBy(0.25) },
  { keys: ['0'], words: 'the whole store', run: () => change({ span: null }) },
  { keys: ['z'], words: 'the life of the selected process', run: toSelected },
  { keys: ['s'], words: 'only the selected process and its descendants', run: subtree },
  { keys: ['x'], words: 'no filters', run: () => change({ filters: {} }) },
  { keys: ['l'], words: 'follow what is recorded', run: toggleLive },
  { keys: ['r'], words: 'ask again', run: () => stats.reload() },
  { keys: ['o'], words: 'colour bars by user, category, program, end', run: recolour },
  { keys: ['t'], words: 'light, dark, as the system', run: () => say(`Theme: ${nextTheme()}`) },
  { keys: ['u'], words: 'times in UTC or local', run: () => change({ zone: view.peek().zone === 'utc' ? 'local' : 'utc' }) },
  { keys: ['Escape'], words: 'close, let go', run: escape },
];

/** Keys of panes, for the map. */
export const PANE_KEYS: readonly (readonly [string, string])[] = [
  ['arrows', 'lanes, tree and list: the next process or event'],
  ['p, c', 'lanes: to the parent, to the first child'],
  ['Ctrl + wheel', 'lanes: zoom at the pointer'],
  ['Shift + wheel, drag', 'lanes: move in time'],
  ['drag', 'histograms: choose a span'],
  ['wheel', 'lower histogram: zoom at the pointer'],
  ['double click', 'histograms: the whole store; bars: only that subtree'],
];

function pane(name: 'lanes' | 'tree' | 'trace', selector: string): void {
  change({ pane: name });
  requestAnimationFrame(() => focusOn(selector));
}

function trace(): void {
  const { process, trace: shown } = view.peek();
  change({ trace: process === null ? shown : `process:${process}` });
  pane('trace', '.trace');
}

function subtree(): void {
  const id = view.peek().process;
  if (id !== null) onlySubtree(id);
}

function recolour(): void {
  const now = COLOURS.indexOf(view.peek().colour);
  const next = COLOURS[(now + 1) % COLOURS.length]!;
  change({ colour: next }, 'slide');
  say(`Bars by ${next}`);
}

function escape(): void {
  if (help.peek()) help.value = false;
  else if (view.peek().live) letGo();
  else change({ event: null, process: null });
}

/** Listens for keys; where text is typed, only Escape is heard. */
export function listen(): () => void {
  const pressed = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    const target = event.target as HTMLElement;
    const typing = target.matches('input, textarea, select');
    if (typing) {
      if (event.key === 'Escape') target.blur();
      return;
    }
    const key = KEYS.find((own) => own.keys.includes(event.key));
    if (!key) return;
    event.preventDefault();
    key.run();
  };
  addEventListener('keydown', pressed);
  return () => removeEventListener('keydown', pressed);
}
