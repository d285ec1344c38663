// The search that the results view keeps: its hits by file, dismissing them, and links to copy.

import type { Filters } from "./filters";
import { key, line } from "./present";
import type { Hit, Position } from "./protocol";

/** A question that can be asked again. */
export type Question =
  | { readonly kind: "query"; readonly text: string; readonly filters: Filters }
  | { readonly kind: "similar" | "clones"; readonly name: string; readonly uri: string; readonly position: Position };

/** A search, as stored in the workspace's state. */
export interface Kept {
  readonly question: Question;
  readonly hits: readonly Hit[];
}

export interface FileGroup {
  readonly uri: string;
  readonly root: string;
  readonly path: string;
  readonly hits: readonly Hit[];
}

/** The hits by file: files in the order of their best hit, hits in the order of the answer. */
export function byFile(hits: readonly Hit[]): FileGroup[] {
  const groups = new Map<string, FileGroup & { hits: Hit[] }>();
  for (const hit of hits) {
    const group = groups.get(hit.uri);
    if (group === undefined) {
      groups.set(hit.uri, { uri: hit.uri, root: hit.root, path: hit.path, hits: [hit] });
    } else {
      group.hits.push(hit);
    }
  }
  return [...groups.values()];
}

/** A kept search without the given hits and without all hits of the given files. */
export function without(kept: Kept, hits: readonly Hit[], files: readonly string[]): Kept {
  const gone = new Set(hits.map(key));
  const places = new Set(files);
  return { ...kept, hits: kept.hits.filter((hit) => !gone.has(key(hit)) && !places.has(hit.uri)) };
}

/** A hit as a Markdown link that is readable as plain text; GitHub and GitLab understand `path#Lline`. */
export function link(hit: Hit, root = ""): string {
  const text = `${hit.qualname} (${hit.path}:${line(hit)})`.replace(/[[\]\\]/g, "\\$&");
  const target = `${root === "" ? "" : `${root}/`}${hit.path}`;
  const escaped = encodeURI(target).replace(/[()#?]/g, (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`);
  return `[${text}](${escaped}#L${line(hit)})`;
}

/** Links as a Markdown list; a single link is not put into a list. */
export function links(hits: readonly Hit[], root: (hit: Hit) => string = () => ""): string {
  const all = hits.map((hit) => link(hit, root(hit)));
  return all.length === 1 ? (all[0] ?? "") : all.map((one) => `- ${one}\n`).join("");
}

/**
 * The current line of a name, from 0: the line where it was, or the nearest line that contains it.
 *
 * The files may have been edited since the search.
 */
export function relocate(lines: readonly string[], was: number, name: string): number {
  const last = Math.max(0, lines.length - 1);
  const at = Math.min(was, last);
  if (name === "") {
    return at;
  }
  const word = new RegExp(`(?<![\\p{L}\\p{N}_])${name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}(?![\\p{L}\\p{N}_])`, "u");
  for (let distance = 0; distance <= last; distance++) {
    for (const candidate of [at - distance, at + distance]) {
      if (candidate >= 0 && candidate <= last && word.test(lines[candidate] ?? "")) {
        return candidate;
      }
    }
  }
  return at;
}

/** Read a kept search from the workspace's state; undefined if the value is something else. */
export function readKept(value: unknown): Kept | undefined {
  if (typeof value !== "object" || value === null) {
    return undefined;
  }
  const { question, hits } = value as Partial<Kept>;
  const known = question?.kind === "query" || question?.kind === "similar" || question?.kind === "clones";
  return known && Array.isArray(hits) ? (value as Kept) : undefined;
}
