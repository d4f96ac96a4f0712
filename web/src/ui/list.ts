// The chat list: one row a room, pinned first, more loaded as the reader scrolls.

import type { Chat } from '../chat.ts';
import type { RoomId } from '../protocol.ts';
import { badgeCount, isMuted, type RoomRow } from '../state/rooms.ts';
import { avatar } from './avatar.ts';
import { h, KeyedList, setAttribute, type KeyedItem } from './dom.ts';
import { listingOf, relativeTime } from './format.ts';
import { roomName } from './names.ts';
import { t } from './text.ts';

const LOAD_AHEAD_PX = 600;

export class ListView {
  private readonly rows = h('div', { class: 'list-rows' });
  private readonly note = h('div', { class: 'list-note' });
  readonly element = h('nav', { class: 'list', 'data-testid': 'list', 'aria-label': t.chats }, this.rows, this.note);
  private readonly keyed = new KeyedList(this.rows);
  private loading = false;

  constructor(
    private readonly chat: Chat,
    private readonly choose: (room: RoomId) => void,
  ) {
    this.element.addEventListener('scroll', () => void this.loadMore());
  }

  render(): void {
    const { rooms } = this.chat.model;
    const sorted = rooms.sorted();
    this.keyed.render(sorted.map((row) => this.item(row)));
    this.note.hidden = sorted.length > 0 && rooms.cursor === undefined;
    if (sorted.length > 0 || !this.chat.client.connected) this.note.textContent = t.loading;
    else this.note.replaceChildren(h('strong', {}, t.noRooms), h('span', {}, t.noRoomsHint));
    void this.loadMore();
  }

  private async loadMore(): Promise<void> {
    const { element, chat } = this;
    const near = element.scrollTop + element.clientHeight > element.scrollHeight - LOAD_AHEAD_PX;
    if (!near || this.loading || !chat.client.connected || chat.model.rooms.cursor === undefined) return;
    this.loading = true;
    try {
      await chat.sync.moreRooms();
    } catch {
      // Scrolling again, or the next redraw, asks again.
    } finally {
      this.loading = false;
    }
  }

  private item(row: RoomRow): KeyedItem {
    const { model } = this.chat;
    const looks = this.looks(row);
    const chosen = model.openRoom === row.room;
    return {
      key: row.room,
      signature: JSON.stringify([looks, chosen, row.unread]),
      make: () => h('button', { class: 'row', type: 'button', onclick: () => this.choose(row.room) }),
      fill: (element) => {
        setAttribute(element, 'data-testid', 'row');
        setAttribute(element, 'data-room', row.room);
        setAttribute(element, 'data-unread', String(looks.badge));
        setAttribute(element, 'aria-current', chosen ? 'true' : undefined);
        element.replaceChildren(...rowContent(row, looks));
      },
    };
  }

  private looks(row: RoomRow): RowLooks {
    const { model } = this.chat;
    return {
      name: roomName(row, model),
      listing: listingOf(row.data),
      preview: this.preview(row),
      time: row.last ? relativeTime(row.last.at_ms, model.nowMs()) : '',
      badge: badgeCount(row),
      onlyMarked: row.unread === 0 && row.marked_unread,
      mentions: row.mentions,
      muted: isMuted(row),
      pinned: row.settings.pinned ?? false,
    };
  }

  private preview(row: RoomRow): string {
    const { model } = this.chat;
    const { last } = row;
    if (!last) return '';
    const text = last.deleted ? t.deleted : (last.text ?? t.attachmentOnly);
    if (last.kind === 'system' || (row.kind === 'direct' && last.sender !== model.me)) return text;
    return `${last.sender === model.me ? t.you : model.people.name(last.sender)}: ${text}`;
  }
}

interface RowLooks {
  name: string;
  listing: ReturnType<typeof listingOf>;
  preview: string;
  time: string;
  badge: number;
  onlyMarked: boolean;
  mentions: number;
  muted: boolean;
  pinned: boolean;
}

function rowContent(row: RoomRow, looks: RowLooks): Node[] {
  const face = h('span', { class: 'row-face' }, avatar(row.peer?.user ?? row.room, looks.name));
  if (looks.listing) face.append(h('span', { class: 'row-thumb', 'aria-hidden': 'true' }, looks.listing.emoji));
  const marks = `${looks.pinned ? '📌' : ''}${looks.muted ? '🔕' : ''}`;
  const head = h(
    'span',
    { class: 'row-line' },
    h('span', { class: 'row-name', dir: 'auto' }, looks.name),
    marks !== '' && h('span', { class: 'row-marks' }, marks),
    h('span', { class: 'row-time' }, looks.time),
  );
  const listing =
    looks.listing &&
    h(
      'span',
      { class: 'row-line row-listing' },
      h('span', { class: 'row-listing-title' }, looks.listing.title),
      h('span', { class: 'row-listing-price' }, looks.listing.price),
    );
  const badge = looks.badge > 999 ? '999+' : String(looks.badge);
  const foot = h(
    'span',
    { class: 'row-line' },
    h('span', { class: 'row-preview', dir: 'auto' }, looks.preview),
    looks.mentions > 0 && h('span', { class: 'badge mention', 'data-testid': 'row-mentions' }, '@'),
    looks.badge > 0 &&
      h('span', { class: looks.muted ? 'badge quiet' : 'badge', 'data-testid': 'row-unread' }, looks.onlyMarked ? '•' : badge),
  );
  const body = h('span', { class: 'row-body' }, head, listing, foot);
  return [face, body];
}
