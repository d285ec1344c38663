import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Backoff } from "../../src/backoff";

const POLICY = { first: 500, most: 4000, attempts: 5, healthy: 60_000 };

describe("a server that stops", () => {
  it("is restarted after increasing delays, up to a limit", () => {
    const backoff = new Backoff(POLICY);
    const waits = Array.from({ length: 6 }, () => backoff.next(100));
    assert.deepEqual(waits, [500, 1000, 2000, 4000, 4000, undefined]);
  });

  it("starts counting again after running long enough", () => {
    const backoff = new Backoff(POLICY);
    backoff.next(100);
    backoff.next(100);
    assert.equal(backoff.next(60_000), 500);
    assert.equal(backoff.count, 1);
  });

  it("starts counting again after a reset", () => {
    const backoff = new Backoff(POLICY);
    for (let i = 0; i < 6; i++) {
      backoff.next(0);
    }
    backoff.reset();
    assert.equal(backoff.next(0), 500);
  });
});
