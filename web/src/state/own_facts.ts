// Own facts in order: events and replies that carry `user_rev` are applied densely, and a gap asks for `room.changes`.

const GAP_PATIENCE_MS = 400;

export class OwnFacts {
  /** The last applied `user_rev`; undefined before the first hello. */
  rev: number | undefined;
  private early = new Map<number, () => void>();
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly fetchChanges: (since: number) => void) {}

  /** Applies a fact now if it is next, later if it came early, never if it is old. */
  receive(rev: number, apply: () => void): void {
    if (this.rev === undefined || rev <= this.rev) return;
    this.early.set(rev, apply);
    this.drain();
    // A reply may overtake an event by a moment: only a gap that stays is fetched.
    if (this.early.size > 0) this.timer ??= setTimeout(() => this.fillGap(), GAP_PATIENCE_MS);
  }

  /** Everything up to `rev` is known, from hello or `room.changes`. */
  advanceTo(rev: number): void {
    this.rev = rev;
    for (const early of this.early.keys()) if (early <= rev) this.early.delete(early);
    this.drain();
  }

  forget(): void {
    this.rev = undefined;
    this.early.clear();
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  private drain(): void {
    for (;;) {
      const next = (this.rev ?? 0) + 1;
      const apply = this.early.get(next);
      if (!apply) return;
      this.early.delete(next);
      this.rev = next;
      apply();
    }
  }

  private fillGap(): void {
    this.timer = undefined;
    if (this.early.size > 0 && this.rev !== undefined) this.fetchChanges(this.rev);
  }
}
