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
  it("shows nothing before the server is started", () => {
    assert.equal(statusView({ kind: "off" }), undefined);
  });

  it("shows only its name when everything is up to date", () => {
    assert.deepEqual(shown(folder()), ["$(search) Codesearch", "none"]);
  });

  it("shows the progress of indexing, over all folders", () => {
    const half = folder({ state: "indexing", progress: { files: 50, filesTotal: 100 } });
    const begun = folder({ state: "indexing", progress: { files: 0, filesTotal: 300 } });
    assert.deepEqual(shown(half, folder()), ["$(sync~spin) Codesearch: 50 %", "none"]);
    assert.deepEqual(shown(half, begun), ["$(sync~spin) Codesearch: 12 %", "none"]);
    assert.deepEqual(shown(folder({ state: "starting" })), ["$(sync~spin) Codesearch", "none"]);
  });

  it("says stale if an index is not being updated, and error above all", () => {
    assert.deepEqual(shown(folder({ state: "stopped" })), ["$(warning) Codesearch: stale", "warning"]);
    assert.deepEqual(shown(folder({ state: "stopped" }), folder({ state: "failed" })), ["$(error) Codesearch: error", "error"]);
  });

  it("shows that the server has stopped, and why it is not running", () => {
    assert.deepEqual(statusView({ kind: "waiting", seconds: 2 })?.severity, "warning");
    assert.deepEqual(statusView({ kind: "failed", message: "no such thing" })?.tooltip, ["no such thing"]);
  });

  it("uses the singular for one file", () => {
    assert.equal(folderLine(folder({ files: 1, symbols: 1 })), "repo: up to date (1 file, 1 symbol)");
    assert.equal(folderLine(folder({ files: 1, symbols: 2 })), "repo: up to date (1 file, 2 symbols)");
  });

  it("says why a folder failed, and omits counts of zero", () => {
    const failed = folder({ state: "failed", files: 0, symbols: 0, message: "unknown setting 'exclud'" });
    assert.equal(folderLine(failed), "repo: failed. unknown setting 'exclud'");
    assert.deepEqual(shown(failed, folder()), ["$(error) Codesearch: error", "error"]);
  });

  it("is read out as text", () => {
    const view = statusView({ kind: "running", version: "0.1.0", folders: [folder({ message: "all is well" })] });
    assert.equal(view?.spoken, "Codesearch. repo: up to date (812 files, 10,423 symbols). all is well");
    assert.equal(folderLine(folder({ state: "indexing", progress: { files: 1200, filesTotal: 5000 } })), "repo: indexing, 1,200 of 5,000 files (812 files, 10,423 symbols)");
  });
});

describe("the page of files that were left out", () => {
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

  it("lists every file with its reason, most frequent first", () => {
    const page = skippedPage("repo", report);
    assert.deepEqual(page.match(/^##? .*$/gm), ["# What was left out of the index of repo", "## minified (2)", "## binary (1)", "## Unknown languages"]);
    assert.match(page, /- `x\.min\.js`: long lines\n- `y\.min\.js`\n/);
    assert.match(page, /- `\.foo`: 4\n- without an extension: 1\n/);
    assert.match(page, /> git is missing/);
    assert.match(page, /3 files are indexed/);
    assert.match(skippedPage("repo", { ...report, files: 1 }), /1 file is indexed/);
  });

  it("says that nothing was left out, or that there is no index", () => {
    const page = skippedPage("repo", { ...report, exists: false, skipped: {}, skipped_files: [], other_files: {} });
    assert.match(page, /There is no index yet/);
    assert.match(page, /No file in a known language was left out/);
  });

  it("rejects an unexpected answer", () => {
    assert.deepEqual(readReport(JSON.stringify(report)), report);
    for (const broken of ["", "{}", "null", "[]", '{"root": 3}']) {
      assert.throws(() => readReport(broken), broken);
    }
  });
});
