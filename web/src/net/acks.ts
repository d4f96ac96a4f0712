// Cumulative acks, sent each 200 ms or 50 records, and the positions a later hello must still tell the server.

import type { RoomId } from '../protocol.ts';

const FLUSH_MS = 200;
const FLUSH_RECORDS = 50;
const CURSORS_MAX = 1_000;

export class Acks {
  private due = new Map<RoomId, number>();
  private unstored = new Map<RoomId, number>();
  private records = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly send: (rooms: Record<RoomId, number>) => void) {}

  applied(room: RoomId, seq: number): void {
    this.due.set(room, seq);
    // Re-inserting keeps the map ordered by recency, for the cut at CURSORS_MAX.
    this.unstored.delete(room);
    this.unstored.set(room, seq);
    this.records += 1;
    if (this.records >= FLUSH_RECORDS) this.flush();
    else this.timer ??= setTimeout(() => this.flush(), FLUSH_MS);
  }

  flush(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.records = 0;
    if (this.due.size === 0) return;
    this.send(Object.fromEntries(this.due));
    this.due.clear();
  }

  /** Positions that may not be stored yet, for the next hello. */
  cursors(): Record<RoomId, number> {
    return Object.fromEntries([...this.unstored].slice(-CURSORS_MAX));
  }

  /** A hello told the server everything, or the positions fell: start over. */
  clear(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.records = 0;
    this.due.clear();
    this.unstored.clear();
  }
}
