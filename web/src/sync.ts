// Keeps the model equal to the server: hello, records in seq order, own facts in user_rev order, resets, acks.

import type { Client } from './client.ts';
import type { History } from './history.ts';
import { Acks } from './net/acks.ts';
import {
  OWN_FACT_METHODS,
  RECORD_METHODS,
  type Change,
  type ChangesPage,
  type Hello,
  type Json,
  type ListPage,
  type Message,
  type RoomId,
  type RoomRecord,
  type Row,
  type Settings,
} from './protocol.ts';
import type { Model } from './state/model.ts';
import type { Outbox } from './state/outbox.ts';
import { OwnFacts } from './state/own_facts.ts';

export const LIST_PAGE_ROWS = 40;
const FETCH_ROWS_DELAY_MS = 80;

export interface SyncHooks {
  changed(): void;
  /** The user is no longer in this room. */
  roomGone(room: RoomId): void;
  expiring(): void;
}

export class Sync {
  readonly facts = new OwnFacts((since) => void this.fetchChanges(since));
  private readonly acks = new Acks((rooms) => this.client.notify('session.ack', { rooms }));
  private rowsWanted = new Set<RoomId>();
  private rowsTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly client: Client,
    private readonly model: Model,
    private readonly history: History,
    private readonly outbox: Outbox,
    private readonly hooks: SyncHooks,
  ) {}

  helloParams(): object {
    const { epoch } = this.model;
    const known = epoch === undefined ? {} : { epoch, user_rev: this.facts.rev, cursors: this.acks.cursors() };
    return { ...known, list: LIST_PAGE_ROWS };
  }

  onHello(hello: Hello): void {
    const { model } = this;
    this.acks.clear();
    if (!hello.resumed) {
      model.forgetAll();
      this.facts.forget();
    }
    model.epoch = hello.epoch;
    model.session = hello.session;
    model.setServerClock(hello.now_ms);
    model.textBytesMax = hello.limits?.text_bytes ?? model.textBytesMax;
    if (hello.list_reset) model.rooms.clear();
    for (const change of hello.changes ?? []) this.applyChange(change);
    this.facts.advanceTo(hello.user_rev);
    if (hello.list) this.takeFirstPage(hello.list);
    model.people.askAgain();
    this.outbox.resume();
    this.hooks.changed();
  }

  onEvent(method: string, params: Json): void {
    const room = params['room'] as RoomId;
    if (RECORD_METHODS.has(method)) {
      this.onRecord({ method, room, seq: Number(params['seq']), ord: Number(params['ord']), at_ms: Number(params['at_ms']), params });
    } else if (OWN_FACT_METHODS.has(method)) {
      this.facts.receive(Number(params['user_rev']), () => this.applyOwnFact(method, params));
    } else {
      this.onPassingEvent(method, room, params);
    }
    this.hooks.changed();
  }

  /** More of the chat list, where the last page ended. */
  async moreRooms(): Promise<void> {
    const { rooms } = this.model;
    const cursor = rooms.cursor;
    if (cursor === undefined) return;
    const page = await this.client.request<ListPage>('room.list', { limit: LIST_PAGE_ROWS, cursor });
    // Another first page may have come meanwhile.
    if (rooms.cursor === cursor) rooms.cursor = page.cursor;
    for (const row of page.rooms) this.putRow(row);
    rooms.noteTotal(page.unread_total);
    this.hooks.changed();
  }

  putRow(row: Row): void {
    this.model.people.learn(row.peer?.user ?? '', row.peer?.name);
    this.model.rooms.put(row);
  }

  private onRecord(record: RoomRecord): void {
    const { room, seq } = record;
    const seen = this.model.seen.get(room);
    if (seen !== undefined && seq <= seen) return;
    if (seen !== undefined && seq > seen + 1) {
      this.resetRoom(room, seq);
      return;
    }
    this.model.seen.set(room, seq);
    this.applyRecord(record);
    this.acks.applied(room, seq);
  }

  private applyRecord(record: RoomRecord): void {
    const { rooms, timelines, people, me } = this.model;
    const { room } = record;
    if (record.method === 'message.new') {
      const message = record.params as unknown as Message;
      if (!rooms.rows.has(room)) this.wantRow(room);
      if (message.sender === me && message.client_id) this.outbox.remove(message.client_id);
      if (message.sender !== me) people.setTyping(room, message.sender, false);
      if (!message.keep_unread) people.setRead(room, message.sender, message.seq);
    }
    rooms.applyRecord(record);
    if (timelines.get(room)?.receive(record) === 'hole') void this.history.fillHole(room);
    const membersChanged = record.method === 'member.added' || record.method === 'member.removed';
    if (membersChanged && room === this.model.openRoom) void this.history.members(room);
  }

  private onPassingEvent(method: string, room: RoomId, params: Json): void {
    const { people, me } = this.model;
    const user = String(params['user']);
    if (method === 'typing' && user !== me) people.setTyping(room, user, params['on'] === true);
    else if (method === 'read.updated') people.setRead(room, user, Number(params['read_seq']));
    else if (method === 'presence') people.presence.set(user, params as never);
    else if (method === 'room.reset') this.resetRoom(room, Number(params['head_seq']));
    else if (method === 'session.expiring') this.hooks.expiring();
  }

  private applyOwnFact(method: string, params: Json): void {
    const room = params['room'] as RoomId;
    const { model } = this;
    if (method === 'room.joined') {
      model.forgetRoom(room);
      model.seen.set(room, Number(params['from_seq']) - 1);
      this.putRow(params['row'] as unknown as Row);
      if (room === model.openRoom) this.refreshOpenRoom(room);
    } else if (method === 'room.removed') {
      this.dropRoom(room);
    } else if (method === 'room.settings') {
      model.rooms.applySettings(room, params['settings'] as Settings);
    } else if (method === 'room.read') {
      model.rooms.applyRead(room, params as never);
      this.recountMentions(room);
    }
  }

  /** A partial read leaves some mentions: only the server can count them. */
  recountMentions(room: RoomId): void {
    if ((this.model.rooms.rows.get(room)?.mentions ?? 0) > 0) this.wantRow(room);
  }

  private applyChange(change: Change): void {
    if ('removed' in change) this.dropRoom(change.room);
    else this.putRow(change);
  }

  private dropRoom(room: RoomId): void {
    const known = this.model.rooms.rows.has(room);
    this.model.forgetRoom(room);
    if (known) this.hooks.roomGone(room);
  }

  /** The records of this room up to `headSeq` do not come as events: drop what is held, fetch, then ack. */
  private resetRoom(room: RoomId, headSeq: number): void {
    this.model.timelines.delete(room);
    this.model.seen.set(room, headSeq);
    if (room === this.model.openRoom) this.refreshOpenRoom(room);
    void this.refetchRow(room).then((row) => {
      if (row) this.acks.applied(room, headSeq);
    });
  }

  private async refetchRow(room: RoomId): Promise<Row | undefined> {
    try {
      const row = await this.client.request<Row>('room.get', { room });
      this.model.rooms.remove(room);
      this.putRow(row);
      this.hooks.changed();
      return row;
    } catch {
      // A lost connection: the unacked reset comes again with the next hello.
      return undefined;
    }
  }

  private refreshOpenRoom(room: RoomId): void {
    void this.history.latest(room);
    void this.history.members(room);
  }

  private takeFirstPage(page: ListPage): void {
    const { rooms } = this.model;
    if (rooms.rows.size === 0) rooms.cursor = page.cursor;
    for (const row of page.rooms) this.putRow(row);
    rooms.noteTotal(page.unread_total);
  }

  private async fetchChanges(since: number): Promise<void> {
    try {
      const page = await this.client.request<ChangesPage>('room.changes', { since });
      if (page.list_reset) {
        this.model.rooms.clear();
        this.takeFirstPage(await this.client.request<ListPage>('room.list', { limit: LIST_PAGE_ROWS }));
      }
      for (const change of page.changes ?? []) this.applyChange(change);
      this.facts.advanceTo(page.user_rev);
      this.hooks.changed();
    } catch {
      // The next hello brings the changes.
    }
  }

  /** Rows of rooms beyond the loaded pages that came to life, and rows to count anew. */
  private wantRow(room: RoomId): void {
    this.rowsWanted.add(room);
    this.rowsTimer ??= setTimeout(() => void this.fetchWantedRows(), FETCH_ROWS_DELAY_MS);
  }

  private async fetchWantedRows(): Promise<void> {
    this.rowsTimer = undefined;
    const wanted = [...this.rowsWanted];
    this.rowsWanted.clear();
    const { rooms } = this.model;
    const rows = await Promise.allSettled(wanted.map((room) => this.client.request<Row>('room.get', { room })));
    for (const row of rows) if (row.status === 'fulfilled') this.putRow(row.value);
    try {
      if (rooms.cursor !== undefined) rooms.noteTotal((await this.client.request<ListPage>('room.list', { limit: 1 })).unread_total);
    } catch {
      // The total is noted again with the next page or hello.
    }
    this.hooks.changed();
  }
}
