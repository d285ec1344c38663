import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { answerRows, hitRow, type Look, noticeOf, plain, startRows } from "../../src/pickerItems";
import { hit } from "./hits";

const look: Look = { bar: true, root: () => "" };
const done = { complete: true, message: "" };
const labels = (rows: readonly { kind: string; label: string }[]): string[] => rows.map((row) => `${row.kind}: ${row.label}`);

describe("the rows of an answer", () => {
  it("show the kind, qualified name, place, score and signature", () => {
    assert.deepEqual(hitRow(hit("retry", { qualname: "Up.retry", score: 0.83 }), look), {
      kind: "hit",
      hit: hit("retry", { qualname: "Up.retry", score: 0.83 }),
      label: "$(symbol-method) Up.retry",
      description: "src/up.go:5",
      detail: "■■■■□  func retry()",
    });
  });

  it("show a percentage, the folder and unsaved changes where they should", () => {
    const row = hitRow(hit("retry", { unsaved: true }), { bar: false, root: () => "repo" });
    assert.ok(row.kind === "hit");
    assert.equal(row.detail, "50 %  func retry()");
    assert.equal(row.description, "repo/src/up.go:5 $(circle-filled) not saved");
  });

  it("do not turn code into icons", () => {
    assert.equal(plain("$(document).ready $(a-b) $x (y)"), "\\$(document).ready \\$(a-b) $x (y)");
  });

  it("keep the server's order, with weak ones below a separator", () => {
    const rows = answerRows([hit("z"), hit("a"), hit("m", { weak: true })], done, look);
    assert.deepEqual(labels(rows), [
      "hit: $(symbol-method) z",
      "hit: $(symbol-method) a",
      "separator: weak matches",
      "hit: $(symbol-method) m",
    ]);
  });

  it("never start with a separator", () => {
    const rows = answerRows([hit("a", { weak: true }), hit("b", { weak: true })], { complete: false, message: "12 to go" }, look);
    assert.deepEqual(labels(rows), ["hit: $(symbol-method) a", "hit: $(symbol-method) b"]);
  });

  it("leave remarks on the whole answer to the title", () => {
    assert.equal(noticeOf([hit("a")], done), "");
    assert.equal(noticeOf([hit("a")], { complete: false, message: "12 files to go" }), "12 files to go");
    assert.equal(noticeOf([hit("a")], { complete: false, message: "" }), "Still indexing: more answers may follow");
    assert.equal(noticeOf([hit("a", { weak: true })], done), "only weak matches");
  });

  it("say that nothing was found, and whether more may follow", () => {
    assert.deepEqual(labels(answerRows([], done, look)), ["note: Nothing found"]);
    assert.deepEqual(labels(answerRows([], { complete: false, message: "" }, look)), ["note: Still indexing: more answers may follow"]);
  });
});

describe("the rows without an open folder", () => {
  const empty = { ...look, empty: true };
  const open = ["note: No folder is open", "action: $(folder-opened) Open Folder..."];

  it("offer to open one, before and after a question", () => {
    assert.deepEqual(labels(startRows([], true)), open);
    assert.deepEqual(labels(startRows(["b"], true)), open);
    assert.deepEqual(labels(answerRows([], done, empty)), open);
    assert.deepEqual(labels(answerRows([], { complete: true, message: "there is no folder" }, empty)), ["note: There is no folder", open[1]]);
  });

  it("are the answers if open files contain some", () => {
    assert.deepEqual(labels(answerRows([hit("a")], done, empty)), ["hit: $(symbol-method) a"]);
  });

  it("say that a folder is being indexed", () => {
    assert.deepEqual(labels(answerRows([], { complete: false, message: "" }, empty)), ["note: Still indexing: more answers may follow"]);
  });
});

describe("the rows before anything is typed", () => {
  it("explain what to type at first, and list recent searches later", () => {
    assert.deepEqual(startRows([]).map((row) => row.kind), ["note"]);
    assert.deepEqual(labels(startRows(["b", "a"])), ["history: $(history) b", "history: $(history) a"]);
  });
});
