// Asks the user which languages, kinds or folder to search.

import * as vscode from "vscode";
import { type Filters, kindName } from "./filters";
import { rootName } from "./folders";
import { t } from "./l10n";
import { LANGUAGES, LANGUAGES_BY_ID } from "./languages.generated";
import { icon } from "./present";
import { KINDS } from "./protocol";

interface Choice extends vscode.QuickPickItem {
  readonly value: string;
}

async function several(
  title: string,
  choices: readonly Choice[],
  picked: readonly string[],
): Promise<string[] | undefined> {
  const items = choices.map((choice) => ({ ...choice, picked: picked.includes(choice.value) }));
  const chosen = await vscode.window.showQuickPick(items, {
    title,
    canPickMany: true,
    placeHolder: t("Select none to search all"),
    ignoreFocusOut: true,
  });
  return chosen?.map((item) => item.value);
}

/** Returns the new filters, or undefined if the user cancelled. */
export async function askLanguages(filters: Filters): Promise<Filters | undefined> {
  const open = vscode.window.visibleTextEditors.map(({ document }) => LANGUAGES_BY_ID.get(document.languageId) ?? "");
  const choices = [...LANGUAGES].map(([value, label]) => ({ value, label }));
  choices.sort((a, b) => Number(open.includes(b.value)) - Number(open.includes(a.value)));
  const languages = await several(t("Search only these languages"), choices, filters.languages);
  return languages === undefined ? undefined : { ...filters, languages };
}

export async function askKinds(filters: Filters): Promise<Filters | undefined> {
  const choices = KINDS.map((value) => ({ value, label: `$(${icon(value)}) ${kindName(value)}` }));
  const kinds = await several(t("Search only these kinds"), choices, filters.kinds);
  return kinds === undefined ? undefined : { ...filters, kinds };
}

interface Place extends vscode.QuickPickItem {
  /** Undefined: let the user type it. */
  readonly place?: { readonly root: string; readonly folder: string };
}

/** The folders to offer: those around the open file, then the top-level folders of each workspace folder. */
async function places(): Promise<Place[]> {
  const folders = vscode.workspace.workspaceFolders ?? [];
  const many = folders.length > 1;
  const seen = new Set<string>();
  const items: Place[] = [];
  const add = (root: vscode.WorkspaceFolder, folder: string, group: string): void => {
    const id = `${root.uri.toString()} ${folder}`;
    if (!seen.has(id)) {
      seen.add(id);
      items.push({
        label: folder === "" ? `$(root-folder) ${root.name}` : `$(folder) ${folder}/`,
        description: [many && folder !== "" ? root.name : "", group].filter((text) => text !== "").join(" · "),
        place: { root: many ? root.uri.toString() : "", folder },
      });
    }
  };
  const open = vscode.window.activeTextEditor?.document.uri;
  const own = open === undefined ? undefined : vscode.workspace.getWorkspaceFolder(open);
  if (open !== undefined && own !== undefined) {
    const parts = vscode.workspace.asRelativePath(open, false).split("/").slice(0, -1);
    for (let count = parts.length; count > 0; count--) {
      add(own, parts.slice(0, count).join("/"), t("around the open file"));
    }
  }
  for (const root of folders) {
    if (many) {
      add(root, "", "");
    }
    try {
      const entries = await vscode.workspace.fs.readDirectory(root.uri);
      const names = entries.filter(([name, type]) => type === vscode.FileType.Directory && !name.startsWith("."));
      for (const [name] of names.sort(([a], [b]) => a.localeCompare(b))) {
        add(root, name, "");
      }
    } catch {
      // The user can still type a folder that cannot be listed.
    }
  }
  return items;
}

/** Returns the new filters, or undefined if the user cancelled. */
export async function askFolder(filters: Filters): Promise<Filters | undefined> {
  const everywhere: Place = { label: `$(globe) ${t("Everywhere")}`, place: { root: "", folder: "" } };
  const type: Place = { label: `$(edit) ${t("Type a folder or a glob...")}` };
  const chosen = await vscode.window.showQuickPick([everywhere, ...(await places()), type], {
    title: t("Search only in this folder"),
    placeHolder:
      filters.folder === "" && filters.root === ""
        ? t("Now: everywhere")
        : t("Now: {0}", filters.folder === "" ? rootName(filters.root) : filters.folder),
    matchOnDescription: true,
    ignoreFocusOut: true,
  });
  if (chosen === undefined) {
    return undefined;
  }
  if (chosen.place !== undefined) {
    return { ...filters, ...chosen.place };
  }
  const typed = await vscode.window.showInputBox({
    title: t("Search only in this folder"),
    prompt: t("A folder, or a glob such as {0}; relative to the workspace folder", "src/**/*.go"),
    value: filters.folder,
    ignoreFocusOut: true,
  });
  return typed === undefined ? undefined : { ...filters, root: "", folder: typed.trim().replace(/^\.?\/+|\/+$/g, "") };
}
