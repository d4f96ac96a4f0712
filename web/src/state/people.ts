// What is known of people: names (asked for in one call per moment), who is here, who is typing, how far others have read.

import type { Member, Profile, RoomId, UserId } from '../protocol.ts';

const TYPING_FADES_MS = 6_000;
const ASK_DELAY_MS = 30;
const ASK_USERS_MAX = 50;

export interface Presence {
  online: boolean;
  last_active_ms?: number;
}

export class People {
  readonly presence = new Map<UserId, Presence>();
  private names = new Map<UserId, string>();
  private asked = new Set<UserId>();
  private unknown = new Set<UserId>();
  private askTimer: ReturnType<typeof setTimeout> | undefined;
  private typingIn = new Map<RoomId, Map<UserId, ReturnType<typeof setTimeout>>>();
  private readIn = new Map<RoomId, Map<UserId, number>>();

  constructor(
    private readonly fetchProfiles: (users: UserId[]) => Promise<Record<UserId, Profile>>,
    private readonly changed: () => void,
  ) {}

  learn(user: UserId, name: string | undefined): void {
    if (name) this.names.set(user, name);
  }

  /** The name to show: the id until the profile has come. */
  name(user: UserId): string {
    const name = this.names.get(user);
    if (name === undefined && !this.asked.has(user)) this.ask(user);
    return name ?? user;
  }

  /** Names are asked for again after a reconnect, in case the asking was lost. */
  askAgain(): void {
    this.asked.clear();
  }

  typing(room: RoomId): UserId[] {
    return [...(this.typingIn.get(room)?.keys() ?? [])];
  }

  setTyping(room: RoomId, user: UserId, on: boolean): void {
    const typing = this.typingIn.get(room) ?? new Map<UserId, ReturnType<typeof setTimeout>>();
    this.typingIn.set(room, typing);
    clearTimeout(typing.get(user));
    typing.delete(user);
    if (on) typing.set(user, setTimeout(() => this.setTyping(room, user, false), TYPING_FADES_MS));
    this.changed();
  }

  /** How far others have read; undefined where receipts are not kept. */
  readers(room: RoomId): ReadonlyMap<UserId, number> | undefined {
    return this.readIn.get(room);
  }

  setMembers(room: RoomId, members: Member[]): void {
    const reads = new Map<UserId, number>();
    const known = this.readIn.get(room);
    for (const { user, read_seq } of members) reads.set(user, Math.max(read_seq ?? 0, known?.get(user) ?? 0));
    this.readIn.set(room, reads);
  }

  setRead(room: RoomId, user: UserId, readSeq: number): void {
    const reads = this.readIn.get(room);
    if (reads) reads.set(user, Math.max(readSeq, reads.get(user) ?? 0));
  }

  forgetRoom(room: RoomId): void {
    this.readIn.delete(room);
  }

  private ask(user: UserId): void {
    this.asked.add(user);
    this.unknown.add(user);
    this.askTimer ??= setTimeout(() => void this.askNow(), ASK_DELAY_MS);
  }

  private async askNow(): Promise<void> {
    this.askTimer = undefined;
    const users = [...this.unknown];
    this.unknown.clear();
    for (let start = 0; start < users.length; start += ASK_USERS_MAX) {
      try {
        const profiles = await this.fetchProfiles(users.slice(start, start + ASK_USERS_MAX));
        for (const [user, profile] of Object.entries(profiles)) this.learn(user, profile.name);
      } catch {
        // Ids stand in for names until the next connection asks again.
      }
    }
    this.changed();
  }
}
