// The wire's shapes as this page reads them: rows, messages, records, events, errors and close codes of protocol version 1.

export type RoomId = string;
export type UserId = string;
export type Json = Record<string, unknown>;

export interface Settings {
  pinned?: boolean;
  muted_until_ms?: number;
  hidden?: boolean;
  custom?: Json;
}

/** The preview of a room's last message. */
export interface LastMessage {
  seq: number;
  sender: UserId;
  kind?: string;
  text?: string;
  deleted?: boolean;
  at_ms: number;
}

/** One row of the chat list. */
export interface Row {
  room: RoomId;
  kind: 'direct' | 'group' | 'channel';
  key?: string;
  name?: string;
  image?: string;
  data?: Json;
  peer?: { user: UserId; name?: string; image?: string };
  last?: LastMessage;
  head_seq: number;
  head_ord: number;
  read_seq: number;
  read_ord: number;
  joined_seq: number;
  floor_seq: number;
  unread: number;
  marked_unread: boolean;
  mentions: number;
  role: 'owner' | 'admin' | 'member';
  request?: boolean;
  settings: Settings;
  active_ms: number;
  user_rev: number;
}

export interface Reaction {
  count: number;
  mine: boolean;
}

export interface Message {
  seq: number;
  ord: number;
  /** The seq of the last record that changed this message: the higher one wins. */
  rev: number;
  kind?: 'message' | 'system';
  sender: UserId;
  client_id?: string;
  at_ms: number;
  edited_ms?: number;
  deleted?: boolean;
  text?: string;
  reply_to?: number;
  mentions?: string[];
  reactions?: Record<string, Reaction>;
  data?: Json;
  silent?: boolean;
  keep_unread?: boolean;
}

/** A durable record: an entry of a room's log, delivered as an event. */
export interface RoomRecord {
  method: string;
  room: RoomId;
  seq: number;
  ord: number;
  at_ms: number;
  params: Json;
}

/** An own fact of `room.changes`: a row, or the news that a room is gone. */
export type Change = Row | { room: RoomId; removed: true; user_rev: number };

export interface ListPage {
  rooms: Row[];
  unread_total: number;
  cursor?: string;
}

export interface ChangesPage {
  changes?: Change[];
  user_rev: number;
  list_reset?: boolean;
}

export interface ServerLimits {
  text_bytes: number;
  frame_bytes: number;
  batch_items: number;
}

export interface Hello extends ChangesPage {
  session: string;
  user: UserId;
  resumed: boolean;
  epoch: number;
  list?: ListPage;
  now_ms: number;
  expires_ms: number;
  ping_ms: number;
  limits?: Partial<ServerLimits>;
}

export interface HistoryPage {
  messages: Message[];
  from_seq?: number;
  to_seq?: number;
  more: boolean;
  floor_seq: number;
  head_seq: number;
}

export interface Member {
  user: UserId;
  role: string;
  joined_ms: number;
  read_seq?: number;
}

export interface Profile {
  name?: string;
  image?: string;
}

export interface WireError {
  code: number;
  message: string;
  data?: { kind?: string; retry?: boolean; retry_after_ms?: number; outcome?: string; limit?: string; field?: string };
}

export const SUBPROTOCOL = 'bongsu.v1.json';

/** Events that are entries of a room's log. */
export const RECORD_METHODS: ReadonlySet<string> = new Set([
  'message.new',
  'message.edited',
  'message.deleted',
  'message.reaction',
  'member.added',
  'member.removed',
  'member.role',
  'room.updated',
]);

/** Events about the user's own rows, ordered by `user_rev`. */
export const OWN_FACT_METHODS: ReadonlySet<string> = new Set([
  'room.joined',
  'room.removed',
  'room.read',
  'room.settings',
  'device.removed',
]);

/** Close codes 4100-4199 say: do not come back before the cause is gone. */
export function closeStops(code: number): boolean {
  return code >= 4100 && code <= 4199;
}
