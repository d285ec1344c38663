// The open documents that are sent to the server, so that unsaved changes are found.

import type { DocumentFilter } from "vscode-languageclient/node";
import { FILE_EXTENSIONS, LANGUAGES_BY_ID } from "./languages.generated";

export const SELECTOR: DocumentFilter[] = [
  ...[...LANGUAGES_BY_ID.keys()].flatMap((language) => [
    { scheme: "file", language },
    { scheme: "untitled", language },
  ]),
  // Without another extension, VS Code does not know every language.
  { scheme: "file", pattern: `**/*.{${FILE_EXTENSIONS.join(",")}}` },
];
