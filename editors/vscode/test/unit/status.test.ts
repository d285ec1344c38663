import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { FolderStatus } from "../../src/protocol";
import { readReport, skippedPage, type SkippedReport } from "../../src/skippedText";
import { folderLine, statusView } from "../../src/statusText";

const folder = (over: Partial<FolderStatus> = {}): FolderStatus => ({
  uri: "file:///repo",
  name: "repo",
  state: "ready",
  files: 812,
  symbols: 10423,
  index: "/repo/.codesearch/index.db",
  message: "",
  ...over,
});

const shown = (...folders: FolderStatus[]): [string, string] => {
  const view = statusView({ kind: "running", version: "0.1.0", folders });
  assert.ok(view !== undefined);
  return [view.text, view.severity];
};

describe("the status bar", () => {
  it("shows nothing before anything is started", () => {
    assert.equal(statusView({ kind: "off" }), undefined);
  });

  it("is quiet when all is ready", () => {
    assert.deepEqual(shown(folder()), ["$(search) Codesearch", "none"]);
  });

  it("shows how far indexing is, over all folders", () => {
    const half = folder({ state: "indexing", progress: { files: 50, filesTotal: 100 } });
    const begun = folder({ state: "indexing", progress: { files: 0, filesTotal: 300 } });
    assert.deepEqual(shown(half, folder()), ["$(sync~spin) Codesearch: 50 %", "none"]);
    assert.deepEqual(shown(half, begun), ["$(sync~spin) Codesearch: 12 %", "none"]);
    assert.deepEqual(shown(folder({ state: "starting" })), ["$(sync~spin) Codesearch", "none"]);
  });

  it("says stale when an index is not kept up to date, and error before all else", () => {
    assert.deepEqual(shown(folder({ state: "stopped" })), ["$(warning) Codesearch: stale", "warning"]);
    assert.deepEqual(shown(folder({ state: "stopped" }), folder({ state: "failed" })), ["$(error) Codesearch: error", "error"]);
  });

  it("tells a server that ended, and why it does not run", () => {
    assert.deepEqual(statusView({ kind: "waiting", seconds: 2 })?.severity, "warning");
    assert.deepEqual(statusView({ kind: "failed", message: "no such thing" })?.tooltip, ["no such thing"]);
  });

  it("counts one file as one", () => {
    assert.equal(folderLine(folder({ files: 1, symbols: 1 })), "repo: up to date (1 file, 1 symbol)");
    assert.equal(folderLine(folder({ files: 1, symbols: 2 })), "repo: up to date (1 file, 2 symbols)");
  });

  it("says why a folder failed, and counts nothing where there is nothing", () => {
    const failed = folder({ state: "failed", files: 0, symbols: 0, message: "unknown setting 'exclud'" });
    assert.equal(folderLine(failed), "repo: failed. unknown setting 'exclud'");
    assert.deepEqual(shown(failed, folder()), ["$(error) Codesearch: error", "error"]);
  });

  it("is read out in words", () => {
    const view = statusView({ kind: "running", version: "0.1.0", folders: [folder({ message: "all is well" })] });
    assert.equal(view?.spoken, "Codesearch. repo: up to date (812 files, 10,423 symbols). all is well");
    assert.equal(folderLine(folder({ state: "indexing", progress: { files: 1200, filesTotal: 5000 } })), "repo: indexing, 1,200 of 5,000 files (812 files, 10,423 symbols)");
  });
});

describe("the page of what is left out", () => {
  const report: SkippedReport = {
    root: "/repo",
    exists: true,
    files: 3,
    symbols: 9,
    skipped: { binary: 1, minified: 2 },
    other_files: { ".foo": 4, "": 1 },
    notes: ["git is missing"],
    skipped_files: [
      { path: "b.py", reason: "binary", detail: "" },
      { path: "x.min.js", reason: "minified", detail: "long lines" },
      { path: "y.min.js", reason: "minified", detail: "" },
    ],
  };

  it("lists every file with its reason, commonest first", () => {
    const page = skippedPage("repo", report);
    assert.deepEqual(page.match(/^##? .*$/gm), ["# What was left out of the index of repo", "## minified (2)", "## binary (1)", "## Unknown languages"]);
    assert.match(page, /- `x\.min\.js`: long lines\n- `y\.min\.js`\n/);
    assert.match(page, /- `\.foo`: 4\n- without an extension: 1\n/);
    assert.match(page, /> git is missing/);
    assert.match(page, /3 files are indexed/);
    assert.match(skippedPage("repo", { ...report, files: 1 }), /1 file is indexed/);
  });

  it("says so if nothing is left out, or nothing is indexed", () => {
    const page = skippedPage("repo", { ...report, exists: false, skipped: {}, skipped_files: [], other_files: {} });
    assert.match(page, /There is no index yet/);
    assert.match(page, /No file in a known language was left out/);
  });

  it("is made only of an answer that can be read", () => {
    assert.deepEqual(readReport(JSON.stringify(report)), report);
    for (const broken of ["", "{}", "null", "[]", '{"root": 3}']) {
      assert.throws(() => readReport(broken), broken);
    }
  });
});
