// Where nothing is selected: questions to begin with, each a filter.

import { change, view } from '../state/app';
import type { Filters } from '../state/filters';

const QUESTIONS: readonly (readonly [string, string, Filters])[] = [
  ['Programs that were executed', 'name: exec', { name: ['exec'] }],
  ['What was refused', 'outcome: Refused', { outcome: ['Refused'] }],
  ['Who talked to whom', 'connect, accept, bind', { name: ['connect', 'accept', 'bind'] }],
  ['Changes of user', 'setuid, setgid', { name: ['setuid', 'setgid'] }],
  ['What ran from places that anyone may write to', '/tmp, /var/tmp, /dev/shm', { name: ['exec'], path: ['/tmp/**', '/var/tmp/**', '/dev/shm/**'] }],
  ['Files renamed, linked, removed', 'rename, link, unlink', { name: ['rename', 'link', 'unlink'] }],
  ['Touched: passwords and schedules', '/etc/shadow, sudoers, cron', { path: ['/etc/passwd', '/etc/shadow', '/etc/sudoers', '/etc/sudoers.d/**', '/etc/crontab', '/etc/cron.*/**', '/var/spool/cron/**', '/root/.ssh/**'] }],
  ['Into the kernel, and into other processes', 'modules, bpf, ptrace', { name: ['load_module', 'unload_module', 'bpf', 'ptrace'] }],
];

export function Begin() {
  return (
    <div class="begin" tabIndex={0} role="region" aria-label="Where to begin">
      <h3>Where to begin</h3>
      <p class="muted">Nothing is selected. Choose a bar or an event, drag over the histogram, type into the search field, or ask:</p>
      <ul>
        {QUESTIONS.map(([words, hint, filters]) => (
          <li key={words}>
            <button type="button" aria-pressed={JSON.stringify(view.value.filters) === JSON.stringify(filters)} onClick={() => change({ filters })}>
              {words} <span class="muted">{hint}</span>
            </button>
          </li>
        ))}
      </ul>
      <p class="muted">
        <kbd>?</kbd> shows all keys and marks.
      </p>
    </div>
  );
}
