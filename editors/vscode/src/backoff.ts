// How long to wait before a server that ended is started again.

export interface Policy {
  /** Milliseconds before the first restart; doubled each time. */
  readonly first: number;
  readonly most: number;
  /** Restarts in a row before it is given up. */
  readonly attempts: number;
  /** A server that lived this long (milliseconds) starts the count anew. */
  readonly healthy: number;
}

export const POLICY: Policy = { first: 500, most: 30_000, attempts: 6, healthy: 60_000 };

export class Backoff {
  private failures = 0;

  constructor(private readonly policy: Policy = POLICY) {}

  /** How many times in a row it ended. */
  get count(): number {
    return this.failures;
  }

  /** A server ended after `lived` milliseconds. Returns how long to wait, or undefined: give up. */
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
