// Asking the API: one place that knows how it refuses.

import type { EventJson, Events, Life, Processes, Stats, Timeline, TraceAnswer, Tree } from './model';
import { address } from '../state/commands';

/** A question that was not answered. */
export class ApiError extends Error {
  constructor(
    /** Status; 0 if there was no answer at all. */
    readonly status: number,
    readonly code: string,
    message: string,
    readonly parameter: string | null = null,
  ) {
    super(message);
  }
}

export type Parameters = readonly (readonly [string, string])[];

/** Longest answer that is waited for, in milliseconds. */
const PATIENCE = 30_000;

/** Asks, and reads the answer as JSON. */
export async function get<T>(path: string, parameters: Parameters = [], signal?: AbortSignal): Promise<T> {
  const limit = AbortSignal.timeout(PATIENCE);
  const both = signal ? AbortSignal.any([signal, limit]) : limit;
  let response: Response;
  try {
    response = await fetch(address(path, parameters as [string, string][]), {
      signal: both,
      credentials: 'same-origin',
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    if (limit.aborted) throw new ApiError(0, 'timeout', `no answer within ${PATIENCE / 1000} s`);
    throw new ApiError(0, 'unreachable', 'the server does not answer.');
  }
  if (response.ok) return (await response.json()) as T;
  throw await refusal(response);
}

async function refusal(response: Response): Promise<ApiError> {
  try {
    const body = (await response.json()) as { error?: { code?: string; message?: string; parameter?: string | null } };
    const { code, message, parameter } = body.error ?? {};
    return new ApiError(response.status, code ?? 'unknown', message ?? response.statusText, parameter ?? null);
  } catch {
    return new ApiError(response.status, 'unknown', `${response.status} ${response.statusText}`);
  }
}

export const stats = (signal?: AbortSignal) => get<Stats>('/stats', [], signal);
export const timeline = (parameters: Parameters, signal?: AbortSignal) => get<Timeline>('/timeline', parameters, signal);
export const processes = (parameters: Parameters, signal?: AbortSignal) => get<Processes>('/processes', parameters, signal);
export const process = (id: string, signal?: AbortSignal) => get<Life>(`/processes/${encodeURIComponent(id)}`, [], signal);
export const tree = (parameters: Parameters, signal?: AbortSignal) => get<Tree>('/tree', parameters, signal);
export const events = (parameters: Parameters, signal?: AbortSignal) => get<Events>('/events', parameters, signal);
export const trace = (parameters: Parameters, signal?: AbortSignal) => get<TraceAnswer>('/trace', parameters, signal);

/** The event of a number, with all that is known of it. */
export async function event(id: string, signal?: AbortSignal): Promise<EventJson | undefined> {
  const found = await events([['id', id], ['schema', 'full']], signal);
  return found.events[0];
}
