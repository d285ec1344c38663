// The filters set by the picker's buttons. The server handles those that are part of the question.

import { t } from "./l10n";
import { LANGUAGES } from "./languages.generated";
import type { QueryFilter, QueryParams } from "./protocol";

export type Tests = "all" | "without" | "only";

export interface Filters {
  readonly languages: readonly string[];
  readonly kinds: readonly string[];
  /** Search only below this folder, a path relative to the workspace folder without `/` at the ends; empty for all. */
  readonly folder: string;
  /** The URI of the only workspace folder to search; empty for all. */
  readonly root: string;
  readonly tests: Tests;
}

export const NO_FILTERS: Filters = { languages: [], kinds: [], folder: "", root: "", tests: "all" };

/** The name of a kind, for display. */
export function kindName(kind: string): string {
  switch (kind) {
    case "function":
      return t("function");
    case "method":
      return t("method");
    case "class":
      return t("class");
    case "struct":
      return t("struct");
    case "trait":
      return t("trait");
    case "interface":
      return t("interface");
    case "enum":
      return t("enum");
    case "type":
      return t("type");
    case "macro":
      return t("macro");
    case "test":
      return t("test");
    case "module":
      return t("rest of a file");
    default:
      return kind;
  }
}

export function isFiltered(filters: Filters): boolean {
  return (
    filters.languages.length + filters.kinds.length > 0 ||
    filters.folder !== "" ||
    filters.root !== "" ||
    filters.tests !== "all"
  );
}

/** The filter of a request; undefined if nothing is filtered. The root is a separate parameter. */
export function queryFilter(filters: Filters): QueryFilter | undefined {
  const filter: QueryFilter = {};
  if (filters.languages.length > 0) {
    filter.languages = [...filters.languages];
  }
  if (filters.kinds.length > 0) {
    filter.kinds = [...filters.kinds];
  }
  if (filters.folder !== "") {
    filter.paths = [folderGlob(filters.folder)];
  }
  if (filters.tests !== "all") {
    filter[filters.tests === "only" ? "roles" : "notRoles"] = ["test"];
  }
  return Object.keys(filter).length > 0 ? filter : undefined;
}

/** The parameters of a query; a newer query of the same session cancels it. */
export function queryParams(text: string, filters: Filters, limit: number, session: string): QueryParams {
  const filter = queryFilter(filters);
  return {
    text,
    limit,
    session,
    ...(filter === undefined ? {} : { filter }),
    ...(filters.root === "" ? {} : { root: filters.root }),
  };
}

/** A glob for everything in a folder; special characters are escaped, unless the user typed a glob. */
export function folderGlob(folder: string): string {
  const bare = folder.replace(/^\/+|\/+$/g, "");
  if (/[*?]/.test(bare)) {
    return bare;
  }
  // A bracket would start a character set; the set `[[]` matches the bracket itself.
  return `${bare.replace(/\[/g, "[[]")}/**`;
}

export function nextTests(tests: Tests): Tests {
  return tests === "all" ? "without" : tests === "without" ? "only" : "all";
}

/** The filters as text, such as `Go, method, in src/, without tests`; empty if there are none. */
export function describe(filters: Filters, rootName: (uri: string) => string = (uri) => uri): string {
  const parts: string[] = [
    ...filters.languages.map((language) => LANGUAGES.get(language) ?? language),
    ...filters.kinds.map(kindName),
  ];
  if (filters.root !== "" && filters.folder === "") {
    parts.push(t("in {0}", rootName(filters.root)));
  } else if (filters.folder !== "") {
    const inside = /[*?]/.test(filters.folder) ? filters.folder : `${filters.folder}/`;
    parts.push(t("in {0}", filters.root === "" ? inside : `${rootName(filters.root)}/${inside}`));
  }
  if (filters.tests === "without") {
    parts.push(t("without tests"));
  } else if (filters.tests === "only") {
    parts.push(t("only tests"));
  }
  return parts.join(", ");
}
