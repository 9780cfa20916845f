// Light or dark: as the system says, until the reader says otherwise.

import { signal } from '@preact/signals';

export type Theme = 'system' | 'light' | 'dark';
const KEY = 'tachograph-theme';

function stored(): Theme {
  try {
    const word = localStorage.getItem(KEY);
    return word === 'light' || word === 'dark' ? word : 'system';
  } catch {
    return 'system';
  }
}

export const theme = signal<Theme>(stored());

/** What canvases must be drawn anew for: it changes with the system's scheme too. */
export const dark = signal(matchMedia('(prefers-color-scheme: dark)').matches);

export function applyTheme(): void {
  const system = matchMedia('(prefers-color-scheme: dark)');
  const update = () => {
    dark.value = theme.value === 'system' ? system.matches : theme.value === 'dark';
    document.documentElement.dataset['theme'] = dark.value ? 'dark' : 'light';
  };
  system.addEventListener('change', update);
  theme.subscribe(update);
}

export function nextTheme(): Theme {
  const order: Theme[] = ['system', 'light', 'dark'];
  const next = order[(order.indexOf(theme.value) + 1) % order.length]!;
  theme.value = next;
  try {
    localStorage.setItem(KEY, next);
  } catch {
    // A browser that keeps nothing still shows the theme until the page is left.
  }
  return next;
}

/** A colour of the style sheet, for canvases. */
export function colour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}
