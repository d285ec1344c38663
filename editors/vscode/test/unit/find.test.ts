import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { describe, it } from "node:test";
import { candidates, expand, isPython, type Run, search, which } from "../../src/find";
import { compareVersions, parseVersion } from "../../src/version";

const NOWHERE = { setting: "", python: "", onPath: "" };

/** Programs that print something or fail. */
function programs(printed: Record<string, string | Error>): Run {
  return (command, args) => {
    const said = printed[[command, ...args].join(" ")];
    if (said === undefined) {
      return Promise.reject(Object.assign(new Error("spawn ENOENT"), { code: "ENOENT" }));
    }
    return said instanceof Error ? Promise.reject(said) : Promise.resolve(said);
  };
}

const tried = (list: readonly { command: string; args: readonly string[] }[]): string[] =>
  list.map((one) => [one.command, ...one.args].join(" "));

describe("the places to look for the server", () => {
  it("start with the selected interpreter, before the PATH", () => {
    const list = candidates({ setting: "", python: "/venv/bin/python", onPath: "/usr/bin/codesearch" });
    assert.deepEqual(tried(list), ["/venv/bin/python -m codesearch.cli", "/usr/bin/codesearch"]);
  });

  it("are only the setting, if it is set", () => {
    const list = candidates({ setting: "/opt/codesearch", python: "/venv/bin/python", onPath: "/usr/bin/codesearch" });
    assert.deepEqual(tried(list), ["/opt/codesearch"]);
  });

  it("allow an interpreter as the setting", () => {
    assert.deepEqual(tried(candidates({ ...NOWHERE, setting: "/v/bin/python3.12" })), ["/v/bin/python3.12 -m codesearch.cli"]);
  });

  it("recognize an interpreter by its name", () => {
    for (const name of ["python", "/a/python3", "/a/python3.13", "C:\\venv\\Scripts\\python.exe", "pythonw.exe", "pypy3"]) {
      assert.equal(isPython(name), true, name);
    }
    for (const name of ["codesearch", "/home/python/bin/codesearch", "python-codesearch", "ipython"]) {
      assert.equal(isPython(name), false, name);
    }
  });
});

describe("the program that is found", () => {
  const list = candidates({ setting: "", python: "/venv/python", onPath: "/usr/bin/codesearch" });
  const inPython = "/venv/python -m codesearch.cli --version";
  const onPath = "/usr/bin/codesearch --version";

  it("is the first that is codesearch", async () => {
    const result = await search(list, programs({ [inPython]: "codesearch 0.3.1\n", [onPath]: "codesearch 0.2.0\n" }));
    assert.deepEqual([result.found?.source, result.found?.version], ["python", "0.3.1"]);
  });

  it("is not an interpreter without codesearch", async () => {
    const missing = new Error("No module named codesearch");
    const result = await search(list, programs({ [inPython]: missing, [onPath]: "codesearch 0.2.0\n" }));
    assert.equal(result.found?.source, "path");
  });

  it("is neither an unrelated program with the same name nor one that is too old", async () => {
    const result = await search(list, programs({ [inPython]: "codesearch 0.0.9\n", [onPath]: "Google Code Search 1.2\n" }));
    assert.equal(result.found, undefined);
    assert.deepEqual(result.rejected.map((one) => [one.reason, one.detail]), [["old", "0.0.9"], ["other", "Google Code Search 1.2"]]);
  });

  it("may be missing, with reasons", async () => {
    const result = await search(list, programs({}));
    assert.deepEqual(result.found === undefined && result.rejected.map((one) => one.reason), ["missing", "missing"]);
  });
});

describe("a version", () => {
  it("is read only from the output of codesearch", () => {
    assert.equal(parseVersion("codesearch 0.1.0\n"), "0.1.0");
    assert.equal(parseVersion("codesearch 1.12.3.dev4+gabc\r\n"), "1.12.3.dev4+gabc");
    for (const other of ["", "codesearch", "codesearch version 1.2.3", "0.1.0", "codesearch 1", "error\ncodesearch 0.1.0"]) {
      assert.equal(parseVersion(other), undefined, other);
    }
  });

  it("is compared by numbers", () => {
    assert.ok(compareVersions("0.9.0", "0.10.0") < 0);
    assert.ok(compareVersions("1.0.0", "0.99.99") > 0);
    assert.equal(compareVersions("0.1.0.dev1", "0.1.0"), 0);
  });
});

describe("the PATH", () => {
  it("is searched as in a shell, but never in the current folder", () => {
    const root = mkdtempSync(path.join(tmpdir(), "codesearch-which-"));
    try {
      for (const folder of ["plain", "folder", "good"]) {
        mkdirSync(path.join(root, folder));
      }
      writeFileSync(path.join(root, "plain", "codesearch"), "");
      chmodSync(path.join(root, "plain", "codesearch"), 0o644);
      mkdirSync(path.join(root, "folder", "codesearch"));
      writeFileSync(path.join(root, "good", "codesearch"), "#!/bin/sh\n");
      chmodSync(path.join(root, "good", "codesearch"), 0o755);
      const list = ["plain", "folder", "good"].map((name) => path.join(root, name)).join(":");
      assert.equal(which("codesearch", list, "linux"), path.join(root, "good", "codesearch"));
      const here = path.relative(process.cwd(), path.join(root, "good"));
      assert.equal(which("codesearch", `${here}::.`, "linux"), "");
      assert.equal(which("codesearch", "", "linux"), "");
    } finally {
      rmSync(root, { recursive: true });
    }
  });

  it("gives only executables on Windows, no scripts", () => {
    assert.equal(which("codesearch", "C:\\nowhere;D:\\nowhere", "win32"), "");
  });
});

describe("the setting", () => {
  it("may start with ~ and refer to the folder", () => {
    assert.equal(expand("~/bin/codesearch", "/home/me", "/repo"), "/home/me/bin/codesearch");
    assert.equal(expand(" ${workspaceFolder}/.venv/bin/python ", "/home/me", "/repo"), "/repo/.venv/bin/python");
    assert.equal(expand("~other/x", "/home/me", undefined), "~other/x");
    assert.equal(expand("  ", "/home/me", undefined), "");
  });
});
