// The chat list: rows, their unread counts kept exact by the records that arrive, and the total over all rooms.

import type { LastMessage, Message, RoomId, RoomRecord, Row, Settings, UserId } from '../protocol.ts';

export interface RoomRow extends Row {
  /** The ord that unread counts from when it lies above `read_ord` (the join, expiry): `head_ord - unread` of a fetched row. */
  base_ord: number;
}

export class Rooms {
  readonly rows = new Map<RoomId, RoomRow>();
  /** Where the next page of the list starts; undefined when all of it is here. */
  cursor: string | undefined;
  /** Unread in rooms that are not loaded. */
  private elsewhere = 0;

  constructor(private readonly me: UserId) {}

  clear(): void {
    this.rows.clear();
    this.cursor = undefined;
    this.elsewhere = 0;
  }

  /** Takes in a fetched row. Records and own facts that overtook it are kept. */
  put(fetched: Row): void {
    const known = this.rows.get(fetched.room);
    const row: RoomRow = { ...fetched, base_ord: fetched.head_ord - fetched.unread };
    if (known && known.joined_seq === fetched.joined_seq) {
      if (known.head_seq > fetched.head_seq) keepLiveFacts(row, known);
      if (known.user_rev > fetched.user_rev) keepOwnFacts(row, known);
      row.read_seq = Math.max(row.read_seq, known.read_seq);
      row.read_ord = Math.max(row.read_ord, known.read_ord);
      row.base_ord = Math.max(row.base_ord, known.base_ord);
      recount(row);
    }
    this.rows.set(row.room, row);
  }

  remove(room: RoomId): void {
    this.rows.delete(room);
  }

  /** Applies a durable record to its row; records that the row already contains change nothing. */
  applyRecord(record: RoomRecord): void {
    const row = this.rows.get(record.room);
    if (!row || record.seq <= row.head_seq) return;
    row.head_seq = record.seq;
    row.head_ord = record.ord;
    if (record.method === 'message.new') this.applyMessage(row, record.params as unknown as Message);
    else applyChange(row, record, this.me);
    recount(row);
  }

  /** A read position, from `room.read` or the reply to `room.mark_read`. Positions only grow. */
  applyRead(room: RoomId, read: { read_seq: number; read_ord: number; marked_unread?: boolean }): void {
    const row = this.rows.get(room);
    if (!row) return;
    row.read_seq = Math.max(row.read_seq, read.read_seq);
    row.read_ord = Math.max(row.read_ord, read.read_ord);
    row.marked_unread = read.marked_unread ?? false;
    recount(row);
  }

  applySettings(room: RoomId, settings: Settings): void {
    const row = this.rows.get(room);
    if (row) row.settings = settings;
  }

  /** Notes the server's total over all rooms, to know what the rooms not loaded hold. */
  noteTotal(unreadTotal: number): void {
    this.elsewhere = Math.max(0, unreadTotal - this.loadedTotal());
  }

  total(): number {
    return this.loadedTotal() + (this.cursor === undefined ? 0 : this.elsewhere);
  }

  /** The rows to show: pinned first, then by last activity, then by id. */
  sorted(): RoomRow[] {
    return [...this.rows.values()].filter((row) => !row.settings.hidden).sort(compareRows);
  }

  private loadedTotal(): number {
    let total = 0;
    for (const row of this.rows.values()) {
      if (!row.settings.hidden && !isMuted(row)) total += badgeCount(row);
    }
    return total;
  }

  private applyMessage(row: RoomRow, message: Message): void {
    row.last = preview(message);
    row.active_ms = message.at_ms;
    // Hidden holds until something new comes.
    row.settings = { ...row.settings, hidden: false };
    if (message.sender === this.me) {
      if (message.keep_unread) return;
      row.read_seq = message.seq;
      row.read_ord = message.ord;
      row.marked_unread = false;
      row.request = false;
    } else if (message.mentions?.some((name) => name === this.me || name === '@all')) {
      row.mentions += 1;
    }
  }
}

export function badgeCount(row: Row): number {
  return Math.max(row.unread, row.marked_unread ? 1 : 0);
}

export function isMuted(row: Row): boolean {
  return (row.settings.muted_until_ms ?? 0) > Date.now();
}

function recount(row: RoomRow): void {
  row.unread = Math.max(0, row.head_ord - Math.max(row.base_ord, row.read_ord));
  if (row.unread === 0) row.mentions = 0;
}

function applyChange(row: RoomRow, record: RoomRecord, me: UserId): void {
  const { params } = record;
  const isLast = row.last !== undefined && params['target'] === row.last.seq;
  if (record.method === 'message.edited' && isLast && params['text'] !== undefined) {
    row.last = { ...row.last!, text: String(params['text']) };
  } else if (record.method === 'message.deleted' && isLast) {
    const { text: _gone, ...rest } = row.last!;
    row.last = { ...rest, deleted: true };
  } else if (record.method === 'member.role' && params['user'] === me) {
    row.role = params['role'] as Row['role'];
  } else if (record.method === 'room.updated') {
    if (params['name'] !== undefined) row.name = String(params['name']);
    if (params['image'] !== undefined) row.image = String(params['image']);
    if (params['data'] !== undefined) row.data = params['data'] as Row['data'];
  }
}

function preview(message: Message): LastMessage {
  const last: LastMessage = { seq: message.seq, sender: message.sender, kind: message.kind ?? 'message', at_ms: message.at_ms };
  if (message.text !== undefined) last.text = message.text;
  return last;
}

function keepLiveFacts(row: RoomRow, known: RoomRow): void {
  const { head_seq, head_ord, last, active_ms, name, image, data, mentions, role } = known;
  Object.assign(row, { head_seq, head_ord, last, active_ms, name, image, data, mentions, role });
}

function keepOwnFacts(row: RoomRow, known: RoomRow): void {
  const { user_rev, settings, marked_unread } = known;
  Object.assign(row, { user_rev, settings, marked_unread });
}

function compareRows(a: RoomRow, b: RoomRow): number {
  const pinned = Number(b.settings.pinned ?? false) - Number(a.settings.pinned ?? false);
  return pinned || b.active_ms - a.active_ms || (a.room < b.room ? 1 : -1);
}
