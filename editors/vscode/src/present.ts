// A hit as people see it, and the order in which hits are put on screen.

import { kindName } from "./filters";
import { t } from "./l10n";
import type { Hit } from "./protocol";

const ICONS: Readonly<Record<string, string>> = {
  function: "symbol-function",
  method: "symbol-method",
  class: "symbol-class",
  struct: "symbol-structure",
  trait: "symbol-interface",
  interface: "symbol-interface",
  enum: "symbol-enum",
  type: "symbol-class",
  macro: "symbol-constant",
  test: "beaker",
  module: "symbol-file",
};

/** How many cells a score's bar has. */
const CELLS = 5;

export function icon(kind: string): string {
  return ICONS[kind] ?? "symbol-misc";
}

/** A score of 0..1 as a bar of five cells. */
export function bar(score: number): string {
  const filled = Math.round(Math.min(1, Math.max(0, score)) * CELLS);
  return "■".repeat(filled) + "□".repeat(CELLS - filled);
}

export function percent(score: number): string {
  return `${Math.round(Math.min(1, Math.max(0, score)) * 100)} %`;
}

/** The line (from 1) that a hit's name is on. */
export function line(hit: Hit): number {
  return hit.selectionRange.start.line + 1;
}

/** `path:line`, with the workspace folder in front if there are several. */
export function place(hit: Hit, root = ""): string {
  return `${root === "" ? "" : `${root}/`}${hit.path}:${line(hit)}`;
}

/** What identifies a hit from one answer to the next, also when lines above it come and go. */
export function key(hit: Hit): string {
  return `${hit.uri}#${hit.kind}#${hit.qualname}#${hit.signature}`;
}

/** One line about a hit: its signature, else the first line of its documentation. */
export function summary(hit: Hit): string {
  const said = hit.signature !== hit.path && hit.signature !== "" ? hit.signature : hit.documentation;
  return (said === "" ? kindName(hit.kind) : said).replace(/\s+/g, " ").trim();
}

/** What a screen reader says of a hit. */
export function spoken(hit: Hit): string {
  const text = t("{0} {1}, {2}, line {3}, {4}", kindName(hit.kind), hit.qualname, hit.path, line(hit), percent(hit.score));
  return hit.weak === true ? t("{0}, unlikely", text) : text;
}

/**
 * The hits to show when a better answer to the same question comes.
 *
 * Nothing moves at the cursor or above it: as far as the active hit, what stands there stays; the rest is the new
 * order. Without an active hit (the user has not moved) the new order is shown as it is.
 */
export function refine(shown: readonly Hit[], better: readonly Hit[], active: string | undefined): readonly Hit[] {
  const at = active === undefined ? -1 : shown.findIndex((hit) => key(hit) === active);
  if (at < 0) {
    return better;
  }
  const fresh = new Map(better.map((hit) => [key(hit), hit]));
  const kept = shown.slice(0, at + 1);
  const keys = new Set(kept.map(key));
  return [...kept.map((hit) => fresh.get(key(hit)) ?? hit), ...better.filter((hit) => !keys.has(key(hit)))];
}

/** Hits split at the first weak one; all that follow count as weak, so that the order stays. */
export function split(hits: readonly Hit[]): { strong: readonly Hit[]; weak: readonly Hit[] } {
  const at = hits.findIndex((hit) => hit.weak === true);
  return at < 0 ? { strong: hits, weak: [] } : { strong: hits.slice(0, at), weak: hits.slice(at) };
}

/** The selected text as a question: one line, not too long. */
export function asQuestion(selected: string): string {
  const text = selected.replace(/\s+/g, " ").trim();
  return text.length <= 200 ? text : "";
}

/** Put a question at the front of the last ones. */
export function remember(history: readonly string[], question: string, limit: number): string[] {
  const text = question.trim();
  const others = history.filter((one) => one !== text);
  return (text === "" ? others : [text, ...others]).slice(0, limit);
}
