// A coloured disc with an initial: the colour is drawn from the id, so a person looks the same everywhere.

import { h } from './dom.ts';

export function avatar(id: string, name: string, className = 'avatar'): HTMLElement {
  const disc = h('span', { class: className, 'aria-hidden': 'true' }, initial(name));
  disc.style.setProperty('--hue', String(hueOf(id)));
  return disc;
}

function initial(name: string): string {
  const [first = '?'] = new Intl.Segmenter().segment(name.trim() || '?');
  return typeof first === 'string' ? first : first.segment.toUpperCase();
}

function hueOf(id: string): number {
  // FNV-1a, then a multiplication that spreads neighbouring ids over the circle.
  let hash = 0x811c9dc5;
  for (const char of id) hash = Math.imul(hash ^ char.codePointAt(0)!, 0x01000193);
  return (Math.imul(hash, 0x9e3779b1) >>> 0) % 360;
}
