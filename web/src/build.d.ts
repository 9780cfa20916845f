// What Vite puts in when the page is built (vite.config.ts).

/** Kinds of event. */
declare const __KINDS__: readonly string[];
