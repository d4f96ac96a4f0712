// The messages of one room that this page holds: one stretch of the log without a hole, changed by the records that arrive.

import type { HistoryPage, Message, Reaction, RoomRecord, UserId } from '../protocol.ts';

export type Applied = 'applied' | 'ignored' | 'hole';

export class Timeline {
  /** Ascending by seq. */
  messages: Message[] = [];
  /** The covered stretch of the log, both ends inclusive; empty when `toSeq < fromSeq`. */
  fromSeq = 1;
  toSeq = 0;
  /** Whether older messages exist on the server. */
  more = true;
  loaded = false;
  private bySeq = new Map<number, Message>();
  /** Records that arrived while pages were on their way: a page may have been read before them. */
  private overtaking: RoomRecord[] = [];
  private fetches = 0;

  constructor(private readonly me: UserId) {}

  get(seq: number): Message | undefined {
    return this.bySeq.get(seq);
  }

  beginFetch(): void {
    this.fetches += 1;
  }

  endFetch(): void {
    this.fetches -= 1;
    if (this.fetches === 0) this.overtaking = [];
  }

  /** Merges a page that adjoins or overlaps what is held; `older` tells which end it extends. Call within a fetch. */
  merge(page: HistoryPage, direction: 'latest' | 'older' | 'newer'): Applied {
    if (!this.loaded) {
      this.fromSeq = page.from_seq ?? page.head_seq + 1;
      this.toSeq = page.to_seq ?? page.head_seq;
      this.loaded = true;
    }
    if (page.from_seq !== undefined) this.fromSeq = Math.min(this.fromSeq, page.from_seq);
    if (page.to_seq !== undefined) this.toSeq = Math.max(this.toSeq, page.to_seq);
    if (direction !== 'newer') this.more = page.more;
    for (const message of page.messages) {
      const held = this.bySeq.get(message.seq);
      if (!held || message.rev > held.rev) this.bySeq.set(message.seq, message);
    }
    this.reorder();
    let outcome: Applied = 'applied';
    for (const record of this.overtaking) {
      if (this.applyRecord(record) === 'hole') outcome = 'hole';
    }
    return outcome;
  }

  /** Notes a record on its way in; `hole` means that records before it are missing and must be fetched. */
  receive(record: RoomRecord): Applied {
    if (this.fetches > 0) this.overtaking.push(record);
    return this.loaded ? this.applyRecord(record) : 'ignored';
  }

  /** Lets go of all but the latest `keep` messages. */
  trim(keep: number): void {
    if (this.messages.length <= keep || this.fetches > 0) return;
    this.messages = this.messages.slice(-keep);
    this.fromSeq = this.messages[0]!.seq;
    this.more = true;
    this.bySeq = new Map(this.messages.map((message) => [message.seq, message]));
  }

  private applyRecord(record: RoomRecord): Applied {
    this.applyToTarget(record);
    if (record.seq <= this.toSeq) return 'ignored';
    if (record.seq > this.toSeq + 1) return 'hole';
    this.toSeq = record.seq;
    if (record.method === 'message.new') this.append(record);
    return 'applied';
  }

  private append(record: RoomRecord): void {
    const message = { ...(record.params as unknown as Message) };
    message.rev ??= message.seq;
    this.bySeq.set(message.seq, message);
    this.messages.push(message);
  }

  private applyToTarget(record: RoomRecord): void {
    const target = this.bySeq.get(Number(record.params['target']));
    if (!target || record.seq <= target.rev) return;
    const changed = changedBy(target, record, this.me);
    this.bySeq.set(changed.seq, changed);
    this.messages[this.indexOf(changed.seq)] = changed;
  }

  private indexOf(seq: number): number {
    let low = 0;
    let high = this.messages.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.messages[middle]!.seq < seq) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  private reorder(): void {
    this.messages = [...this.bySeq.values()].sort((a, b) => a.seq - b.seq);
  }
}

function changedBy(message: Message, record: RoomRecord, me: UserId): Message {
  const { params } = record;
  const changed: Message = { ...message, rev: record.seq };
  if (record.method === 'message.edited') {
    if (params['text'] !== undefined) changed.text = String(params['text']);
    if (params['data'] !== undefined) changed.data = params['data'] as Message['data'] & object;
    changed.edited_ms = Number(params['edited_ms'] ?? record.at_ms);
  } else if (record.method === 'message.deleted') {
    changed.deleted = true;
    delete changed.text;
    delete changed.data;
    delete changed.mentions;
    delete changed.reactions;
  } else if (record.method === 'message.reaction') {
    const mine = params['actor'] === me;
    changed.reactions = reacted(message.reactions ?? {}, String(params['emoji']), params['remove'] === true, mine);
  }
  return changed;
}

function reacted(reactions: Record<string, Reaction>, emoji: string, remove: boolean, mine: boolean): Record<string, Reaction> {
  const { [emoji]: before = { count: 0, mine: false }, ...others } = reactions;
  const count = before.count + (remove ? -1 : 1);
  if (count <= 0) return others;
  return { ...reactions, [emoji]: { count, mine: mine ? !remove : before.mine } };
}
