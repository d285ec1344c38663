// How a hit is displayed, and the order in which hits are displayed.

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

/** The number of cells in the bar of a score. */
const CELLS = 5;
/** The number of characters for the name of a hit and its place together; VS Code cuts off what does not fit. */
const WIDTH = 76;
/** The largest number of characters for the name. */
const NAME_WIDTH = 44;

export function icon(kind: string): string {
  return ICONS[kind] ?? "symbol-misc";
}

/** A score from 0 to 1 as a bar. */
export function bar(score: number): string {
  const filled = Math.round(Math.min(1, Math.max(0, score)) * CELLS);
  return "■".repeat(filled) + "□".repeat(CELLS - filled);
}

export function percent(score: number): string {
  return `${Math.round(Math.min(1, Math.max(0, score)) * 100)} %`;
}

/** The line of a hit's name, from 1. */
export function line(hit: Hit): number {
  return hit.selectionRange.start.line + 1;
}

/** The line of a hit as people read it: in a notebook, the cell and the line in it. */
export function lineText(hit: Hit): string {
  return hit.cell === undefined ? String(line(hit)) : t("cell {0}:{1}", hit.cell, hit.cellLine ?? 1);
}

/** `path:line`, preceded by the workspace folder if there are several. */
export function place(hit: Hit, root = ""): string {
  return `${root === "" ? "" : `${root}/`}${hit.path}:${lineText(hit)}`;
}

/** The qualified name of a hit, shortened from the left: its end, the name itself, is what people look for. */
export function shortName(hit: Hit, width: number = NAME_WIDTH): string {
  return shortened(hit.qualname, hit.name.length, width);
}

/** `path:line`, shortened from the left so that it fits beside the (shortened) name. */
export function shortPlace(hit: Hit, root = ""): string {
  const whole = place(hit, root);
  const file = whole.slice(whole.lastIndexOf("/") + 1);
  return shortened(whole, file.length, WIDTH - shortName(hit).length);
}

/**
 * A text of at most `width` characters: its last parts after an ellipsis, cut where a part begins.
 *
 * The last `kept` characters stay whole if they fit; otherwise the beginning of these is kept.
 */
function shortened(text: string, kept: number, width: number): string {
  const characters = Array.from(text);
  if (characters.length <= width) {
    return text;
  }
  const last = Array.from(text.slice(text.length - kept));
  if (last.length >= width) {
    return `${last.slice(0, Math.max(1, width - 1)).join("")}…`;
  }
  const end = characters.slice(characters.length - (width - 1)).join("");
  const at = end.slice(0, end.length - kept).search(/(?<=[./:#\\])[^./:#\\]/);
  return `…${at < 0 ? last.join("") : end.slice(at)}`;
}

/** Identifies a hit in different answers, even if lines were added or removed above it. */
export function key(hit: Hit): string {
  return `${hit.uri}#${hit.kind}#${hit.qualname}#${hit.signature}`;
}

/** One line about a hit: its signature, or else its documentation, or else its kind. */
export function summary(hit: Hit): string {
  const said = hit.signature !== hit.path && hit.signature !== "" ? hit.signature : hit.documentation;
  return (said === "" ? kindName(hit.kind) : said).replace(/\s+/g, " ").trim();
}

/** The text that a screen reader reads for a hit. */
export function spoken(hit: Hit): string {
  const [kind, score] = [kindName(hit.kind), percent(hit.score)];
  const text =
    hit.cell === undefined
      ? t("{0} {1}, {2}, line {3}, {4}", kind, hit.qualname, hit.path, line(hit), score)
      : t("{0} {1}, {2}, cell {3}, line {4}, {5}", kind, hit.qualname, hit.path, hit.cell, hit.cellLine ?? 1, score);
  return hit.weak === true ? t("{0}, unlikely", text) : text;
}

/**
 * The hits to show when a better answer to the same question arrives.
 *
 * The rows up to the active hit stay in place; below it, the new order applies. Without an active hit (the user has not
 * moved), the new order is shown unchanged.
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

/** The hits before the first weak one, and the rest: all of these count as weak, which preserves the order. */
export function split(hits: readonly Hit[]): { strong: readonly Hit[]; weak: readonly Hit[] } {
  const at = hits.findIndex((hit) => hit.weak === true);
  return at < 0 ? { strong: hits, weak: [] } : { strong: hits.slice(0, at), weak: hits.slice(at) };
}

/** The selected text as a question, on one line; empty if it is too long. */
export function asQuestion(selected: string): string {
  const text = selected.replace(/\s+/g, " ").trim();
  return text.length <= 200 ? text : "";
}

/** Put a question in front of the recent ones. */
export function remember(history: readonly string[], question: string, limit: number): string[] {
  const text = question.trim();
  const others = history.filter((one) => one !== text);
  return (text === "" ? others : [text, ...others]).slice(0, limit);
}
