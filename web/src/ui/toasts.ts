// Short notes at the foot of the page that go by themselves.

import { CallFailure } from '../net/failure.ts';
import { h } from './dom.ts';
import { errorText } from './text.ts';

const SHOWN_MS = 5_000;
const TOASTS_MAX = 3;

export class Toasts {
  readonly element = h('div', { class: 'toasts', role: 'status', 'aria-live': 'polite', 'data-testid': 'toasts' });

  show(text: string): void {
    const same = [...this.element.children].find((toast) => toast.textContent === text);
    same?.remove();
    while (this.element.children.length >= TOASTS_MAX) this.element.firstElementChild?.remove();
    const toast = h('div', { class: 'toast', 'data-testid': 'toast' }, text);
    this.element.append(toast);
    setTimeout(() => toast.remove(), SHOWN_MS);
  }

  showFailure(failure: CallFailure): void {
    this.show(errorText(failure.kind, failure.message));
  }
}
