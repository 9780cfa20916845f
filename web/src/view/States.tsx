// What is shown where there is nothing to show: loading, nothing found, partly, failed.

import type { ApiError } from '../api/client';
import type { Gap, LeftOut as Span } from '../api/model';
import { gapText } from './timeline';
import { showTime, type Zone } from './time';

export function Empty({ words, loading = false }: { readonly words: string; readonly loading?: boolean }) {
  return (
    <div class={`empty${loading ? ' loading' : ''}`} role="status">
      {loading && <span class="spinner" aria-hidden="true" />}
      {words}
    </div>
  );
}

/** A mark for what is not known. */
export function Unknown({ words = 'unknown' }: { readonly words?: string }) {
  return <span class="unknown">{words}</span>;
}

/** A mark for what was too long to be recorded whole. */
export function Cut({ what }: { readonly what: string }) {
  return (
    <span class="cut-mark" title={`cut: ${what} were longer than what is recorded`}>
      cut
    </span>
  );
}

/** What a refusal means for the reader. */
function advice(error: ApiError): string {
  switch (error.status) {
    case 401:
      return 'This page has no token (or an old one). Open the address that `tacho record` printed, or add ?token=... from the file `token` of the data directory.';
    case 0:
      return 'The recorder may have ended, or the tunnel to it. What is recorded is safe: `tacho serve --store DIR` shows it.';
    case 429:
      return 'The server has too many questions at once. It goes on recording; try again in a second.';
    default:
      return '';
  }
}

export function Failure({ error, what, onRetry }: { readonly error: ApiError; readonly what: string; readonly onRetry?: () => void }) {
  return (
    <div class="failure" role="alert">
      <strong>Could not get {what}.</strong> {error.message}
      {advice(error) && <p>{advice(error)}</p>}
      {onRetry && (
        <button type="button" onClick={onRetry}>
          Try again
        </button>
      )}
    </div>
  );
}

/** The gaps of an answer, as a line that opens into a list. */
export function Gaps({ gaps, zone }: { readonly gaps: readonly Gap[]; readonly zone: Zone }) {
  if (gaps.length === 0) return null;
  return (
    <details class="gaps">
      <summary>
        <span class="gap-mark" aria-hidden="true" />
        Incomplete: {gaps.length} {gaps.length === 1 ? 'gap' : 'gaps'} in this span
      </summary>
      <ul>
        {gaps.map((gap) => (
          <li key={`${gap.from} ${gap.class} ${gap.reason}`}>
            <time>{showTime(gap.from, zone, 3)}</time> to <time>{showTime(gap.to, zone, 3)}</time>: {gapText(gap)}
          </li>
        ))}
      </ul>
    </details>
  );
}

/** What was kept from being recorded on purpose: no gap, but not there either. */
export function LeftOut({ spans, zone }: { readonly spans: readonly Span[]; readonly zone: Zone }) {
  if (spans.length === 0) return null;
  const rules = new Set(spans.flatMap((span) => span.rules));
  return (
    <details class="left-out">
      <summary>Left out by {rules.size === 1 ? 'a rule' : `${rules.size} rules`}</summary>
      <ul>
        {spans.map((span) => (
          <li key={span.from}>
            <time>{showTime(span.from, zone, 3)}</time> to <time>{showTime(span.to, zone, 3)}</time>:{' '}
            {span.rules.map((rule) => (
              <code key={rule}>{rule} </code>
            ))}
          </li>
        ))}
      </ul>
    </details>
  );
}
