// How long to wait before the next connection: exponential with jitter, so that clients cut together return apart.

const FIRST_MS = 400;
const MOST_MS = 20_000;
const OVERLOADED_CODE = 4002;
const OVERLOADED_LEAST_MS = 3_000;

export class Backoff {
  private failures = 0;

  reset(): void {
    this.failures = 0;
  }

  nextMs(closeCode: number): number {
    const ceiling = Math.min(MOST_MS, FIRST_MS * 2 ** this.failures);
    this.failures += 1;
    const least = closeCode === OVERLOADED_CODE ? OVERLOADED_LEAST_MS : 0;
    return Math.round(least + ceiling / 2 + (Math.random() * ceiling) / 2);
  }
}
