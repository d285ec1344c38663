import assert from "node:assert/strict";
import { suite, it } from "node:test";
import { describe, type Filters, folderGlob, isFiltered, kindName, nextTests, NO_FILTERS, queryFilter, queryParams } from "../../src/filters";
import { LANGUAGES } from "../../src/languages.generated";
import { KINDS } from "../../src/protocol";

const filters = (over: Partial<Filters>): Filters => ({ ...NO_FILTERS, ...over });

suite("the filters of the buttons", () => {
  it("send nothing if nothing is filtered", () => {
    assert.equal(queryFilter(NO_FILTERS), undefined);
    assert.equal(isFiltered(NO_FILTERS), false);
    assert.equal(describe(NO_FILTERS), "");
  });

  it("become members of a request", () => {
    const all = filters({ languages: ["go"], kinds: ["method", "function"], folder: "src/net", tests: "without" });
    assert.deepEqual(queryFilter(all), {
      languages: ["go"],
      kinds: ["method", "function"],
      paths: ["src/net/**"],
      notRoles: ["test"],
    });
    assert.deepEqual(queryFilter(filters({ tests: "only" })), { roles: ["test"] });
  });

  it("count a workspace folder as a filter, but send it as the root", () => {
    const one = filters({ root: "file:///repo" });
    assert.equal(isFiltered(one), true);
    assert.equal(queryFilter(one), undefined);
    assert.deepEqual(queryParams("q", one, 30, "s"), { text: "q", limit: 30, session: "s", root: "file:///repo" });
    const only = queryParams("q", filters({ tests: "only" }), 30, "s");
    assert.deepEqual(only, { text: "q", limit: 30, session: "s", filter: { roles: ["test"] } });
  });

  it("take a folder literally, and a glob as a glob", () => {
    assert.equal(folderGlob("app/[id]/"), "app/[[]id]/**");
    assert.equal(folderGlob("/src"), "src/**");
    assert.equal(folderGlob("src/**/*.go"), "src/**/*.go");
  });

  it("are shown as text", () => {
    const all = filters({ languages: ["go", "csharp"], kinds: ["module"], folder: "src", tests: "only" });
    assert.equal(describe(all), "Go, C#, rest of a file, in src/, only tests");
    assert.equal(describe(filters({ root: "file:///repo", folder: "src" }), () => "repo"), "in repo/src/");
    assert.equal(describe(filters({ root: "file:///repo" }), () => "repo"), "in repo");
  });

  it("cycle through the choices for tests", () => {
    assert.deepEqual([nextTests("all"), nextTests("without"), nextTests("only")], ["without", "only", "all"]);
  });

  it("have a name for every kind and language", () => {
    assert.equal(new Set(KINDS.map(kindName)).size, KINDS.length);
    assert.equal(new Set(LANGUAGES.values()).size, LANGUAGES.size);
  });
});
