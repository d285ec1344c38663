import assert from "node:assert/strict";
import { describe, it, mock } from "node:test";
import { Asker, type Listener } from "../../src/ask";

interface Asked {
  readonly question: string;
  readonly signal: AbortSignal;
  readonly partial: (answer: string) => void;
  readonly resolve: (answer: string) => void;
  readonly reject: (error: Error) => void;
}

/** An asker whose questions wait until the test answers them. */
function rig(): { asker: Asker<string, string>; asked: Asked[]; told: string[] } {
  const asked: Asked[] = [];
  const told: string[] = [];
  const listener: Listener<string, string> = {
    busy: (busy) => told.push(busy ? "busy" : "idle"),
    answer: (answer, question, last) => told.push(`${question}: ${answer}${last ? "" : " (partial)"}`),
    failed: (error, question) => told.push(`${question}: ${String(error)}`),
  };
  const asker = new Asker<string, string>(
    (question, signal, partial) =>
      new Promise((resolve, reject) => {
        asked.push({ question, signal, partial, resolve, reject });
      }),
    listener,
    70,
  );
  return { asker, asked, told };
}

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function at<T>(list: readonly T[], index: number): T {
  const found = list[index];
  assert.ok(found !== undefined, `there is no number ${index}`);
  return found;
}

describe("asking while the user types", () => {
  it("waits for a pause and asks only the last question", () => {
    mock.timers.enable({ apis: ["setTimeout"] });
    try {
      const { asker, asked } = rig();
      for (const text of ["r", "re", "ret"]) {
        asker.ask(text);
        mock.timers.tick(69);
      }
      assert.equal(asked.length, 0);
      mock.timers.tick(1);
      assert.deepEqual(asked.map((one) => one.question), ["ret"]);
      assert.equal(asker.pending, true);
    } finally {
      mock.timers.reset();
    }
  });

  it("cancels a superseded question at once, and drops its answer", async () => {
    mock.timers.enable({ apis: ["setTimeout"] });
    try {
      const { asker, asked, told } = rig();
      asker.ask("old");
      mock.timers.tick(70);
      asker.ask("new");
      assert.equal(at(asked, 0).signal.aborted, true, "cancelled before the new one is asked");
      at(asked, 0).partial("stale");
      at(asked, 0).resolve("stale");
      mock.timers.tick(70);
      at(asked, 1).resolve("fresh");
      await settle();
      assert.deepEqual(told.filter((line) => line.includes(":")), ["new: fresh"]);
    } finally {
      mock.timers.reset();
    }
  });

  it("drops an old answer or failure that arrives after the new answer", async () => {
    const { asker, asked, told } = rig();
    asker.ask("one", 0);
    await new Promise((resolve) => setTimeout(resolve, 5));
    asker.ask("two", 0);
    await new Promise((resolve) => setTimeout(resolve, 5));
    at(asked, 1).resolve("2");
    await settle();
    at(asked, 0).reject(new Error("late"));
    await settle();
    assert.deepEqual(told.filter((line) => line.includes(":")), ["two: 2"]);
    assert.equal(asker.pending, false);
  });

  it("passes on preliminary answers to the newest question, and none after the last", async () => {
    const { asker, asked, told } = rig();
    asker.ask("q", 0);
    await new Promise((resolve) => setTimeout(resolve, 5));
    const one = at(asked, 0);
    one.partial("first");
    one.resolve("whole");
    await settle();
    one.partial("too late");
    assert.deepEqual(told, ["busy", "q: first (partial)", "idle", "q: whole"]);
  });

  it("reports a failure of the newest question", async () => {
    const { asker, asked, told } = rig();
    asker.ask("q", 0);
    await new Promise((resolve) => setTimeout(resolve, 5));
    at(asked, 0).reject(new Error("broken"));
    await settle();
    assert.deepEqual(told, ["busy", "idle", "q: Error: broken"]);
  });

  it("reports nothing after cancel", async () => {
    const { asker, asked, told } = rig();
    asker.ask("q", 0);
    await new Promise((resolve) => setTimeout(resolve, 5));
    asker.cancel();
    assert.equal(at(asked, 0).signal.aborted, true);
    at(asked, 0).resolve("late");
    await settle();
    assert.deepEqual(told, ["busy", "idle"]);
    assert.equal(asker.pending, false);
  });
});
