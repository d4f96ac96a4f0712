// The messages of the open room: day separators, the divider before new ones, the way to the latest, read marks.

import type { Chat } from '../chat.ts';
import type { Message, RoomId } from '../protocol.ts';
import type { OutgoingMessage } from '../state/outbox.ts';
import type { RoomRow } from '../state/rooms.ts';
import { h, KeyedList, setText, type KeyedItem } from './dom.ts';
import { dayKey, dayLabel } from './format.ts';
import { messageItem, messageKey, type MessageHooks, type MessageLooks } from './message.ts';
import { Scroller } from './scroller.ts';
import { t } from './text.ts';

const LOAD_AHEAD_PX = 500;
const RUN_MS = 3 * 60_000;
const DIVIDER_KEY = 'divider';
const FLASH_MS = 1_200;

export class HistoryView {
  private readonly top = h('div', { class: 'history-top' });
  private readonly items = h('div', { class: 'history-items' });
  private readonly content = h('div', { class: 'history-content' }, this.top, this.items);
  private readonly scroll = h('div', { class: 'history', 'data-testid': 'history', tabindex: '0' }, this.content);
  private readonly above = h('button', { class: 'chip above', type: 'button', 'data-testid': 'jump-to-new', hidden: true });
  private readonly latest = h('button', { class: 'chip below', type: 'button', 'data-testid': 'jump-to-latest', hidden: true });
  readonly element = h('div', { class: 'history-frame' }, this.scroll, this.above, this.latest);
  private readonly keyed = new KeyedList(this.items);
  private readonly scroller: Scroller;
  /** Messages with a higher ord are new to the reader; set when unread ones are found or come while nobody looks. */
  private dividerOrd: number | undefined;
  private unreadBefore = 0;
  private knowsRow = false;
  private toldAbove = false;

  constructor(
    private readonly chat: Chat,
    private readonly room: RoomId,
    private readonly hooks: Omit<MessageHooks, 'showQuoted' | 'retry' | 'discard'>,
  ) {
    this.scroller = new Scroller(this.scroll, this.content, () => this.scrolled());
    this.latest.addEventListener('click', () => {
      this.scroller.toBottom();
      this.scrolled();
    });
    this.above.addEventListener('click', () => void this.showDivider());
  }

  destroy(): void {
    this.scroller.destroy();
  }

  /** The reader has looked at everything and spoken: the divider has done its work. */
  ownMessageSent(): void {
    this.dividerOrd = undefined;
    this.scroller.toBottom();
  }

  /** True while a person is looking at the latest messages. */
  get watched(): boolean {
    return this.scroller.atBottom && document.visibilityState === 'visible' && document.hasFocus();
  }

  render(): void {
    const row = this.chat.model.rooms.rows.get(this.room);
    if (row) this.moveDivider(row);
    const timeline = this.chat.model.timelines.get(this.room);
    this.scroller.around(() => {
      this.keyed.render(row && timeline?.loaded ? this.entries(row) : []);
      setText(this.top, this.topText(timeline));
    });
    this.renderChips(row);
    this.loadOlder();
    if (this.watched) void this.chat.actions.markRead(this.room);
  }

  private scrolled(): void {
    this.loadOlder();
    this.renderChips(this.chat.model.rooms.rows.get(this.room));
    if (this.watched) void this.chat.actions.markRead(this.room);
  }

  private loadOlder(): void {
    if (this.scroll.scrollTop < LOAD_AHEAD_PX) void this.chat.history.older(this.room);
  }

  private topText(timeline: { loaded: boolean; more: boolean; messages: Message[] } | undefined): string {
    if (!timeline?.loaded || timeline.more) return t.loading;
    return timeline.messages.length === 0 ? t.noMessages : t.beginning;
  }

  private moveDivider(row: RoomRow): void {
    const first = !this.knowsRow;
    this.knowsRow = true;
    const began = row.unread > 0 && this.unreadBefore === 0;
    this.unreadBefore = row.unread;
    if (began && (first || !this.watched)) this.dividerOrd = row.head_ord - row.unread;
  }

  private entries(row: RoomRow): KeyedItem[] {
    const { model, outbox } = this.chat;
    const { messages } = model.timeline(this.room);
    const arrived = new Set(messages.filter((message) => message.sender === model.me).map((message) => message.client_id));
    const waiting = outbox.of(this.room).filter((item) => !arrived.has(item.params.client_id));
    const shown: [Message, OutgoingMessage | undefined][] = [
      ...messages.map((message): [Message, undefined] => [message, undefined]),
      ...waiting.map((item): [Message, OutgoingMessage] => [draftOf(item, model.me), item]),
    ];
    const divider = this.dividerIndex(messages);
    const items: KeyedItem[] = [];
    shown.forEach(([message, outgoing], index) => {
      const before = shown[index - 1]?.[0];
      const after = shown[index + 1]?.[0];
      if (!before || dayKey(before.at_ms) !== dayKey(message.at_ms)) items.push(this.dayItem(message.at_ms));
      if (index === divider) items.push(dividerItem());
      const broken = index === divider || !before || !oneRun(before, message);
      const looks = this.looks(row, message, outgoing);
      looks.first = broken;
      looks.last = !after || index + 1 === divider || !oneRun(message, after);
      items.push(messageItem(looks, this.messageHooks()));
    });
    return items;
  }

