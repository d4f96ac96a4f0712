// The open room: its head, the product it is about, the history, who is typing, and the composer.

import type { Chat } from '../chat.ts';
import type { Message, RoomId } from '../protocol.ts';
import { isMuted, type RoomRow } from '../state/rooms.ts';
import { avatar } from './avatar.ts';
import { Composer } from './composer.ts';
import { h, setText } from './dom.ts';
import { listingOf, relativeTime } from './format.ts';
import { HistoryView } from './history.ts';
import { closeMenu, openMenu, type MenuEntry } from './menu.ts';
import { roomName } from './names.ts';
import { t } from './text.ts';

const QUICK_REACTIONS = ['👍', '❤️', '😂', '🎉', '🙏', '😮'];
const MUTE_MS = 365 * 24 * 3_600_000;

type Context = { kind: 'reply' | 'edit'; message: Message };

export interface RoomHooks {
  back(): void;
  toast(text: string): void;
}

export class RoomView {
  private readonly face = h('span', { class: 'room-face' });
  private readonly title = h('h1', { class: 'room-title', 'data-testid': 'room-title', dir: 'auto' });
  private readonly subtitle = h('p', { class: 'room-subtitle' });
  private readonly menuButton = h('button', { class: 'icon-button', type: 'button', 'aria-label': t.more, 'data-testid': 'room-menu' }, '⋮');
  private readonly product = h('div', { class: 'product', hidden: true });
  private readonly request = h('div', { class: 'request', hidden: true });
  private readonly typing = h('div', { class: 'typing', 'data-testid': 'typing', 'aria-live': 'polite' });
  private readonly history: HistoryView;
  private readonly composer: Composer;
  readonly element: HTMLElement;
  private context: Context | undefined;
  private headLooks = '';

  constructor(
    private readonly chat: Chat,
    readonly room: RoomId,
    private readonly hooks: RoomHooks,
  ) {
    const { actions } = chat;
    this.history = new HistoryView(chat, room, {
      menu: (message, anchor) => this.messageMenu(message, anchor),
      react: (message, emoji) => void actions.toggleReaction(message, room, emoji),
    });
    this.composer = new Composer({
      submit: (text) => this.submit(text),
      typing: () => actions.typing(room),
      stopTyping: () => actions.stopTyping(),
      excessBytes: (text) => Math.max(0, new TextEncoder().encode(text).length - chat.model.textBytesMax),
      cancelContext: () => this.setContext(undefined),
      tooLong: (over) => hooks.toast(t.tooLong(over)),
    });
    this.menuButton.addEventListener('click', () => this.roomMenu());
    const back = h('button', { class: 'icon-button back', type: 'button', 'aria-label': t.back, 'data-testid': 'back', onclick: () => hooks.back() }, '‹');
    const names = h('div', { class: 'room-names' }, this.title, this.subtitle);
    const head = h('header', { class: 'room-head' }, back, this.face, names, this.menuButton);
    this.element = h(
      'section',
      { class: 'room', 'data-room': room },
      head,
      this.product,
      this.request,
      this.history.element,
      this.typing,
      this.composer.element,
    );
  }

  focus(): void {
    this.composer.focus();
  }

  destroy(): void {
    this.composer.quiet();
    this.history.destroy();
  }

  render(): void {
    const row = this.chat.model.rooms.rows.get(this.room);
    if (row) this.renderHead(row);
    setText(this.typing, this.typingText());
    this.history.render();
  }

  private renderHead(row: RoomRow): void {
    const name = roomName(row, this.chat.model);
    setText(this.title, name);
    setText(this.subtitle, this.subtitleText(row));
    const listing = listingOf(row.data);
    const looks = JSON.stringify([name, listing, row.request]);
    if (looks === this.headLooks) return;
    this.headLooks = looks;
    this.face.replaceChildren(avatar(row.peer?.user ?? row.room, name, 'avatar small'));
    this.product.hidden = listing === undefined;
    if (listing) {
      const thumb = h('span', { class: 'product-thumb', 'aria-hidden': 'true' }, listing.emoji);
      const words = h('span', { class: 'product-words' }, h('span', { class: 'product-title' }, listing.title), h('strong', {}, listing.price));
      this.product.replaceChildren(thumb, words);
    }
    this.request.hidden = row.request !== true;
    const accept = h('button', { type: 'button', 'data-testid': 'accept', onclick: () => void this.chat.actions.accept(this.room) }, t.accept);
    this.request.replaceChildren(h('span', {}, t.requestText(name)), accept);
  }

