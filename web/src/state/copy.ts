// Text to the clipboard, also where the browser gives pages no clipboard: over plain HTTP from another host.

import { say } from './app';

async function put(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // None there (`navigator.clipboard` is undefined outside of secure contexts), or refused: the old way.
    const field = document.createElement('textarea');
    field.value = text;
    field.className = 'sr-only';
    document.body.append(field);
    field.select();
    const done = document.execCommand('copy');
    field.remove();
    return done;
  }
}

/** Copies, and tells in words whether it could. */
export async function copy(what: string, text: string): Promise<string> {
  const words = (await put(text)) ? `${what} copied` : `${what} could not be copied: the browser refused`;
  say(words);
  return words;
}
