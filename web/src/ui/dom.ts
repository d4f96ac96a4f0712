// The two ways this page touches the DOM: build an element, and keep a keyed list of elements in step with data.
// Text only ever enters as text nodes, so nothing a user writes can become markup.

type Child = Node | string | false | null | undefined;
type Attributes = Record<string, string | boolean | undefined | ((event: never) => void)>;

/** Builds an element: `class`, plain attributes, and listeners under names such as `onclick`. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') element.addEventListener(name.slice(2), value as EventListener);
    else if (value !== undefined && value !== false) element.setAttribute(name, value === true ? '' : value);
  }
  element.append(...present(children));
  return element;
}

export function present(children: Child[]): (Node | string)[] {
  return children.filter((child): child is Node | string => child !== false && child !== null && child !== undefined);
}

/** Writes an attribute only when it changes, and removes it for undefined. */
export function setAttribute(element: Element, name: string, value: string | undefined): void {
  if (value === undefined) element.removeAttribute(name);
  else if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}

export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

export interface KeyedItem {
  key: string;
  /** Equal signatures mean equal looks: the element is left alone. */
  signature: string;
  make(): HTMLElement;
  /** Fills the element, which outlives changes so that clicks and focus do too. */
  fill(element: HTMLElement): void;
}

interface Placed {
  element: HTMLElement;
  signature: string;
}

export class KeyedList {
  private placed = new Map<string, Placed>();

  constructor(readonly parent: HTMLElement) {}

  render(items: KeyedItem[]): void {
    const wanted = new Set(items.map((item) => item.key));
    for (const [key, { element }] of this.placed) {
      if (wanted.has(key)) continue;
      element.remove();
      this.placed.delete(key);
    }
    let cursor = this.parent.firstElementChild;
    for (const item of items) {
      const element = this.place(item);
      if (element === cursor) cursor = cursor.nextElementSibling;
      else this.parent.insertBefore(element, cursor);
    }
  }

  get(key: string): HTMLElement | undefined {
    return this.placed.get(key)?.element;
  }

  private place(item: KeyedItem): HTMLElement {
    const known = this.placed.get(item.key);
    if (known?.signature === item.signature) return known.element;
    const element = known?.element ?? item.make();
    item.fill(element);
    this.placed.set(item.key, { element, signature: item.signature });
    return element;
  }
}
