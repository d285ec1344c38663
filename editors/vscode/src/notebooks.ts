// Hits in notebooks: the notebook editor shows their cell. Where it cannot open them, callers show the file as text.

import * as vscode from "vscode";
import type { Hit } from "./protocol";
import { relocate } from "./resultsModel";

/** A cell that holds a hit. */
export interface Cell {
  readonly notebook: vscode.NotebookDocument;
  readonly cell: vscode.NotebookCell;
  readonly range: vscode.NotebookRange;
  /** The hit's name in the text of the cell. */
  readonly at: vscode.Position;
}

/** The cell of a hit; undefined if the hit is in no notebook, or VS Code cannot open its file as one. */
export async function cellOf(hit: Hit): Promise<Cell | undefined> {
  if (hit.cell === undefined) {
    return undefined;
  }
  let notebook: vscode.NotebookDocument;
  try {
    notebook = await vscode.workspace.openNotebookDocument(vscode.Uri.parse(hit.uri, true));
  } catch {
    // The extension for this kind of notebook is disabled, or the file is damaged: it is shown as text.
    return undefined;
  }
  if (notebook.cellCount === 0) {
    return undefined;
  }
  // Cells may have been deleted since the search.
  const index = Math.min(hit.cell, notebook.cellCount) - 1;
  const cell = notebook.cellAt(index);
  const row = relocate(cell.document.getText().split(/\r\n|\r|\n/), (hit.cellLine ?? 1) - 1, hit.name);
  const column = Math.max(0, cell.document.lineAt(row).text.indexOf(hit.name));
  return { notebook, cell, range: new vscode.NotebookRange(index, index + 1), at: new vscode.Position(row, column) };
}

/** The visible editor of a notebook in a column. */
export function editorOf(notebook: vscode.NotebookDocument, column: vscode.ViewColumn): vscode.NotebookEditor | undefined {
  return vscode.window.visibleNotebookEditors.find((one) => one.notebook === notebook && one.viewColumn === column);
}

/** Open a notebook with a cell selected. With the focus, the cursor is at the hit if the cell is code. */
export async function openCell(
  { notebook, cell, range, at }: Cell,
  options: { readonly viewColumn: vscode.ViewColumn; readonly preview: boolean; readonly preserveFocus: boolean },
): Promise<void> {
  const editor = await vscode.window.showNotebookDocument(notebook, { ...options, selections: [range] });
  editor.revealRange(range, vscode.NotebookEditorRevealType.InCenterIfOutsideViewport);
  // A cell of prose is shown as it is read: the cursor would turn it into its source.
  if (cell.kind === vscode.NotebookCellKind.Code && !options.preserveFocus) {
    await vscode.commands.executeCommand("vscode.open", cell.document.uri, {
      viewColumn: editor.viewColumn,
      preview: options.preview,
      selection: new vscode.Range(at, at),
    });
  }
}
