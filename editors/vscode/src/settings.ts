// The settings, read when they are needed; package.json has their types and defaults.

import * as vscode from "vscode";

export const SECTION = "codesearch";
export const SHOW_SIMILAR = "codesearch.findSimilar";

/** Options of the server (docs/lsp.md) that have a setting of the same name. */
const SERVER_OPTIONS = [
  "limit",
  "indexOnStart",
  "watch",
  "unsaved",
  "debounceMs",
  "documentSymbol",
  "codeAction",
  "codeLens",
  "codeLensSimilarity",
  "settings",
] as const;

/** Settings that a running server cannot take over. */
const RESTART = ["server.path", "documentSymbol", "codeAction", "codeLens"];

export interface FindSettings {
  readonly limit: number;
  /** Milliseconds. */
  readonly delay: number;
  readonly preview: boolean;
  readonly bar: boolean;
  /** How many searches are kept. */
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
    // Nobody wants five squares read out.
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

/** What the server gets as `initializationOptions` and for `workspace/configuration`. */
export function serverOptions(): Record<string, unknown> {
  const options: Record<string, unknown> = { showSimilarCommand: SHOW_SIMILAR, statusNotifications: true };
  for (const name of SERVER_OPTIONS) {
    options[name] = get<unknown>(name, null);
  }
  return options;
}

/** The values that a running server cannot take over; it is started anew when this changes. */
export function fixedSettings(): string {
  return JSON.stringify(RESTART.map((name) => get<unknown>(name, null)));
}
