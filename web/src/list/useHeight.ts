// Height of an element, for lists that draw only what is in sight.

import { useEffect, useState } from 'preact/hooks';
import type { RefObject } from 'preact';

/** Kept up to date while the element is there; `there` says whether it is, if it comes later than the component. */
export function useHeight(ref: RefObject<HTMLElement>, there = true): number {
  const [height, setHeight] = useState(400);
  useEffect(() => {
    const element = ref.current;
    if (!element) return;
    const observer = new ResizeObserver(() => setHeight(element.clientHeight));
    observer.observe(element);
    return () => observer.disconnect();
  }, [there]);
  return height;
}
