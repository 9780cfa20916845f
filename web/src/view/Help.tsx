// The map of keys and marks.

import { useEffect, useRef } from 'preact/hooks';
import { help, KEYS, PANE_KEYS } from '../state/keys';

const MARKS: readonly (readonly [string, string])[] = [
  ['▾ on a bar', 'a program was executed'],
  ['line between bars', 'down to where a child begins'],
  ['S', 'ran a setuid program'],
  ['U', 'its user changed'],
  ['#', 'a script'],
  ['C', 'in a container'],
  ['!', 'ended with a status other than 0'],
  ['K', 'was killed by a signal'],
  ['?', 'its parent is not known'],
  ['slanted lines', 'a gap: nothing, or not everything, is known of that time'],
];

export function Help() {
  const dialog = useRef<HTMLDialogElement>(null);
  const open = help.value;
  useEffect(() => {
    if (open) dialog.current?.showModal();
    else dialog.current?.close();
  }, [open]);
  return (
    <dialog ref={dialog} class="help" aria-labelledby="help-title" onClose={() => (help.value = false)}>
      <h2 id="help-title">Keys and marks</h2>
      <div class="help-columns">
        <dl>
          {KEYS.map((key) => (
            <div key={key.words}>
              <dt>
                {key.keys.map((own) => (
                  <kbd key={own}>{own}</kbd>
                ))}
              </dt>
              <dd>{key.words}</dd>
            </div>
          ))}
        </dl>
        <dl>
          {PANE_KEYS.map(([keys, words]) => (
            <div key={words}>
              <dt>
                <kbd>{keys}</kbd>
              </dt>
              <dd>{words}</dd>
            </div>
          ))}
          {MARKS.map(([mark, words]) => (
            <div key={mark}>
              <dt>
                <b>{mark}</b>
              </dt>
              <dd>{words}</dd>
            </div>
          ))}
        </dl>
      </div>
      <button type="button" onClick={() => (help.value = false)}>
        Close
      </button>
    </dialog>
  );
}
