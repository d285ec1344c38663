import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { asQuestion, bar, key, percent, place, refine, remember, shortName, shortPlace, split, spoken, summary } from "../../src/present";
import { hit } from "./hits";

const names = (hits: readonly { name: string }[]): string => hits.map((one) => one.name).join(" ");

describe("a score", () => {
  it("is a bar of five cells", () => {
    assert.deepEqual([0, 0.09, 0.1, 0.5, 0.83, 1].map(bar), ["□□□□□", "□□□□□", "■□□□□", "■■■□□", "■■■■□", "■■■■■"]);
  });

  it("stays within its bounds for any value", () => {
    assert.deepEqual([bar(-1), bar(7), percent(7), percent(0.826)], ["□□□□□", "■■■■■", "100 %", "83 %"]);
  });
});

describe("a hit", () => {
  it("has a place with the line from 1, and with its folder on request", () => {
    assert.equal(place(hit("retry")), "src/up.go:5");
    assert.equal(place(hit("retry"), "repo"), "repo/src/up.go:5");
    assert.equal(place(hit("retry", { path: "nb.ipynb", cell: 4, cellLine: 12 })), "nb.ipynb:cell 4:12");
  });

  it("has a long name shortened from the left, which keeps the name itself visible", () => {
    const deep = hit("retry", { qualname: "Outer".repeat(12) + "::Inner.Worker.retry" });
    assert.equal(shortName(deep), "…Inner.Worker.retry");
    assert.equal(shortName(hit("retry", { qualname: "Uploader.retry" })), "Uploader.retry");
    assert.equal(shortName(hit("retry", { qualname: `${"a".repeat(60)}.retry` })), "…retry");
    const endless = shortName(hit("x".repeat(80), { qualname: `A.${"x".repeat(80)}` }));
    assert.equal(endless, `${"x".repeat(43)}…`);
  });

  it("has a long path shortened from the left, which keeps the file and the line visible", () => {
    const deep = { path: `${"modules/core/src/main/java/".repeat(3)}Up.java` };
    const short = shortPlace(hit("retry", deep), "repo");
    assert.match(short, /^…[\w/]+\/Up\.java:5$/);
    const long = hit("retry", { ...deep, qualname: "Outer".repeat(4) + ".Inner".repeat(20) + ".retry" });
    assert.ok(shortName(long).length + shortPlace(long).length <= 76);
    assert.ok(shortPlace(long).endsWith("/Up.java:5"), shortPlace(long));
    assert.equal(shortPlace(hit("retry"), "repo"), "repo/src/up.go:5");
  });

  it("is described by its signature on one line, or else its documentation, or else its kind", () => {
    assert.equal(summary(hit("f", { signature: "def f(\n    a,\n)" })), "def f( a, )");
    assert.equal(summary(hit("f", { signature: "src/up.go", documentation: "Sends." })), "Sends.");
    assert.equal(summary(hit("f", { signature: "" })), "method");
  });

  it("is read out with its kind, place and score", () => {
    assert.equal(spoken(hit("Up.retry")), "method Up.retry, src/up.go, line 5, 50 %");
    const inCell = hit("retry", { path: "nb.ipynb", cell: 4, cellLine: 12 });
    assert.equal(spoken(inCell), "method retry, nb.ipynb, cell 4, line 12, 50 %");
    assert.equal(spoken(hit("Up.retry", { weak: true })), "method Up.retry, src/up.go, line 5, 50 %, unlikely");
  });

  it("has the same key after lines were added above it", () => {
    const moved = hit("retry", { range: { start: { line: 40, character: 0 }, end: { line: 44, character: 0 } } });
    assert.equal(key(hit("retry")), key(moved));
    assert.notEqual(key(hit("retry")), key(hit("retry", { uri: "file:///repo/other.go" })));
  });
});

describe("a better answer to the same question", () => {
  const [a, b, c, d] = [hit("a"), hit("b"), hit("c"), hit("d")];

  it("is shown in its own order until the user moves", () => {
    assert.equal(names(refine([a, b, c], [c, d, a], undefined)), "c d a");
  });

  it("leaves the rows up to the active one in place", () => {
    assert.equal(names(refine([a, b, c], [d, c, b, a], key(b))), "a b d c");
  });

  it("keeps the active row even if the answer no longer contains it", () => {
    assert.equal(names(refine([a, b, c], [d, c], key(b))), "a b d c");
  });

  it("updates the rows that stay", () => {
    const better = hit("b", { score: 0.9 });
    assert.equal(refine([a, b], [better, a], key(b))[1]?.score, 0.9);
  });

  it("is shown in its own order if the active row is unknown", () => {
    assert.equal(names(refine([a, b], [c, a], key(d))), "c a");
  });
});

describe("weak hits", () => {
  it("start at the first weak one, in the same order", () => {
    const hits = [hit("a"), hit("b", { weak: true }), hit("c")];
    assert.deepEqual([names(split(hits).strong), names(split(hits).weak)], ["a", "b c"]);
  });

  it("do not exist for a server without them", () => {
    assert.deepEqual([names(split([hit("a")]).strong), split([hit("a")]).weak.length], ["a", 0]);
  });
});

describe("a question", () => {
  it("is the selected text on one line", () => {
    assert.equal(asQuestion("  where are\n\tuploads retried "), "where are uploads retried");
  });

  it("is empty if the selection is too long", () => {
    assert.equal(asQuestion("x".repeat(201)), "");
  });

  it("is remembered once, newest first, up to a limit", () => {
    assert.deepEqual(remember(["b", "a"], " a ", 5), ["a", "b"]);
    assert.deepEqual(remember(["b", "a"], "c", 2), ["c", "b"]);
    assert.deepEqual(remember(["b"], " ", 2), ["b"]);
    assert.deepEqual(remember(["b"], "c", 0), []);
  });
});