  private looks(row: RoomRow, message: Message, outgoing: OutgoingMessage | undefined): MessageLooks {
    const { model } = this.chat;
    const own = message.sender === model.me;
    return {
      message,
      own,
      name: model.people.name(message.sender),
      first: true,
      last: true,
      readers: own && !outgoing ? this.readersOf(message.seq) : 0,
      direct: row.kind === 'direct',
      quote: this.quoteOf(message),
      outgoing,
      offline: !this.chat.client.connected,
    };
  }

  private readersOf(seq: number): number {
    const { people, me } = this.chat.model;
    let count = 0;
    for (const [user, readSeq] of people.readers(this.room) ?? []) if (user !== me && readSeq >= seq) count += 1;
    return count;
  }

  private quoteOf(message: Message): MessageLooks['quote'] {
    if (message.reply_to === undefined) return undefined;
    const quoted = this.chat.history.quote(this.room, message.reply_to);
    if (!quoted) return { name: t.quoteGone, text: '…' };
    const text = quoted.deleted ? t.deleted : (quoted.text ?? t.attachmentOnly);
    return { name: this.chat.model.people.name(quoted.sender), text };
  }

  private messageHooks(): MessageHooks {
    const { outbox } = this.chat;
    return {
      ...this.hooks,
      showQuoted: (seq) => void this.showMessage(seq),
      retry: (clientId) => outbox.retry(clientId),
      discard: (clientId) => outbox.remove(clientId),
    };
  }

  private dayItem(atMs: number): KeyedItem {
    const label = dayLabel(atMs, this.chat.model.nowMs());
    return {
      key: `day ${dayKey(atMs)}`,
      signature: label,
      make: () => h('div', { class: 'day' }),
      fill: (element) => element.replaceChildren(h('span', {}, label)),
    };
  }

  /** Where the divider goes; -1 if nothing is new or its place is not loaded yet. */
  private dividerIndex(messages: Message[]): number {
    const ord = this.dividerOrd;
    if (ord === undefined) return -1;
    const index = messages.findIndex((message) => message.ord > ord && message.sender !== this.chat.model.me);
    const placeUnknown = index === 0 && this.chat.model.timeline(this.room).more;
    return placeUnknown ? -1 : index;
  }

  private renderChips(row: RoomRow | undefined): void {
    const unread = row?.unread ?? 0;
    this.latest.hidden = this.scroller.atBottom;
    setText(this.latest, `↓ ${unread > 0 ? t.newCount(unread) : t.latest}`);
    const divider = this.keyed.get(DIVIDER_KEY);
    const topEdge = this.scroll.getBoundingClientRect().top;
    const visible = divider !== undefined && divider.getBoundingClientRect().top >= topEdge;
    if (visible || this.dividerOrd === undefined) this.toldAbove = true;
    const loaded = this.chat.model.timelines.get(this.room)?.loaded ?? false;
    this.above.hidden = this.toldAbove || !loaded;
    setText(this.above, `↑ ${t.newMessages}`);
  }

  private async showDivider(): Promise<void> {
    this.toldAbove = true;
    const { model, history } = this.chat;
    const timeline = model.timeline(this.room);
    for (let pages = 0; pages < 20 && this.dividerIndex(timeline.messages) < 0 && timeline.more; pages += 1) {
      await history.older(this.room, 200);
    }
    this.render();
    const divider = this.keyed.get(DIVIDER_KEY);
    if (divider) this.scroller.reveal(divider);
  }

  private async showMessage(seq: number): Promise<void> {
    const { model, history } = this.chat;
    await history.reach(this.room, seq);
    this.render();
    const message = model.timeline(this.room).get(seq);
    const element = message && this.keyed.get(messageKey(message, message.sender === model.me));
    if (!element) return;
    this.scroller.reveal(element);
    element.classList.add('flash');
    setTimeout(() => element.classList.remove('flash'), FLASH_MS);
  }
}

function dividerItem(): KeyedItem {
  return {
    key: DIVIDER_KEY,
    signature: '',
    make: () => h('div', { class: 'divider', 'data-testid': 'divider' }),
    fill: (element) => element.replaceChildren(h('span', {}, t.newMessages)),
  };
}

function oneRun(a: Message, b: Message): boolean {
  const near = b.at_ms - a.at_ms < RUN_MS && dayKey(a.at_ms) === dayKey(b.at_ms);
  return near && a.sender === b.sender && a.kind !== 'system' && b.kind !== 'system';
}

/** An unsent message in the shape of a message; seq 0 until the server gave one. */
function draftOf(item: OutgoingMessage, me: string): Message {
  const { text, client_id, reply_to } = item.params;
  const draft: Message = { seq: item.seq ?? 0, ord: 0, rev: 0, sender: me, client_id, at_ms: item.atMs, text };
  if (reply_to !== undefined) draft.reply_to = reply_to;
  return draft;
}
