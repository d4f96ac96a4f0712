// The scrolled history: sticks to the bottom when it is there, stands still when older messages come in above.

const BOTTOM_SLACK_PX = 48;

export class Scroller {
  private pinned = true;
  private readonly resizes = new ResizeObserver(() => {
    if (this.pinned) this.toBottom();
  });

  constructor(
    readonly element: HTMLElement,
    content: HTMLElement,
    private readonly scrolled: () => void,
  ) {
    element.addEventListener('scroll', () => {
      this.pinned = this.distanceToBottom() <= BOTTOM_SLACK_PX;
      this.scrolled();
    });
    this.resizes.observe(element);
    this.resizes.observe(content);
  }

  get atBottom(): boolean {
    return this.pinned;
  }

  destroy(): void {
    this.resizes.disconnect();
  }

  toBottom(): void {
    this.pinned = true;
    this.element.scrollTop = this.element.scrollHeight;
  }

  /** Runs `change` and keeps what the reader sees where it was; the browser's own anchoring is off in the styles. */
  around(change: () => void): void {
    const anchor = this.pinned ? undefined : this.firstVisible();
    const before = anchor?.getBoundingClientRect().top ?? 0;
    change();
    if (this.pinned) this.toBottom();
    else if (anchor?.isConnected) this.element.scrollTop += anchor.getBoundingClientRect().top - before;
  }

  reveal(target: HTMLElement): void {
    this.pinned = false;
    target.scrollIntoView({ block: 'center' });
  }

  private firstVisible(): Element | undefined {
    const box = this.element.getBoundingClientRect();
    const at = document.elementFromPoint(box.left + box.width / 2, box.top + 1);
    for (const message of this.element.querySelectorAll('[data-testid=message]')) {
      if (message.contains(at) || message.getBoundingClientRect().bottom > box.top) return message;
    }
    return undefined;
  }

  private distanceToBottom(): number {
    const { scrollHeight, scrollTop, clientHeight } = this.element;
    return scrollHeight - scrollTop - clientHeight;
  }
}
