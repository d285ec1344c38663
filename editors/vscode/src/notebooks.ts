// Hits in notebooks. The notebook editor opens them; a preview shows the text of their cell.

import * as vscode from "vscode";
import { t } from "./l10n";
import { CELLS, type CellPlace, type CellsAnswer, type Hit } from "./protocol";
import { relocate } from "./resultsModel";
import type { Server } from "./server";

const EXTENSION = ".ipynb";
/** The scheme of the texts that previews show. */
const SCHEME = "codesearch-cell";

/** A cell that holds a hit. */
export interface Cell {
  readonly notebook: vscode.NotebookDocument;
  readonly cell: vscode.NotebookCell;
  readonly range: vscode.NotebookRange;
  /** The hit's name in the text of the cell. */
  readonly at: vscode.Position;
}

/** The cell of a hit; undefined if the hit is in no notebook, or VS Code cannot open its file as one. */
export async function cellOf(hit: Pick<Hit, "uri" | "name" | "cell" | "cellLine">): Promise<Cell | undefined> {
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

/** Which cells some lines of notebooks are in; undefined where a line is in none. */
export async function cellsAt(
  server: Server,
  places: readonly { readonly uri: vscode.Uri; readonly line: number }[],
): Promise<(CellPlace | undefined)[]> {
  const asked = places.map(({ uri, line }) => ({ uri: uri.toString(), line }));
  if (!asked.some(({ uri }) => isNotebook(uri))) {
    return places.map(() => undefined);
  }
  const { cells } = await server.request<CellsAnswer>(CELLS, { places: asked });
  return cells.map((one) => one ?? undefined);
}

/** Locations in the files of notebooks as locations in their cells. */
export async function inCells(server: Server, locations: readonly vscode.Location[]): Promise<vscode.Location[]> {
  const cells = await cellsAt(server, locations.map(({ uri, range }) => ({ uri, line: range.start.line })));
  return Promise.all(
    locations.map(async (location, index) => {
      const found = cells[index] && (await cellOf({ uri: location.uri.toString(), name: "", ...cells[index] }));
      return found === undefined ? location : new vscode.Location(found.cell.document.uri, found.at);
    }),
  );
}

/** True for the file of a notebook. */
export function isNotebook(path: string): boolean {
  return path.endsWith(EXTENSION);
}

/**
 * The texts of cells, as documents that previews show.
 *
 * A notebook editor is slow to open, and one that is opened again while it is disposed of stays blank.
 */
class CellTexts implements vscode.TextDocumentContentProvider {
  /** By the path of their documents. A changed text gets a document of its own: VS Code keeps them for a while. */
  private readonly texts = new Map<string, { readonly text: string; readonly revision: number }>();

  provideTextDocumentContent({ path }: vscode.Uri): string {
    return this.texts.get(path)?.text ?? "";
  }

  async open({ notebook, cell }: Cell): Promise<vscode.TextDocument> {
    const path = `${notebook.uri.path}: ${t("cell {0}", cell.index + 1)}`;
    const text = cell.document.getText();
    const before = this.texts.get(path) ?? { text, revision: 0 };
    const revision = before.revision + (before.text === text ? 0 : 1);
    this.texts.set(path, { text, revision });
    const document = await vscode.workspace.openTextDocument(vscode.Uri.from({ scheme: SCHEME, path, query: String(revision) }));
    return vscode.languages.setTextDocumentLanguage(document, cell.document.languageId);
  }
}

const cellTexts = new CellTexts();

export function registerCellTexts(): vscode.Disposable {
  return vscode.workspace.registerTextDocumentContentProvider(SCHEME, cellTexts);
}

/** What the preview of a hit shows. */
export interface Shown {
  readonly document: vscode.TextDocument;
  readonly range: vscode.Range;
  /** Where its name is. */
  readonly at: vscode.Position;
}

/** The text of a hit's file; in a notebook, that of its cell. */
export async function textOf(hit: Hit): Promise<Shown> {
  const cell = await cellOf(hit);
  if (cell === undefined) {
    const document = await vscode.workspace.openTextDocument(vscode.Uri.parse(hit.uri, true));
    return { document, range: toRange(hit.range), at: document.validatePosition(toRange(hit.selectionRange).start) };
  }
  const document = await cellTexts.open(cell);
  const first = (hit.cellLine ?? 1) - 1;
  const range = new vscode.Range(first, 0, first + hit.range.end.line - hit.range.start.line, 0);
  return { document, range: document.validateRange(range), at: cell.at };
}

export function toRange({ start, end }: Hit["range"]): vscode.Range {
  return new vscode.Range(start.line, start.character, end.line, end.character);
}
