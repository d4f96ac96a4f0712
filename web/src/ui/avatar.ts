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
  let hash = 0;
  for (const char of id) hash = (hash * 31 + char.codePointAt(0)!) | 0;
  return Math.abs(hash) % 360;
}