  private subtitleText(row: RoomRow): string {
    const { people } = this.chat.model;
    if (!row.peer) {
      const count = people.readers(this.room)?.size;
      return count === undefined ? '' : t.members(count);
    }
    const presence = people.presence.get(row.peer.user);
    if (presence?.online) return t.online;
    return presence?.last_active_ms ? t.lastActive(relativeTime(presence.last_active_ms, this.chat.model.nowMs())) : '';
  }

  private typingText(): string {
    const { people } = this.chat.model;
    const names = people.typing(this.room).map((user) => people.name(user));
    const [first, second] = names;
    if (first === undefined) return '';
    if (second === undefined) return t.typingOne(first);
    return names.length === 2 ? t.typingTwo(first, second) : t.typingMany(names.length);
  }

  private async submit(text: string): Promise<boolean> {
    const { actions } = this.chat;
    if (this.context?.kind === 'edit') {
      const { message } = this.context;
      const done = text === message.text || (await actions.edit(message, this.room, text));
      if (done) this.setContext(undefined);
      return done;
    }
    const taken = actions.send(this.room, text, this.context?.message.seq);
    if (!taken) {
      this.hooks.toast(t.outboxFull);
      return false;
    }
    this.setContext(undefined);
    this.history.ownMessageSent();
    return true;
  }

  private setContext(context: Context | undefined): void {
    const wasEdit = this.context?.kind === 'edit';
    this.context = context;
    if (context?.kind === 'edit') {
      this.composer.text = context.message.text ?? '';
      this.composer.setContext(t.editing, context.message.text ?? '', t.save);
    } else {
      if (wasEdit) this.composer.text = '';
      const name = context && this.chat.model.people.name(context.message.sender);
      this.composer.setContext(name && t.replyingTo(name), context?.message.text ?? '');
    }
    if (context) this.composer.focus();
  }

  private messageMenu(message: Message, anchor: HTMLElement): void {
    const { actions, model } = this.chat;
    const own = message.sender === model.me;
    const role = model.rooms.rows.get(this.room)?.role ?? 'member';
    const entries: MenuEntry[] = [{ label: t.reply, run: () => this.setContext({ kind: 'reply', message }) }];
    if (message.text && navigator.clipboard) entries.push({ label: t.copy, run: () => void navigator.clipboard.writeText(message.text ?? '') });
    if (own) entries.push({ label: t.edit, run: () => this.setContext({ kind: 'edit', message }) });
    if (own || role !== 'member') entries.push({ label: t.remove, danger: true, run: () => void actions.remove(message, this.room) });
    openMenu(anchor, entries, this.reactionBar(message));
  }

  private reactionBar(message: Message): HTMLElement {
    const buttons = QUICK_REACTIONS.map((emoji) => {
      const mine = message.reactions?.[emoji]?.mine ?? false;
      const button = h('button', { class: mine ? 'mine' : '', type: 'button', 'data-emoji': emoji }, emoji);
      button.addEventListener('click', () => {
        closeMenu();
        void this.chat.actions.toggleReaction(message, this.room, emoji);
      });
      return button;
    });
    return h('div', { class: 'menu-reactions', role: 'group', 'aria-label': t.react }, ...buttons);
  }

  private roomMenu(): void {
    const row = this.chat.model.rooms.rows.get(this.room);
    if (!row) return;
    const { actions } = this.chat;
    const { pinned = false } = row.settings;
    const muted = isMuted(row);
    const markUnread = async () => {
      // Staying in the room would read it again at once.
      if (await actions.markUnread(this.room)) this.hooks.back();
    };
    openMenu(this.menuButton, [
      { label: pinned ? t.unpin : t.pin, run: () => void actions.settle(this.room, { pinned: !pinned }) },
      { label: muted ? t.unmute : t.mute, run: () => void actions.settle(this.room, { muted_until_ms: muted ? 0 : Date.now() + MUTE_MS }) },
      { label: t.markUnread, run: () => void markUnread() },
    ]);
  }
}
