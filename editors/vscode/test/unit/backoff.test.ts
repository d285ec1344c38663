import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Backoff } from "../../src/backoff";

const POLICY = { first: 500, most: 4000, attempts: 5, healthy: 60_000 };

describe("a server that ends", () => {
  it("is started again, later each time, up to a limit, and then not any more", () => {
    const backoff = new Backoff(POLICY);
    const waits = Array.from({ length: 6 }, () => backoff.next(100));
    assert.deepEqual(waits, [500, 1000, 2000, 4000, 4000, undefined]);
  });

  it("counts anew after it lived long enough", () => {
    const backoff = new Backoff(POLICY);
    backoff.next(100);
    backoff.next(100);
    assert.equal(backoff.next(60_000), 500);
    assert.equal(backoff.count, 1);
  });

  it("counts anew when somebody asks for it", () => {
    const backoff = new Backoff(POLICY);
    for (let i = 0; i < 6; i++) {
      backoff.next(0);
    }
    backoff.reset();
    assert.equal(backoff.next(0), 500);
  });
});
