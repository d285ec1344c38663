// The texts of the status bar and its menu.

import { t } from "./l10n";
import type { FolderStatus } from "./protocol";

export type ServerState =
  | { readonly kind: "off" }
  | { readonly kind: "starting" }
  | { readonly kind: "running"; readonly version: string; readonly folders: readonly FolderStatus[] }
  /** It has stopped and restarts in `seconds`. */
  | { readonly kind: "waiting"; readonly seconds: number }
  | { readonly kind: "failed"; readonly message: string };

export interface StatusView {
  /** With icons in VS Code's notation. */
  readonly text: string;
  /** Lines. */
  readonly tooltip: readonly string[];
  readonly spoken: string;
  readonly severity: "none" | "warning" | "error";
}

const number = new Intl.NumberFormat("en");

/** What to show; undefined if nothing was started. */
export function statusView(state: ServerState): StatusView | undefined {
  switch (state.kind) {
    case "off":
      return undefined;
    case "starting":
      return view("$(loading~spin)", "", [t("The server is starting")]);
    case "waiting":
      return view("$(warning)", t("restarting"), [
        t("The server has stopped and restarts in {0} s", state.seconds),
      ], "warning");
    case "failed":
      return view("$(error)", t("error"), [state.message], "error");
    case "running":
      return running(state.folders);
  }
}

function running(folders: readonly FolderStatus[]): StatusView {
  const lines = folders.map(folderLine);
  if (folders.length === 0) {
    return view("$(search)", "", [t("No folder is open")]);
  }
  const failed = folders.some((folder) => folder.state === "failed");
  if (failed) {
    return view("$(error)", t("error"), lines, "error");
  }
  const busy = folders.filter((folder) => folder.state === "indexing" || folder.state === "starting");
  if (busy.length > 0) {
    return view("$(sync~spin)", progress(busy), lines);
  }
  if (folders.some((folder) => folder.state === "stopped")) {
    return view("$(warning)", t("stale"), lines, "warning");
  }
  return view("$(search)", "", lines);
}

function progress(folders: readonly FolderStatus[]): string {
  let files = 0;
  let total = 0;
  for (const folder of folders) {
    files += folder.progress?.files ?? 0;
    total += folder.progress?.filesTotal ?? 0;
  }
  return total === 0 ? "" : `${Math.floor((100 * Math.min(files, total)) / total)} %`;
}

function view(
  symbol: string,
  word: string,
  tooltip: readonly string[],
  severity: StatusView["severity"] = "none",
): StatusView {
  const text = word === "" ? "Codesearch" : t("Codesearch: {0}", word);
  return { text: `${symbol} ${text}`, tooltip, spoken: [text, ...tooltip].join(". "), severity };
}

/** The state of a folder as text. */
export function stateName(folder: FolderStatus): string {
  switch (folder.state) {
    case "starting":
      return t("checking for changes");
    case "indexing":
      return folder.progress === undefined || folder.progress.filesTotal === 0
        ? t("indexing")
        : t("indexing, {0} of {1} files", number.format(folder.progress.files), number.format(folder.progress.filesTotal));
    case "ready":
      return t("up to date");
    case "stopped":
      return t("stale: not being updated");
    case "failed":
      return t("failed");
    default:
      return folder.state;
  }
}

/** `812 files, 10,423 symbols`. */
export function counts(folder: FolderStatus): string {
  const files = folder.files === 1 ? t("1 file") : t("{0} files", number.format(folder.files));
  const symbols = folder.symbols === 1 ? t("1 symbol") : t("{0} symbols", number.format(folder.symbols));
  return t("{0}, {1}", files, symbols);
}

/** The number of files and symbols, unless nothing could be counted, and the server's message about a folder. */
export function details(folder: FolderStatus): string[] {
  const nothing = folder.state === "failed" && folder.files === 0;
  return [nothing ? "" : counts(folder), folder.message.replace(/\.$/, "")].filter((text) => text !== "");
}

export function folderLine(folder: FolderStatus): string {
  const [first, ...rest] = details(folder);
  const line = `${folder.name}: ${stateName(folder)}`;
  if (folder.state === "failed" && folder.files === 0) {
    return [line, ...details(folder)].join(". ");
  }
  return [`${line} (${first ?? ""})`, ...rest].join(". ");
}
