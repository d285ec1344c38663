// The rows of the picker, made of plain values: what VS Code is given, apart from how it is shown.

import { t } from "./l10n";
import { bar, icon, percent, place, split, summary } from "./present";
import type { Answer, Hit } from "./protocol";

/** A row; `separator` rows cannot be chosen. */
export type Row =
  | { readonly kind: "hit"; readonly hit: Hit; readonly label: string; readonly description: string; readonly detail: string }
  | { readonly kind: "separator"; readonly label: string }
  | { readonly kind: "history"; readonly text: string; readonly label: string }
  | { readonly kind: "note"; readonly label: string; readonly detail: string; readonly problem: boolean };

/** Text as it is: what looks like an icon (`$(document)` is jQuery's) must not become one. */
export function plain(text: string): string {
  return text.replace(/\$\(([A-Za-z0-9~-]+)\)/g, "\\$($1)");
}

export interface Look {
  readonly bar: boolean;
  /** The name of a hit's folder, where it is not obvious. */
  readonly root: (uri: string) => string;
}

export function hitRow(hit: Hit, look: Look): Row {
  const unsaved = hit.unsaved ? ` $(circle-filled) ${t("not saved")}` : "";
  const score = look.bar ? bar(hit.score) : percent(hit.score);
  return {
    kind: "hit",
    hit,
    label: `$(${icon(hit.kind)}) ${plain(hit.qualname)}`,
    description: plain(place(hit, look.root(hit.root))) + unsaved,
    detail: `${score}  ${plain(summary(hit))}`,
  };
}

/** What there is to say of an answer as a whole; empty if it is just an answer. */
export function noticeOf(hits: readonly Hit[], answer: Pick<Answer, "complete" | "message">): string {
  if (answer.message !== "") {
    return answer.message;
  }
  if (!answer.complete) {
    return t("Still indexing: there may be more");
  }
  return hits.length > 0 && hits[0]?.weak === true ? t("only weak matches") : "";
}

/**
 * The rows of an answer; `hits` are its hits in the order to show.
 *
 * The first row is never a separator: VS Code tells of rows by their number, and the first one must be the first hit.
 */
export function answerRows(hits: readonly Hit[], answer: Pick<Answer, "complete" | "message">, look: Look): Row[] {
  if (hits.length === 0) {
    const notice = noticeOf(hits, answer);
    const detail = answer.complete ? t("Other words or fewer filters may help") : t("The list fills while the folder is indexed");
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

/** The rows before anything is typed. */
export function startRows(history: readonly string[]): Row[] {
  if (history.length === 0) {
    return [
      {
        kind: "note",
        label: t("Say what the code does, in plain words, or type a name"),
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
