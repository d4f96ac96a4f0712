// Where the user writes: Enter sends, Shift+Enter breaks the line, and Enter that ends an IME composition does neither.

import { h, setText } from './dom.ts';
import { t } from './text.ts';

export interface ComposerHooks {
  /** True if the text was taken, so that the field may be cleared. */
  submit(text: string): boolean | Promise<boolean>;
  typing(): void;
  stopTyping(): void;
  /** The bytes by which the text is too long, or 0. */
  excessBytes(text: string): number;
  cancelContext(): void;
  tooLong(overBytes: number): void;
}

const IDLE_MS = 4_000;
const BORDERS_PX = 2;
/** Some IMEs end the composition before the keydown of its Enter, which then has only this code. */
const IME_KEY_CODE = 229;

export class Composer {
  private readonly field = h('textarea', {
    class: 'composer-field',
    rows: '1',
    placeholder: t.writeMessage,
    'aria-label': t.writeMessage,
    'data-testid': 'composer',
    enterkeyhint: 'send',
  });
  private readonly button = h('button', { class: 'composer-send', type: 'submit', 'data-testid': 'send' }, t.send);
  private readonly contextTitle = h('strong', {});
  private readonly contextText = h('span', {});
  private readonly context = h(
    'div',
    { class: 'composer-context', hidden: true },
    h('div', {}, this.contextTitle, this.contextText),
    h('button', { type: 'button', 'aria-label': t.cancel, onclick: () => this.hooks.cancelContext() }, '✕'),
  );
  readonly element: HTMLElement;
  private idle: ReturnType<typeof setTimeout> | undefined;
  private busy = false;

  constructor(private readonly hooks: ComposerHooks) {
    const submit = (event: Event) => {
      event.preventDefault();
      void this.submit();
    };
    this.element = h('form', { class: 'composer', onsubmit: submit }, this.context, h('div', { class: 'composer-line' }, this.field, this.button));
    this.field.addEventListener('keydown', (event) => this.keydown(event));
    this.field.addEventListener('input', () => this.input());
    this.field.addEventListener('blur', () => this.quiet());
    this.resize();
  }

  get text(): string {
    return this.field.value;
  }

  set text(text: string) {
    this.field.value = text;
    this.resize();
  }

  focus(): void {
    this.field.focus();
  }

  /** Shows what the text will be: a reply, an edit; nothing for a plain message. */
  setContext(title: string | undefined, text = '', action = t.send): void {
    this.context.hidden = title === undefined;
    setText(this.contextTitle, title ?? '');
    setText(this.contextText, text);
    setText(this.button, action);
  }

  /** Ends the typing sign, if one is shown. */
  quiet(): void {
    clearTimeout(this.idle);
    this.hooks.stopTyping();
  }

  private keydown(event: KeyboardEvent): void {
    if (event.isComposing || event.keyCode === IME_KEY_CODE) return;
    if (event.key === 'Escape') this.hooks.cancelContext();
    if (event.key !== 'Enter' || event.shiftKey) return;
    event.preventDefault();
    void this.submit();
  }

  private input(): void {
    this.resize();
    clearTimeout(this.idle);
    if (this.text.trim() === '') {
      this.hooks.stopTyping();
      return;
    }
    this.hooks.typing();
    this.idle = setTimeout(() => this.hooks.stopTyping(), IDLE_MS);
  }

  private async submit(): Promise<void> {
    const text = this.text.trim();
    if (text === '' || this.busy) return;
    const over = this.hooks.excessBytes(text);
    if (over > 0) {
      this.hooks.tooLong(over);
      return;
    }
    this.busy = true;
    try {
      if (await this.hooks.submit(text)) this.text = '';
    } finally {
      this.busy = false;
    }
    this.quiet();
    this.focus();
  }

  private resize(): void {
    this.button.disabled = this.text.trim() === '';
    const { style } = this.field;
    style.height = 'auto';
    // Outside the document nothing has a height yet.
    if (this.field.isConnected) style.height = `${this.field.scrollHeight + BORDERS_PX}px`;
  }
}
