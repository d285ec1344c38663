// Hits for tests.
import type { Hit } from "../../src/protocol";

export function hit(name: string, over: Partial<Hit> = {}): Hit {
  const at = { line: 4, character: 8 };
  return {
    rank: 1,
    score: 0.5,
    uri: "file:///repo/src/up.go",
    range: { start: { line: 4, character: 0 }, end: { line: 9, character: 0 } },
    selectionRange: { start: at, end: { line: 4, character: 8 + name.length } },
    root: "file:///repo",
    path: "src/up.go",
    name,
    qualname: name,
    kind: "method",
    signature: `func ${name}()`,
    documentation: "",
    language: "go",
    unsaved: false,
    ...over,
  };
}
