// Which open documents the server gets to see: those in its languages, so that what is not saved yet counts.

import type { DocumentFilter } from "vscode-languageclient/node";

/** VS Code's names of the languages that the server knows, its own and those of common extensions. */
export const LANGUAGE_IDS: readonly string[] = [
  "c",
  "cpp",
  "csharp",
  "cuda-cpp",
  "dart",
  "elixir",
  "go",
  "haskell",
  "hcl",
  "java",
  "javascript",
  "javascriptreact",
  "julia",
  "kotlin",
  "lua",
  "objective-c",
  "objective-cpp",
  "ocaml",
  "ocaml.interface",
  "perl",
  "php",
  "python",
  "ruby",
  "rust",
  "scala",
  "shellscript",
  "sql",
  "svelte",
  "swift",
  "terraform",
  "typescript",
  "typescriptreact",
  "vue",
  "zig",
];

/** Files of languages that VS Code has no name for without another extension. */
const ENDINGS = "dart,ex,exs,hs,hsc,hcl,tf,tofu,kt,kts,ml,mli,scala,sc,sbt,svelte,vue,zig,bats,ksh,zsh,jl";

export const SELECTOR: DocumentFilter[] = [
  ...LANGUAGE_IDS.flatMap((language) => [
    { scheme: "file", language },
    { scheme: "untitled", language },
  ]),
  { scheme: "file", pattern: `**/*.{${ENDINGS}}` },
];
