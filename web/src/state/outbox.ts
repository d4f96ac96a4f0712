// Messages on their way out: one queue a room, in order, kept over reloads, sent again with the same client_id and
// parameters until the server has answered for good.

import { CallFailure } from '../net/failure.ts';
import type { RoomId } from '../protocol.ts';

export interface SendParams {
  room: RoomId;
  client_id: string;
  text: string;
  reply_to?: number;
  keep_unread?: boolean;
}

export interface OutgoingMessage {
  params: SendParams;
  atMs: number;
  state: 'sending' | 'failed' | 'sent';
  /** Set once the reply came; the item stays until the record itself arrives. */
  seq?: number;
  failure?: CallFailure;
}

export interface SendReply {
  seq: number;
  ord: number;
  at_ms: number;
  duplicate: boolean;
}

const RETRY_MS = 1_500;
const ITEMS_MAX = 200;

export class Outbox {
  private items: OutgoingMessage[] = [];
  private busy = new Set<RoomId>();

  constructor(
    private readonly storageKey: string,
    private readonly send: (params: SendParams) => Promise<SendReply>,
    private readonly sent: (params: SendParams, reply: SendReply) => void,
    private readonly changed: () => void,
  ) {
    try {
      const stored: OutgoingMessage[] = JSON.parse(sessionStorage.getItem(storageKey) ?? '[]');
      this.items = stored.filter((item) => item.state !== 'sent');
    } catch {
      this.items = [];
    }
  }

  get size(): number {
    return this.items.length;
  }

  of(room: RoomId): OutgoingMessage[] {
    return this.items.filter((item) => item.params.room === room);
  }

  /** False if too much waits already. */
  add(params: SendParams, atMs: number): boolean {
    if (this.items.length >= ITEMS_MAX) return false;
    this.items.push({ params, atMs, state: 'sending' });
    this.save();
    void this.pump(params.room);
    return true;
  }

  retry(clientId: string): void {
    const item = this.find(clientId);
    if (!item) return;
    item.state = 'sending';
    delete item.failure;
    this.save();
    void this.pump(item.params.room);
  }

  /** Lets go of an item: the user discarded it, or its record has arrived. */
  remove(clientId: string): void {
    if (!this.find(clientId)) return;
    this.items = this.items.filter((item) => item.params.client_id !== clientId);
    this.save();
  }

  /** Drops answered items up to `seq`: the timeline holds them. */
  settle(room: RoomId, upToSeq: number): void {
    const before = this.items.length;
    this.items = this.items.filter((item) => item.params.room !== room || item.seq === undefined || item.seq > upToSeq);
    if (this.items.length !== before) this.save();
  }

  /** A connection is there: everything unanswered goes out again. */
  resume(): void {
    for (const room of new Set(this.items.map((item) => item.params.room))) void this.pump(room);
  }

  // One message of a room at a time, so that a retry cannot overtake the next.
  private async pump(room: RoomId): Promise<void> {
    if (this.busy.has(room)) return;
    this.busy.add(room);
    for (;;) {
      const item = this.items.find((item) => item.params.room === room && item.state === 'sending');
      if (!item || !(await this.attempt(item))) break;
    }
    this.busy.delete(room);
  }

  /** True if the queue may go on. */
  private async attempt(item: OutgoingMessage): Promise<boolean> {
    try {
      const reply = await this.send(item.params);
      item.state = 'sent';
      item.seq = reply.seq;
      this.sent(item.params, reply);
    } catch (cause) {
      const failure = CallFailure.from(cause);
      if (failure.kind === 'disconnected') return false;
      if (failure.retry) {
        setTimeout(() => void this.pump(item.params.room), failure.retryAfterMs ?? RETRY_MS);
        return false;
      }
      item.state = 'failed';
      item.failure = failure;
    }
    this.save();
    return true;
  }

  private find(clientId: string): OutgoingMessage | undefined {
    return this.items.find((item) => item.params.client_id === clientId);
  }

  private save(): void {
    try {
      sessionStorage.setItem(this.storageKey, JSON.stringify(this.items));
    } catch {
      // A full or forbidden storage costs only survival of a reload.
    }
    this.changed();
  }
}
