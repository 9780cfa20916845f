// What the API answers: names for the types that are generated from its own document (`npm run types`).

import type { components } from './openapi';

type Schemas = components['schemas'];

export type Gap = Schemas['Gap'];
/** What the configuration kept from being recorded, and when. */
export type LeftOut = Schemas['Timeline']['left_out'][number];
export type Timeline = Schemas['Timeline'];
export type Process = Schemas['RecordedProcess'];
/** A process with its whole life. */
export type Life = Schemas['ProcessLife'];
export type Processes = Schemas['ProcessPage'];
export type TreeNode = Schemas['TreeNode'];
export type Tree = Schemas['Tree'];
export type Stats = Schemas['Stats'];
export type TraceAnswer = Schemas['Trace'];
export type TraceNode = Schemas['TraceNode'];
export type TraceEdge = Schemas['TraceEdge'];

/** What every list says about itself. */
export interface Honest {
  readonly complete: boolean;
  readonly gaps: readonly Gap[];
}

/** An event in the rendering `full`: looked into with care (`list/json.ts`), since a page may be older than its server. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };
export type EventJson = { readonly [name: string]: Json };

export interface Events extends Honest {
  readonly events: readonly EventJson[];
  readonly next: string | null;
}
