// A modal window over the page, gone from the document once it is closed.

import { h } from './dom.ts';
import { t } from './text.ts';

/** Shows a dialog; `body` gets the way to close it. */
export function openDialog(title: string, body: (close: () => void) => HTMLElement): void {
  const dialog = h('dialog', { class: 'dialog', 'aria-label': title });
  const close = () => dialog.close();
  const closeButton = h('button', { class: 'icon-button', type: 'button', 'aria-label': t.cancel, onclick: close }, '✕');
  dialog.append(h('header', { class: 'dialog-head' }, h('h2', {}, title), closeButton), body(close));
  dialog.addEventListener('close', () => dialog.remove());
  dialog.addEventListener('click', (event) => {
    // A click on the dialog element itself is one on its backdrop.
    if (event.target === dialog) close();
  });
  document.body.append(dialog);
  dialog.showModal();
}
