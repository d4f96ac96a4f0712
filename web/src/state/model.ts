// All that this tab knows, in one place: filled by sync and history, read by the views.

import type { RoomId, UserId } from '../protocol.ts';
import type { People } from './people.ts';
import { Rooms } from './rooms.ts';
import { Timeline } from './timeline.ts';

const TIMELINES_MAX = 20;
const CLOSED_TIMELINE_MESSAGES = 100;

export class Model {
  readonly rooms: Rooms;
  readonly timelines = new Map<RoomId, Timeline>();
  /** The last record of each room that was taken in, within this epoch. */
  readonly seen = new Map<RoomId, number>();
  epoch: number | undefined;
  openRoom: RoomId | undefined;
  session: string | undefined;
  textBytesMax = 16 * 1024;
  /** Server clock minus ours, for relative times. */
  private clockAheadMs = 0;

  constructor(
    readonly me: UserId,
    readonly people: People,
  ) {
    this.rooms = new Rooms(me);
  }

  nowMs(): number {
    return Date.now() + this.clockAheadMs;
  }

  setServerClock(nowMs: number): void {
    this.clockAheadMs = nowMs - Date.now();
  }

  timeline(room: RoomId): Timeline {
    const known = this.timelines.get(room);
    if (known) return known;
    const timeline = new Timeline(this.me);
    this.timelines.set(room, timeline);
    return timeline;
  }

  /** Keeps memory bounded when a room is left: its timeline shrinks, and the least recently opened ones go. */
  leaveTimeline(room: RoomId): void {
    const timeline = this.timelines.get(room);
    if (!timeline) return;
    timeline.trim(CLOSED_TIMELINE_MESSAGES);
    this.timelines.delete(room);
    this.timelines.set(room, timeline);
    for (const oldest of this.timelines.keys()) {
      if (this.timelines.size <= TIMELINES_MAX) break;
      this.timelines.delete(oldest);
    }
  }

  forgetRoom(room: RoomId): void {
    this.rooms.remove(room);
    this.timelines.delete(room);
    this.seen.delete(room);
    this.people.forgetRoom(room);
  }

  /** The server does not know our positions any more: all goes but what is unsent. */
  forgetAll(): void {
    this.rooms.clear();
    this.timelines.clear();
    this.seen.clear();
    this.epoch = undefined;
  }
}
