import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { NO_FILTERS } from "../../src/filters";
import { byFile, type Kept, link, links, readKept, relocate, without } from "../../src/resultsModel";
import { hit } from "./hits";

const other = { uri: "file:///repo/other.go", path: "other.go" };
const [a, b, c] = [hit("a"), hit("b", other), hit("c")];
const kept: Kept = { question: { kind: "query", text: "q", filters: NO_FILTERS }, hits: [a, b, c] };

describe("kept results", () => {
  it("are grouped by file, in the order of the best hits", () => {
    assert.deepEqual(byFile([b, a, c]).map((group) => [group.path, group.hits.map((one) => one.name)]), [
      ["other.go", ["b"]],
      ["src/up.go", ["a", "c"]],
    ]);
  });

  it("can be dismissed, by hit or by file", () => {
    assert.deepEqual(without(kept, [a], []).hits, [b, c]);
    assert.deepEqual(without(kept, [], [a.uri]).hits, [b]);
    assert.deepEqual(without(kept, [b], [a.uri]).hits, []);
    assert.deepEqual(without(kept, [], []).question, kept.question);
  });

  it("are read from the workspace's state, which may contain anything", () => {
    assert.deepEqual(readKept(JSON.parse(JSON.stringify(kept))), kept);
    for (const broken of [undefined, null, 3, "x", {}, { hits: [] }, { question: { kind: "other" }, hits: [] }, { question: kept.question }]) {
      assert.equal(readKept(broken), undefined);
    }
  });
});

describe("links", () => {
  it("are readable Markdown", () => {
    assert.equal(link(a), "[a (src/up.go:5)](src/up.go#L5)");
    assert.equal(link(a, "repo"), "[a (src/up.go:5)](repo/src/up.go#L5)");
  });

  it("escape special characters of Markdown and of links", () => {
    const odd = hit("op", { qualname: "List[int].get", path: "a (1)/ü b#.py" });
    assert.equal(link(odd), "[List\\[int\\].get (a (1)/ü b#.py:5)](a%20%281%29/%C3%BC%20b%23.py#L5)");
  });

  it("are a list if there are several", () => {
    assert.equal(links([a]), "[a (src/up.go:5)](src/up.go#L5)");
    assert.equal(links([a, b]), "- [a (src/up.go:5)](src/up.go#L5)\n- [b (other.go:5)](other.go#L5)\n");
    assert.equal(links([]), "");
  });
});

describe("a name in a file that has been edited", () => {
  const lines = ["import x", "", "def retry_all():", "    retry()", "", "def retry():", "    pass"];

  it("is found on its line, or on the nearest line that contains it as a word", () => {
    assert.equal(relocate(lines, 5, "retry"), 5);
    assert.equal(relocate(lines, 2, "retry"), 3);
    assert.equal(relocate(lines, 0, "retry_all"), 2);
  });

  it("stays on its line, within the file, if the name is gone", () => {
    assert.equal(relocate(lines, 99, "retry"), 5);
    assert.equal(relocate(lines, 3, "gone"), 3);
    assert.equal(relocate([], 3, "gone"), 0);
    assert.equal(relocate(lines, 1, ""), 1);
  });

  it("may contain special characters of regular expressions", () => {
    assert.equal(relocate(["x", "operator+ y", "operator"], 0, "operator+"), 1);
  });
});
