import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { describe, it } from "node:test";
import type { Found } from "../../src/find";
import { announced, ended, unfit } from "../../src/process";

const program: Found = { source: "path", command: "/usr/bin/codesearch", args: [], version: "0.3.0" };
const capabilities = (version: unknown): unknown => ({ experimental: { codesearch: { version } } });

describe("a server that answered", () => {
  it("is accepted if it speaks our version of the protocol", () => {
    assert.equal(unfit(capabilities(1), program), undefined);
  });

  it("is refused with a reason if it is newer, older, or another server", () => {
    assert.match(unfit(capabilities(2), program)?.message ?? "", /0\.3\.0 is too new.*update the extension/);
    assert.match(unfit(capabilities(0), program)?.message ?? "", /0\.3\.0 is too old.*update codesearch/);
    for (const other of [undefined, {}, { experimental: {} }, capabilities("1")]) {
      assert.match(unfit(other, program)?.message ?? "", /not codesearch's language server/);
    }
  });
});

describe("the capabilities of a server", () => {
  it("list the notifications that it accepts, none for an old server", () => {
    const capabilities = { experimental: { codesearch: { version: 1, notifications: ["codesearch/opened"] } } };
    assert.deepEqual([...announced(capabilities)], ["codesearch/opened"]);
    assert.deepEqual([...announced({ experimental: { codesearch: { version: 1 } } }), ...announced(undefined)], []);
  });
});

describe("waiting for a process", () => {
  it("returns when it exits, and at once if it already has", async () => {
    const child = spawn(process.execPath, ["-e", ""]);
    await ended(child, 10_000);
    assert.equal(child.exitCode, 0);
    await ended(child, 10_000);
  });

  it("kills one that does not exit", async () => {
    const child = spawn(process.execPath, ["-e", "process.on('SIGTERM', () => {}); setInterval(() => {}, 1000)"]);
    await ended(child, 50);
    assert.equal(child.signalCode, "SIGKILL");
  });
});
