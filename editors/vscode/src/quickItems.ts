// The rows and buttons of the picker as objects of VS Code's API.

import * as vscode from "vscode";
import { describe, type Filters, isFiltered, NO_FILTERS } from "./filters";
import { rootName } from "./folders";
import { t } from "./l10n";
import type { Row } from "./pickerItems";
import { asQuestion } from "./present";

export interface Item extends vscode.QuickPickItem {
  readonly row: Row;
}

export type Actions = Map<vscode.QuickInputButton, () => void | Promise<void>>;

/** Buttons are compared by identity, so each exists once. */
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
    case "action":
      return { row, label: row.label, alwaysShow: true };
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

/** What the buttons of the picker do; each also has a command, so that it can be run with the keyboard. */
export type ButtonName = "languages" | "kinds" | "folder" | "tests" | "none" | "keep";
export type ButtonActions = Readonly<Record<ButtonName, Action>>;

/** The buttons at the top; those of active filters have another icon and show the filter in the tooltip. */
export function buttons(
  filters: Filters,
  hasHits: boolean,
  run: ButtonActions,
): Actions {
  const filter = (icon: string, title: string, part: Partial<Filters>): vscode.QuickInputButton => {
    const said = describe({ ...NO_FILTERS, ...part }, rootName);
    return said === ""
      ? { iconPath: new vscode.ThemeIcon(icon), tooltip: title }
      : { iconPath: new vscode.ThemeIcon("filter-filled"), tooltip: t("{0}: {1}", title, said) };
  };
  const { languages, kinds, folder, root, tests } = filters;
  const testsButton = {
    all: { iconPath: new vscode.ThemeIcon("beaker"), tooltip: t("Tests: Shown") },
    without: { iconPath: new vscode.ThemeIcon("beaker-stop"), tooltip: t("Tests: Left Out") },
    only: { iconPath: new vscode.ThemeIcon("filter-filled"), tooltip: t("Tests: Only") },
  }[tests];
  const list: [vscode.QuickInputButton, Action][] = [
    [filter("code", t("Filter by Language"), { languages }), run.languages],
    [filter("tag", t("Filter by Kind"), { kinds }), run.kinds],
    [filter("folder", t("Filter by Folder"), { folder, root }), run.folder],
    [testsButton, run.tests],
  ];
  if (isFiltered(filters)) {
    list.push([{ iconPath: new vscode.ThemeIcon("clear-all"), tooltip: t("Remove All Filters") }, run.none]);
  }
  if (hasHits) {
    list.push([{ iconPath: new vscode.ThemeIcon("list-tree"), tooltip: t("Keep in the Results View") }, run.keep]);
  }
  return new Map(list);
}

/** The selected text as the first question. */
export function selectedText(): string {
  const editor = vscode.window.activeTextEditor;
  return editor === undefined ? "" : asQuestion(editor.document.getText(editor.selection));
}

/**
 * Keep VS Code from sorting the rows.
 *
 * Rows with `alwaysShow` are never filtered out, but while the user types, VS Code sorts them by how well their label
 * matches, unless this property is false. It is missing in the typings (a proposal since 2020). If a later VS Code
 * refuses it, all rows are still shown, matching names first.
 */
export function keepOrder(quick: vscode.QuickPick<Item>): void {
  try {
    (quick as { sortByLabel?: boolean }).sortByLabel = false;
  } catch {
    // A later VS Code may refuse it.
  }
}
