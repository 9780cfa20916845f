// What the API answers, as far as the page looks at it.

export interface Gap {
  readonly from: string;
  readonly to: string;
  readonly class: string;
  readonly lost: number | null;
  readonly reason: string;
}

/** What every list says about itself. */
export interface Honest {
  readonly complete: boolean;
  readonly gaps: readonly Gap[];
}

export interface Bucket {
  readonly from: string;
  readonly to: string;
  readonly counts: Readonly<Record<string, number>>;
}

export interface Timeline extends Honest {
  readonly buckets: readonly Bucket[];
}

export interface FileFacts {
  readonly path?: string;
  readonly mode?: number;
  readonly package_name?: string;
  readonly package_version?: string;
}

export interface Image {
  readonly exec_time: string | null;
  readonly comm: string;
  readonly uid: number;
  readonly user: string;
  readonly executable: FileFacts;
  readonly interpreter: FileFacts | null;
  readonly argv0: string;
  readonly args: readonly string[];
  readonly args_truncated: boolean;
}

export interface Process {
  readonly id: string;
  readonly pid: number;
  readonly ppid: number;
  readonly parent_id: string | null;
  readonly start: string | null;
  readonly comm?: string;
  readonly uid?: number;
  readonly user?: string;
  readonly container?: string | null;
  readonly kernel_thread?: boolean;
  readonly images: readonly Image[];
  readonly exit: { readonly time: string; readonly cause: string | null; readonly code: number | null } | null;
  readonly source: string;
}

export interface Processes extends Honest {
  readonly processes: readonly Process[];
  readonly next: string | null;
}

export interface TreeNode {
  readonly process: Process;
  readonly children: readonly TreeNode[];
  readonly cut?: { readonly processes: number };
}

export interface Tree extends Honest {
  readonly roots: readonly TreeNode[];
  readonly cut?: { readonly processes: number; readonly reason: string };
}

/** An event in the rendering `full`; its members are the schema's. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };
export type EventJson = { readonly [name: string]: Json };

export interface Events extends Honest {
  readonly events: readonly EventJson[];
  readonly next: string | null;
}

export interface Stats {
  readonly version: string;
  readonly role: 'recording' | 'serving';
  readonly store: {
    readonly events: number;
    readonly bytes: number;
    readonly oldest: string | null;
    readonly newest: string | null;
    readonly segments: readonly unknown[];
  };
  readonly recorder: Json;
}
