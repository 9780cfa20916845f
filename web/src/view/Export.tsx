// What is selected, to take away: a file of it, or the command that asks for it.

import { useState } from 'preact/hooks';
import { settle, span, view } from '../state/app';
import { address, curl, MOST_EVENTS, ORDERED, question, tacho } from '../state/commands';
import { copy } from '../state/copy';

export function Export() {
  const [done, setDone] = useState<string | null>(null);
  const { filters } = view.value;
  const own = span.value;
  const take = (what: string, text: string) => void copy(what, text).then(setDone);
  return (
    <details class="menu">
      <summary>Export</summary>
      <div class="menu-items">
        <a href={address('/events', question(filters, own, [['format', 'ndjson'], ...ORDERED]))} download="tachograph-events.ndjson">
          Download as NDJSON (first {MOST_EVENTS})
        </a>
        <button type="button" onClick={() => take('curl command', curl(location.origin, filters, own))}>
          Copy as curl
        </button>
        <button type="button" onClick={() => take('tacho command', tacho(filters, own))}>
          Copy as tacho command
        </button>
        <button type="button" onClick={() => {
            settle();
            take('Link', location.href);
          }}>
          Copy link to this view
        </button>
        {done !== null && <span class="muted">{done}</span>}
      </div>
    </details>
  );
}
