// The types of the server's own requests, as documented in docs/lsp.md.

/** The version of `capabilities.experimental.codesearch` that this extension speaks. */
export const PROTOCOL_VERSION = 1;

export interface Position {
  readonly line: number;
  readonly character: number;
}

export interface Range {
  readonly start: Position;
  readonly end: Position;
}

export const KINDS = [
  "function",
  "method",
  "class",
  "struct",
  "trait",
  "interface",
  "enum",
  "type",
  "macro",
  "test",
  "module",
] as const;

export interface Hit {
  readonly rank: number;
  /** From 0 to 1, a calibrated probability. */
  readonly score: number;
  readonly uri: string;
  readonly range: Range;
  readonly selectionRange: Range;
  /** The URI of the workspace folder. */
  readonly root: string;
  /** Relative to the workspace folder, with `/`. */
  readonly path: string;
  readonly name: string;
  readonly qualname: string;
  /** One of KINDS; a newer server may send others. */
  readonly kind: string;
  readonly signature: string;
  readonly documentation: string;
  readonly language: string;
  readonly unsaved: boolean;
  /** In a notebook, the number of the cell, from 1. */
  readonly cell?: number;
  /** The line in the cell, from 1. */
  readonly cellLine?: number;
  /** Probably not what the user is looking for. */
  readonly weak?: boolean;
}

export interface QueryFilter {
  languages?: string[];
  kinds?: string[];
  paths?: string[];
  roles?: string[];
  notRoles?: string[];
}

export interface QueryParams {
  text: string;
  limit?: number;
  filter?: QueryFilter;
  root?: string;
  session?: string;
}

export interface Answer {
  readonly hits: readonly Hit[];
  /** False while a folder is still being indexed. */
  readonly complete: boolean;
  /** For the user; may be empty. */
  readonly message: string;
}

export interface SimilarParams {
  textDocument: { uri: string };
  position: Position;
  limit?: number;
}

export interface SimilarAnswer extends Answer {
  readonly of: Hit | null;
}

export interface ClonesAnswer extends Answer {
  readonly of: Hit | null;
}

export interface MapParams {
  textDocument?: { uri: string };
  position?: Position;
  root?: string;
}

export interface MapAnswer {
  /** The page: a file. */
  readonly uri: string;
  /** The URI of the workspace folder. */
  readonly root: string;
  /** The symbol that the page begins with. */
  readonly of: Hit | null;
  /** For the user; may be empty. */
  readonly message: string;
}

/** Where a line of a notebook's file is, both from 1. */
export interface CellPlace {
  readonly cell: number;
  readonly cellLine: number;
}

export interface CellsAnswer {
  readonly cells: readonly (CellPlace | null)[];
}

export type FolderState = "starting" | "indexing" | "ready" | "stopped" | "failed";

export interface FolderStatus {
  readonly uri: string;
  readonly name: string;
  readonly state: FolderState;
  readonly files: number;
  readonly symbols: number;
  readonly progress?: { readonly files: number; readonly filesTotal: number };
  readonly index: string;
  readonly message: string;
}

export interface Status {
  readonly version: string;
  readonly folders: readonly FolderStatus[];
}

export const QUERY = "codesearch/query";
export const CELLS = "codesearch/cells";
export const SIMILAR = "codesearch/similar";
export const CLONES = "codesearch/clones";
export const MAP = "codesearch/map";
export const STATUS = "codesearch/status";
export const REINDEX = "codesearch/reindex";
export const STATUS_CHANGED = "codesearch/statusChanged";

/** A notification to the server, which records it only if the user has enabled `feedback`. */
export const OPENED = "codesearch/opened";

export interface OpenedParams {
  query: string;
  uri: string;
  /** The line of the hit, from 0. */
  line: number;
  rank: number;
}

/** The error codes of cancelled requests: cancelled by us, or by a newer query of the same session. */
export const CANCELLED = new Set([-32800, -32802]);
export const INVALID_PARAMS = -32602;
/** An older server does not know the request. */
export const METHOD_NOT_FOUND = -32601;
