// The settings, read when they are needed. package.json defines their types and defaults.

import * as vscode from "vscode";

export const SECTION = "codesearch";
export const SHOW_SIMILAR = "codesearch.findSimilar";

/** The options of the server (docs/lsp.md) that have a setting with the same name. */
const SERVER_OPTIONS = [
  "limit",
  "indexOnStart",
  "watch",
  "unsaved",
  "debounceMs",
  "documentSymbol",
  "callHierarchy",
  "references",
  "codeAction",
  "codeLens",
  "codeLensSimilarity",
  "settings",
] as const;

/** Settings that need a restart of the server. */
const RESTART = ["server.path", "documentSymbol", "callHierarchy", "references", "codeAction", "codeLens"];

export interface FindSettings {
  readonly limit: number;
  /** Milliseconds. */
  readonly delay: number;
  readonly preview: boolean;
  readonly bar: boolean;
  /** The number of recent searches to keep. */
  readonly history: number;
}

function get<T>(name: string, fallback: T): T {
  return vscode.workspace.getConfiguration(SECTION).get<T>(name, fallback);
}

export function findSettings(): FindSettings {
  return {
    limit: get("find.limit", 30),
    delay: get("find.delay", 70),
    preview: get("find.preview", true),
    // A screen reader would read out the squares of a bar.
    bar: vscode.workspace.getConfiguration("editor").get("accessibilitySupport") === "on" ? false : get("find.bar", true),
    history: get("find.history", 20),
  };
}

export function serverPath(): string {
  return get("server.path", "");
}

export function startOnOpen(): boolean {
  return get("startOnOpen", true);
}

/** The server's options, for `initializationOptions` and `workspace/configuration`. */
export function serverOptions(): Record<string, unknown> {
  const options: Record<string, unknown> = { showSimilarCommand: SHOW_SIMILAR, statusNotifications: true };
  for (const name of SERVER_OPTIONS) {
    options[name] = get<unknown>(name, null);
  }
  return options;
}

/** The values of the settings that need a restart; the server is restarted when this changes. */
export function fixedSettings(): string {
  return JSON.stringify(RESTART.map((name) => get<unknown>(name, null)));
}
