// The rows of the picker as plain values, independent of VS Code's API.

import { t } from "./l10n";
import { bar, icon, percent, shortName, shortPlace, split, summary } from "./present";
import type { Answer, Hit } from "./protocol";

/** A row; `separator` rows cannot be chosen. */
export type Row =
  | { readonly kind: "hit"; readonly hit: Hit; readonly label: string; readonly description: string; readonly detail: string }
  | { readonly kind: "separator"; readonly label: string }
  | { readonly kind: "history"; readonly text: string; readonly label: string }
  | { readonly kind: "note"; readonly label: string; readonly detail: string; readonly problem: boolean }
  /** Runs a command of VS Code when it is chosen. */
  | { readonly kind: "action"; readonly label: string; readonly command: string };

/** Escapes text that VS Code would display as an icon, such as jQuery's `$(document)`. */
export function plain(text: string): string {
  return text.replace(/\$\(([A-Za-z0-9~-]+)\)/g, "\\$($1)");
}

export interface Look {
  readonly bar: boolean;
  /** The name of a hit's workspace folder, or empty if it is obvious. */
  readonly root: (uri: string) => string;
  /** True if no workspace folder is open: then only open files can be found. */
  readonly empty?: boolean;
}

export function hitRow(hit: Hit, look: Look): Row {
  const unsaved = hit.unsaved ? ` $(circle-filled) ${t("not saved")}` : "";
  const score = look.bar ? bar(hit.score) : percent(hit.score);
  return {
    kind: "hit",
    hit,
    label: `$(${icon(hit.kind)}) ${plain(shortName(hit))}`,
    description: plain(shortPlace(hit, look.root(hit.root))) + unsaved,
    detail: `${score}  ${plain(summary(hit))}`,
  };
}

/** A remark on an answer as a whole; empty if there is none. */
export function noticeOf(hits: readonly Hit[], answer: Pick<Answer, "complete" | "message">): string {
  if (answer.message !== "") {
    return answer.message;
  }
  if (!answer.complete) {
    return t("Still indexing: more answers may follow");
  }
  return hits.length > 0 && hits[0]?.weak === true ? t("only weak matches") : "";
}

/**
 * The rows of an answer; `hits` are its hits in the order in which to show them.
 *
 * The first row is never a separator: VS Code reports rows by index, and the first one must be the first hit.
 */
export function answerRows(hits: readonly Hit[], answer: Pick<Answer, "complete" | "message">, look: Look): Row[] {
  if (hits.length === 0 && look.empty === true && answer.complete) {
    return noFolderRows(answer.message);
  }
  if (hits.length === 0) {
    const notice = noticeOf(hits, answer);
    const detail = answer.complete ? t("Try other words or fewer filters") : t("The list fills up while the folder is being indexed");
    return [{ kind: "note", label: notice === "" ? t("Nothing found") : plain(notice), detail, problem: false }];
  }
  const { strong, weak } = split(hits);
  const rows = strong.map((hit) => hitRow(hit, look));
  if (strong.length > 0 && weak.length > 0) {
    rows.push({ kind: "separator", label: t("weak matches") });
  }
  rows.push(...weak.map((hit) => hitRow(hit, look)));
  return rows;
}

function noFolderRows(message = ""): Row[] {
  const said = message === "" ? t("No folder is open") : plain(message);
  const label = said.charAt(0).toUpperCase() + said.slice(1);
  return [
    { kind: "note", label, detail: t("Codesearch searches the folders that are open in VS Code"), problem: false },
    { kind: "action", label: `$(folder-opened) ${t("Open Folder...")}`, command: "workbench.action.files.openFolder" },
  ];
}

/** The rows before anything is typed. */
export function startRows(history: readonly string[], empty = false): Row[] {
  if (empty) {
    return noFolderRows();
  }
  if (history.length === 0) {
    return [
      {
        kind: "note",
        label: t("Describe what the code does in plain words, or type a name"),
        detail: t("Filters: {0}", "lang:go kind:method path:src/** name:parse* is:test, -is:test"),
        problem: false,
      },
    ];
  }
  return history.map((text) => ({ kind: "history", text, label: `$(history) ${plain(text)}` }));
}

export function problemRow(message: string, detail = ""): Row {
  return { kind: "note", label: plain(message), detail, problem: true };
}
