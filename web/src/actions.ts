// What the user does, as calls: send, edit, react, read, settle a room's settings, open new rooms.

import type { Client } from './client.ts';
import type { History } from './history.ts';
import { randomId } from './identity.ts';
import { CallFailure } from './net/failure.ts';
import type { Message, RoomId, Row, Settings, UserId } from './protocol.ts';
import type { Presence } from './state/people.ts';
import type { Model } from './state/model.ts';
import type { Outbox, SendParams } from './state/outbox.ts';
import type { Sync } from './sync.ts';

interface ReadReply {
  read_seq: number;
  read_ord: number;
  marked_unread: boolean;
  user_rev: number;
}

const TYPING_REPEAT_MS = 3_000;

export class Actions {
  private reading = new Set<RoomId>();
  private triedReadSeq = new Map<RoomId, number>();
  private typingSentAt = 0;
  private typingRoom: RoomId | undefined;

  constructor(
    private readonly client: Client,
    private readonly model: Model,
    private readonly history: History,
    private readonly sync: Sync,
    private readonly outbox: Outbox,
    private readonly changed: () => void,
    private readonly failed: (failure: CallFailure) => void,
  ) {}

  open(room: RoomId): void {
    if (this.model.openRoom && this.model.openRoom !== room) this.model.leaveTimeline(this.model.openRoom);
    this.model.openRoom = room;
    this.triedReadSeq.delete(room);
    void this.history.latest(room);
    void this.history.members(room);
    if (!this.model.rooms.rows.has(room)) void this.fetchRow(room);
    else void this.watchPeer(room);
    this.changed();
  }

  close(): void {
    if (this.model.openRoom) this.model.leaveTimeline(this.model.openRoom);
    this.model.openRoom = undefined;
    this.changed();
  }

  /** False if the queue is full. */
  send(room: RoomId, text: string, replyTo: number | undefined): boolean {
    const params: SendParams = { room, client_id: randomId('c-'), text };
    if (replyTo !== undefined) params.reply_to = replyTo;
    // Written offline: what others wrote meanwhile has not been read.
    if (!this.client.connected) params.keep_unread = true;
    return this.outbox.add(params, this.model.nowMs());
  }

  async edit(message: Message, room: RoomId, text: string): Promise<boolean> {
    const params = { room, seq: message.seq, client_id: randomId('e-'), text };
    return this.attempt(this.client.request('message.edit', params));
  }

  async remove(message: Message, room: RoomId): Promise<boolean> {
    return this.attempt(this.client.request('message.delete', { room, seq: message.seq, client_id: randomId('d-') }));
  }

  async toggleReaction(message: Message, room: RoomId, emoji: string): Promise<boolean> {
    const remove = message.reactions?.[emoji]?.mine ?? false;
    const params = { room, seq: message.seq, emoji, client_id: randomId('r-'), ...(remove ? { remove } : {}) };
    return this.attempt(this.client.request('message.react', params));
  }

  /** Marks what is shown as read, unless there is nothing to say or it is being said. */
  async markRead(room: RoomId): Promise<void> {
    const row = this.model.rooms.rows.get(room);
    const timeline = this.model.timelines.get(room);
    if (!row || !timeline?.loaded || this.reading.has(room) || !this.client.connected) return;
    if (row.unread === 0 && !row.marked_unread && row.mentions === 0) return;
    const seq = timeline.toSeq;
    if (!row.marked_unread && (this.triedReadSeq.get(room) ?? -1) >= seq) return;
    this.reading.add(room);
    this.triedReadSeq.set(room, seq);
    try {
      const reply = await this.client.request<ReadReply>('room.mark_read', { room, seq });
      this.model.rooms.applyRead(room, reply);
      this.sync.facts.receive(reply.user_rev, () => this.sync.recountMentions(room));
    } catch (cause) {
      this.triedReadSeq.delete(room);
      const failure = CallFailure.from(cause);
      if (failure.kind !== 'disconnected') this.failed(failure);
    } finally {
      this.reading.delete(room);
      this.changed();
    }
  }

  async markUnread(room: RoomId): Promise<boolean> {
    return this.attempt(
      this.client.request<{ user_rev: number }>('room.mark_unread', { room }).then((reply) => {
        const row = this.model.rooms.rows.get(room);
        if (row) row.marked_unread = true;
        this.sync.facts.receive(reply.user_rev, () => {});
      }),
    );
  }

  async settle(room: RoomId, settings: Omit<Settings, 'custom'>): Promise<boolean> {
    return this.attempt(
      this.client.request<{ settings: Settings; user_rev: number }>('room.settings', { room, ...settings }).then((reply) => {
        this.model.rooms.applySettings(room, reply.settings);
        this.sync.facts.receive(reply.user_rev, () => {});
      }),
    );
  }

  async accept(room: RoomId): Promise<boolean> {
    return this.attempt(this.client.request<Row>('room.accept', { room }).then((row) => this.sync.putRow(row)));
  }

  /** A direct room for one other and no name, else a group. Answers the room's id. */
  async createRoom(users: UserId[], name: string): Promise<RoomId> {
    const kind = users.length === 1 && !name ? 'direct' : 'group';
    const params = { kind, members: users, ...(name ? { name } : {}) };
    const reply = await this.client.request<{ room: Row | RoomId }>('room.create', params);
    if (typeof reply.room === 'string') return reply.room;
    this.sync.putRow(reply.room);
    return reply.room.room;
  }

  /** Called for each keystroke; tells the room at most each three seconds. */
  typing(room: RoomId): void {
    const now = Date.now();
    if (this.typingRoom === room && now - this.typingSentAt < TYPING_REPEAT_MS) return;
    if (this.model.rooms.rows.get(room)?.kind === 'channel') return;
    this.typingRoom = room;
    this.typingSentAt = now;
    this.client.notify('room.typing', { room, on: true });
  }

  stopTyping(): void {
    if (this.typingRoom === undefined) return;
    this.client.notify('room.typing', { room: this.typingRoom, on: false });
    this.typingRoom = undefined;
  }

  /** Presence of the counterpart of a direct room; asked again after each connection. */
  async watchPeer(room: RoomId): Promise<void> {
    const peer = this.model.rooms.rows.get(room)?.peer?.user;
    try {
      const reply = await this.client.request<{ users: Record<UserId, Presence> }>('presence.watch', { users: peer ? [peer] : [] });
      for (const [user, presence] of Object.entries(reply.users ?? {})) this.model.people.presence.set(user, presence);
      this.changed();
    } catch {
      // Presence is a nicety: without it nothing is shown.
    }
  }

  private async fetchRow(room: RoomId): Promise<void> {
    if (!this.client.connected) return;
    const found = await this.attempt(this.client.request<Row>('room.get', { room }).then((row) => this.sync.putRow(row)));
    if (found) void this.watchPeer(room);
    else if (this.model.openRoom === room) this.close();
  }

  private async attempt(call: Promise<unknown>): Promise<boolean> {
    try {
      await call;
      return true;
    } catch (cause) {
      this.failed(CallFailure.from(cause));
      return false;
    } finally {
      this.changed();
    }
  }
}
