// How long to wait before restarting a server that has stopped.

export interface Policy {
  /** Milliseconds before the first restart; doubled each time, up to `most`. */
  readonly first: number;
  readonly most: number;
  /** The number of consecutive restarts before giving up. */
  readonly attempts: number;
  /** Milliseconds of running after which the count starts again. */
  readonly healthy: number;
}

export const POLICY: Policy = { first: 500, most: 30_000, attempts: 6, healthy: 60_000 };

export class Backoff {
  private failures = 0;

  constructor(private readonly policy: Policy = POLICY) {}

  /** How many times in a row the server has stopped. */
  get count(): number {
    return this.failures;
  }

  /** The server stopped after `lived` milliseconds. Returns how long to wait, or undefined to give up. */
  next(lived: number): number | undefined {
    if (lived >= this.policy.healthy) {
      this.failures = 0;
    }
    this.failures++;
    if (this.failures > this.policy.attempts) {
      return undefined;
    }
    return Math.min(this.policy.most, this.policy.first * 2 ** (this.failures - 1));
  }

  reset(): void {
    this.failures = 0;
  }
}
