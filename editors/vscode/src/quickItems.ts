// The picker's rows and buttons as VS Code takes them.

import * as vscode from "vscode";
import { type Filters, isFiltered } from "./filters";
import { t } from "./l10n";
import type { Row } from "./pickerItems";
import { asQuestion } from "./present";

export interface Item extends vscode.QuickPickItem {
  readonly row: Row;
}

export type Actions = Map<vscode.QuickInputButton, () => void | Promise<void>>;

/** Buttons are told apart by identity, so there is one of each. */
export const SIDE_BUTTON: vscode.QuickInputButton = {
  iconPath: new vscode.ThemeIcon("split-horizontal"),
  get tooltip() {
    return t("Open to the Side");
  },
};

export const FORGET_BUTTON: vscode.QuickInputButton = {
  iconPath: new vscode.ThemeIcon("close"),
  get tooltip() {
    return t("Forget This Search");
  },
};

export function toItem(row: Row): Item {
  switch (row.kind) {
    case "separator":
      return { row, label: row.label, kind: vscode.QuickPickItemKind.Separator };
    case "history":
      return { row, label: row.label, alwaysShow: true, buttons: [FORGET_BUTTON] };
    case "note":
      return {
        row,
        label: `$(${row.problem ? "error" : "info"}) ${row.label}`,
        alwaysShow: true,
        ...(row.detail === "" ? {} : { detail: row.detail }),
      };
    case "hit":
      return {
        row,
        label: row.label,
        description: row.description,
        detail: row.detail,
        alwaysShow: true,
        buttons: [SIDE_BUTTON],
      };
  }
}

type Action = () => void | Promise<void>;

/** The buttons at the top; a filter that is set has another colour. */
export function buttons(
  filters: Filters,
  hasHits: boolean,
  run: Readonly<Record<"languages" | "kinds" | "folder" | "tests" | "none" | "keep", Action>>,
): Actions {
  const icon = (name: string, active: boolean): vscode.ThemeIcon =>
    active ? new vscode.ThemeIcon(name, new vscode.ThemeColor("inputOption.activeForeground")) : new vscode.ThemeIcon(name);
  const tests = {
    all: t("Tests: Shown"),
    without: t("Tests: Left Out"),
    only: t("Tests: Nothing Else"),
  }[filters.tests];
  const list: [vscode.QuickInputButton, Action][] = [
    [{ iconPath: icon("code", filters.languages.length > 0), tooltip: t("Filter by Language") }, run.languages],
    [{ iconPath: icon("symbol-class", filters.kinds.length > 0), tooltip: t("Filter by Kind") }, run.kinds],
    [{ iconPath: icon("folder", filters.folder + filters.root !== ""), tooltip: t("Filter by Folder") }, run.folder],
    [{ iconPath: icon("beaker", filters.tests !== "all"), tooltip: tests }, run.tests],
  ];
  if (isFiltered(filters)) {
    list.push([{ iconPath: icon("clear-all", false), tooltip: t("Remove All Filters") }, run.none]);
  }
  if (hasHits) {
    list.push([{ iconPath: icon("list-tree", false), tooltip: t("Keep in the Results View") }, run.keep]);
  }
  return new Map(list);
}

/** The selected text as the first question. */
export function selectedText(): string {
  const editor = vscode.window.activeTextEditor;
  return editor === undefined ? "" : asQuestion(editor.document.getText(editor.selection));
}

/**
 * Have VS Code leave the order of the rows alone.
 *
 * Rows with `alwaysShow` are never filtered out, but while something is typed VS Code sorts rows by how their label
 * matches, unless this property says otherwise, which is not in the typings (it is a proposal as old as 2020). Without
 * it the rows are all there, those whose name matches first.
 */
export function keepOrder(quick: vscode.QuickPick<Item>): void {
  try {
    (quick as { sortByLabel?: boolean }).sortByLabel = false;
  } catch {
    // A later VS Code may refuse it.
  }
}
