// Fetches the parts of a room that events do not bring: its pages of history, missing stretches, members, single messages.

import type { Client } from './client.ts';
import { CallFailure } from './net/failure.ts';
import type { HistoryPage, Member, Message, RoomId } from './protocol.ts';
import type { Model } from './state/model.ts';

const PAGE_MESSAGES = 50;
const WIDE_PAGE_MESSAGES = 200;
/** Rooms up to this size show how far others have read. */
const RECEIPT_MEMBERS_MAX = 100;
const REACH_PAGES_MAX = 20;
const RETRY_MS = 1_500;

export class History {
  private loading = new Set<string>();
  private quoted = new Map<string, Message | 'asked' | 'gone'>();

  constructor(
    private readonly client: Client,
    private readonly model: Model,
    private readonly arrived: (room: RoomId) => void,
    private readonly failed: (failure: CallFailure) => void,
  ) {}

  /** The latest page, unless the room is loaded already. */
  async latest(room: RoomId): Promise<void> {
    if (this.model.timeline(room).loaded) return;
    await this.once(`latest ${room}`, () => this.fetchPage(room, 'latest', { limit: PAGE_MESSAGES }));
  }

  async older(room: RoomId, limit = PAGE_MESSAGES): Promise<void> {
    const timeline = this.model.timeline(room);
    if (!timeline.loaded || !timeline.more) return;
    await this.once(`older ${room}`, () => this.fetchPage(room, 'older', { before: timeline.fromSeq, limit }));
  }

  /** Loads older pages until `seq` is held, within reason. */
  async reach(room: RoomId, seq: number): Promise<void> {
    const timeline = this.model.timeline(room);
    for (let page = 0; page < REACH_PAGES_MAX && timeline.more && timeline.fromSeq > seq; page += 1) {
      const from = timeline.fromSeq;
      await this.older(room, WIDE_PAGE_MESSAGES);
      if (timeline.fromSeq === from) return;
    }
  }

  /** Fetches what lies between the held stretch and the records that came. */
  async fillHole(room: RoomId): Promise<void> {
    await this.once(`hole ${room}`, async () => {
      const timeline = this.model.timeline(room);
      for (let more = true; more; ) {
        const after = timeline.toSeq;
        more = await this.fetchPage(room, 'newer', { after, limit: WIDE_PAGE_MESSAGES });
        if (timeline.toSeq === after) return;
      }
    });
  }

  async members(room: RoomId): Promise<void> {
    if (this.model.rooms.rows.get(room)?.kind === 'channel') return;
    await this.once(`members ${room}`, async () => {
      const params = { room, limit: RECEIPT_MEMBERS_MAX };
      const page = await this.client.request<{ members: Member[]; cursor?: string }>('room.members', params);
      if (page.cursor === undefined) this.model.people.setMembers(room, page.members);
      this.arrived(room);
    });
  }

  /** A message that another one replies to, fetched once if it is not held. */
  quote(room: RoomId, seq: number): Message | undefined {
    const held = this.model.timeline(room).get(seq);
    if (held) return held;
    const key = `${room} ${seq}`;
    const known = this.quoted.get(key);
    if (known === undefined && this.client.connected) {
      this.quoted.set(key, 'asked');
      void this.fetchQuote(room, seq, key);
    }
    return typeof known === 'object' ? known : undefined;
  }

  private async fetchQuote(room: RoomId, seq: number, key: string): Promise<void> {
    try {
      const page = await this.client.request<HistoryPage>('message.history', { room, around: seq, limit: 1 });
      this.quoted.set(key, page.messages.find((message) => message.seq === seq) ?? 'gone');
      this.arrived(room);
    } catch {
      this.quoted.delete(key);
    }
  }

  /** True if more lies further in the direction asked. */
  private async fetchPage(room: RoomId, direction: 'latest' | 'older' | 'newer', range: object): Promise<boolean> {
    const timeline = this.model.timeline(room);
    timeline.beginFetch();
    try {
      const page = await this.client.request<HistoryPage>('message.history', { room, ...range });
      const outcome = timeline.merge(page, direction);
      this.arrived(room);
      if (outcome === 'hole' && direction !== 'newer') void this.fillHole(room);
      return page.more;
    } finally {
      timeline.endFetch();
    }
  }

  /** Runs one fetch of a kind at a time. After a lost connection the next one asks again; a busy server is asked later. */
  private async once(key: string, fetch: () => Promise<unknown>): Promise<void> {
    if (this.loading.has(key) || !this.client.connected) return;
    this.loading.add(key);
    try {
      await fetch();
    } catch (cause) {
      const failure = CallFailure.from(cause);
      if (failure.kind === 'disconnected') return;
      if (failure.retry) setTimeout(() => void this.once(key, fetch), failure.retryAfterMs ?? RETRY_MS);
      else this.failed(failure);
    } finally {
      this.loading.delete(key);
    }
  }
}
