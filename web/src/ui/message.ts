// One message as it looks: bubble, sender, time, marks, reactions, quote, and the states of an unsent one.

import type { Message } from '../protocol.ts';
import type { OutgoingMessage } from '../state/outbox.ts';
import { avatar } from './avatar.ts';
import { h, setAttribute, type KeyedItem } from './dom.ts';
import { clockTime } from './format.ts';
import { errorText, t } from './text.ts';

/** What a message needs to be drawn; equal looks are drawn once. */
export interface MessageLooks {
  message: Message;
  own: boolean;
  name: string;
  /** First of a run by one sender: shows who speaks. */
  first: boolean;
  /** Last of a run: shows when. */
  last: boolean;
  readers: number;
  direct: boolean;
  quote: { name: string; text: string } | undefined;
  outgoing: OutgoingMessage | undefined;
  offline: boolean;
}

export interface MessageHooks {
  menu(message: Message, anchor: HTMLElement): void;
  react(message: Message, emoji: string): void;
  showQuoted(seq: number): void;
  retry(clientId: string): void;
  discard(clientId: string): void;
}

/** Own messages keep their element from the first draft to the record: they are keyed by client_id. */
export function messageKey(message: Message, own: boolean): string {
  return own && message.client_id ? `c ${message.client_id}` : `s ${message.seq}`;
}

export function messageItem(looks: MessageLooks, hooks: MessageHooks): KeyedItem {
  const { message, own, outgoing } = looks;
  const { rev, seq, reactions } = message;
  const { name, first, last, readers, direct, quote, offline } = looks;
  return {
    key: messageKey(message, own),
    signature: JSON.stringify([rev, seq, reactions, name, first, last, readers, direct, quote, outgoing?.state, outgoing && offline]),
    make: () => h('div', { 'data-testid': 'message' }),
    fill: (element) => fill(element, looks, hooks),
  };
}

function fill(element: HTMLElement, looks: MessageLooks, hooks: MessageHooks): void {
  const { message, own, first, last, outgoing } = looks;
  const state = outgoing?.state ?? 'sent';
  const system = message.kind === 'system';
  element.className = ['message', system ? 'system' : own ? 'own' : 'other', first && 'first', last && 'last'].filter(Boolean).join(' ');
  setAttribute(element, 'data-seq', message.seq > 0 ? String(message.seq) : undefined);
  setAttribute(element, 'data-client-id', message.client_id);
  setAttribute(element, 'data-state', state);
  if (system) {
    element.replaceChildren(h('span', { class: 'system-text' }, message.text ?? ''));
    return;
  }
  const column = h('div', { class: 'message-column' });
  if (!own && first) column.append(h('div', { class: 'message-name', dir: 'auto' }, looks.name));
  column.append(line(looks, hooks), ...reactionRow(looks, hooks), ...failure(looks, hooks));
  const face = first ? avatar(message.sender, looks.name, 'avatar small') : h('span', { class: 'avatar-gap' });
  element.replaceChildren(...(own ? [column] : [face, column]));
}

function line(looks: MessageLooks, hooks: MessageHooks): HTMLElement {
  const { message, outgoing } = looks;
  const bubble = h('div', { class: message.deleted ? 'bubble deleted' : 'bubble' });
  const { quote } = looks;
  if (quote && !message.deleted) {
    const show = (event: Event) => {
      event.stopPropagation();
      hooks.showQuoted(message.reply_to ?? 0);
    };
    bubble.append(h('button', { class: 'quote', type: 'button', onclick: show }, h('strong', {}, quote.name), h('span', {}, quote.text)));
  }
  const text = message.deleted ? t.deleted : (message.text ?? t.attachmentOnly);
  bubble.append(h('span', { class: 'bubble-text', dir: 'auto', 'data-testid': 'message-text' }, text));
  const settled = !outgoing && !message.deleted;
  const acts = settled ? menuButton(message, hooks) : undefined;
  // Where nothing hovers, the bubble itself opens the menu.
  if (settled && matchMedia('(hover: none)').matches) bubble.addEventListener('click', () => hooks.menu(message, bubble));
  return h('div', { class: 'message-line' }, bubble, meta(looks), acts);
}

function menuButton(message: Message, hooks: MessageHooks): HTMLElement {
  const open = (event: MouseEvent) => hooks.menu(message, event.currentTarget as HTMLElement);
  return h('button', { class: 'message-menu', type: 'button', 'aria-label': t.more, 'data-testid': 'message-menu', onclick: open }, '⋯');
}

function meta(looks: MessageLooks): HTMLElement {
  const { message, own, last, readers, direct, outgoing } = looks;
  const edited = message.edited_ms !== undefined && !message.deleted && h('span', { class: 'message-edited' }, t.edited);
  const time = last && h('time', {}, clockTime(message.at_ms));
  if (!own) return h('span', { class: 'meta' }, edited, time);
  return h('span', { class: 'meta' }, edited, deliveryMark(outgoing, looks.offline, last, readers, direct), time);
}

function deliveryMark(
  outgoing: OutgoingMessage | undefined,
  offline: boolean,
  last: boolean,
  readers: number,
  direct: boolean,
): HTMLElement | false {
  if (outgoing?.state === 'sending') {
    return h('span', { class: 'mark-sending' }, offline ? t.waiting : t.sending);
  }
  if (outgoing?.state === 'failed' || !last) return false;
  const words = readers === 0 ? t.sent : direct ? t.read : t.readBy(readers);
  return h('span', { class: readers > 0 ? 'mark-read' : 'mark-sent', 'data-testid': 'read-mark', 'data-readers': String(readers) }, words);
}

function reactionRow(looks: MessageLooks, hooks: MessageHooks): Node[] {
  const { message } = looks;
  const reactions = Object.entries(message.reactions ?? {}).filter(([, reaction]) => reaction.count > 0);
  if (reactions.length === 0 || message.deleted) return [];
  const chips = reactions.map(([emoji, { count, mine }]) =>
    h(
      'button',
      {
        class: mine ? 'reaction mine' : 'reaction',
        type: 'button',
        'aria-pressed': String(mine),
        'data-testid': 'reaction',
        'data-emoji': emoji,
        onclick: () => hooks.react(message, emoji),
      },
      h('span', {}, emoji),
      h('span', {}, String(count)),
    ),
  );
  return [h('div', { class: 'reactions' }, ...chips)];
}

function failure(looks: MessageLooks, hooks: MessageHooks): Node[] {
  const { outgoing } = looks;
  if (outgoing?.state !== 'failed') return [];
  const id = outgoing.params.client_id;
  const why = outgoing.failure ? ` ${errorText(outgoing.failure.kind, outgoing.failure.message ?? '')}` : '';
  return [
    h(
      'div',
      { class: 'message-failed' },
      h('span', {}, `${t.notSent}.${why}`),
      h('button', { type: 'button', 'data-testid': 'retry', onclick: () => hooks.retry(id) }, t.retry),
      h('button', { type: 'button', 'data-testid': 'discard', onclick: () => hooks.discard(id) }, t.discard),
    ),
  ];
}
