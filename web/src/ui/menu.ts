// A small menu beside the thing it belongs to; one is open at a time.

import { h } from './dom.ts';

export interface MenuEntry {
  label: string;
  danger?: boolean;
  run(): void;
}

let close: (() => void) | undefined;

export function closeMenu(): void {
  close?.();
}

/** Opens a menu under `anchor`, with an optional row above its entries. */
export function openMenu(anchor: HTMLElement, entries: MenuEntry[], top?: HTMLElement): void {
  closeMenu();
  const run = (entry: MenuEntry) => () => {
    closeMenu();
    entry.run();
  };
  const items = entries.map((entry) =>
    h('button', { class: entry.danger ? 'menu-item danger' : 'menu-item', type: 'button', role: 'menuitem', onclick: run(entry) }, entry.label),
  );
  const menu = h('div', { class: 'menu', role: 'menu', 'data-testid': 'menu' }, top, ...items);
  document.body.append(menu);
  placeNear(menu, anchor);
  const outside = (event: Event) => {
    if (!menu.contains(event.target as Node)) closeMenu();
  };
  const escape = (event: KeyboardEvent) => {
    if (event.key !== 'Escape') return;
    event.stopPropagation();
    closeMenu();
    anchor.focus();
  };
  // The click that opened the menu must not close it.
  setTimeout(() => document.addEventListener('pointerdown', outside, true));
  document.addEventListener('keydown', escape, true);
  close = () => {
    close = undefined;
    menu.remove();
    document.removeEventListener('pointerdown', outside, true);
    document.removeEventListener('keydown', escape, true);
  };
  menu.querySelector('button')?.focus();
}

function placeNear(menu: HTMLElement, anchor: HTMLElement): void {
  const margin = 8;
  const box = anchor.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = menu;
  const left = Math.min(Math.max(margin, box.right - width), innerWidth - width - margin);
  const below = box.bottom + 4;
  const top = below + height + margin > innerHeight ? Math.max(margin, box.top - height - 4) : below;
  menu.style.left = `${left}px`;
  menu.style.top = `${top}px`;
}
