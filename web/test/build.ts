// Builders for the tests of state: a row, a record and a message with sensible defaults.

import type { HistoryPage, Message, RoomRecord, Row } from '../src/protocol.ts';

export const ROOM = 'room-1';
export const ME = 'alice';
export const BOB = 'bob';

export function row(changes: Partial<Row> = {}): Row {
  return {
    room: ROOM,
    kind: 'group',
    head_seq: 10,
    head_ord: 10,
    read_seq: 10,
    read_ord: 10,
    joined_seq: 1,
    floor_seq: 0,
    unread: 0,
    marked_unread: false,
    mentions: 0,
    role: 'member',
    settings: { pinned: false, muted_until_ms: 0, hidden: false },
    active_ms: 1_000,
    user_rev: 1,
    ...changes,
  };
}

export function message(seq: number, changes: Partial<Message> = {}): Message {
  return { seq, ord: seq, rev: seq, kind: 'message', sender: BOB, client_id: `c-${seq}`, at_ms: seq * 1_000, text: `text ${seq}`, ...changes };
}

export function record(method: string, seq: number, params: object = {}, ord = seq): RoomRecord {
  const at_ms = seq * 1_000;
  return { method, room: ROOM, seq, ord, at_ms, params: { room: ROOM, seq, ord, at_ms, ...params } };
}

export function newMessage(seq: number, changes: Partial<Message> = {}): RoomRecord {
  const params = message(seq, changes);
  return record('message.new', seq, params, params.ord);
}

export function page(from: number, to: number, head: number, more: boolean): HistoryPage {
  const messages: Message[] = [];
  for (let seq = from; seq <= to; seq += 1) messages.push(message(seq));
  return { messages, from_seq: from, to_seq: to, more, floor_seq: 0, head_seq: head };
}
