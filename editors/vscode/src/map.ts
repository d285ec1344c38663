// "Show on the Map": the page that the server draws, in a view of its own, one for each folder.

import * as vscode from "vscode";
import { t } from "./l10n";
import { cellOf, cellsAt, openCell } from "./notebooks";
import { MAP, type MapAnswer, type MapParams } from "./protocol";
import type { Server } from "./server";
import { placeOf } from "./similar";

const VIEW = "codesearch.map";

/** A symbol that was chosen on the page. */
interface Chosen {
  /** Relative to the workspace folder, with `/`. */
  readonly path: string;
  /** From 1. */
  readonly line: number;
}

export class MapView implements vscode.Disposable {
  /** The open pages, by the URI of their folder. */
  private readonly panels = new Map<string, vscode.WebviewPanel>();

  constructor(private readonly server: Server) {}

  /** Draw the map of the folder of the active editor, with the symbol at the cursor selected. */
  async show(argument?: unknown): Promise<void> {
    const params = paramsFor(argument);
    if (params === undefined) {
      void vscode.window.showInformationMessage(t("Open a folder to see its map."));
      return;
    }
    const answer = await vscode.window.withProgress(
      { location: vscode.ProgressLocation.Notification, title: t("Drawing the map"), cancellable: true },
      (_progress, token) => this.server.request<MapAnswer>(MAP, params, token),
    );
    const page = await vscode.workspace.fs.readFile(vscode.Uri.parse(answer.uri, true));
    const panel = this.panels.get(answer.root) ?? this.open(answer.root);
    panel.webview.html = new TextDecoder().decode(page);
    panel.reveal(undefined, false);
    if (answer.message !== "") {
      void vscode.window.showInformationMessage(answer.message);
    }
  }

  private open(root: string): vscode.WebviewPanel {
    const folder = vscode.Uri.parse(root, true);
    const name = folder.path.slice(folder.path.lastIndexOf("/") + 1);
    const column = vscode.window.activeTextEditor === undefined ? vscode.ViewColumn.Active : vscode.ViewColumn.Beside;
    const panel = vscode.window.createWebviewPanel(VIEW, t("Map of {0}", name), column, {
      enableScripts: true,
      localResourceRoots: [],
      // Drawing it again would lose what is selected.
      retainContextWhenHidden: true,
    });
    panel.webview.onDidReceiveMessage((message: unknown) => {
      if (isChosen(message)) {
        void openChosen(this.server, folder, message, panel.viewColumn);
      }
    });
    panel.onDidDispose(() => this.panels.delete(root));
    this.panels.set(root, panel);
    return panel;
  }

  dispose(): void {
    for (const panel of this.panels.values()) {
      panel.dispose();
    }
  }
}

/** The symbol at the cursor, or else the first folder. */
function paramsFor(argument: unknown): MapParams | undefined {
  const place = placeOf(argument);
  if (place?.uri.scheme === "file") {
    const { line, character } = place.position;
    return { textDocument: { uri: place.uri.toString() }, position: { line, character } };
  }
  const folder = vscode.workspace.workspaceFolders?.[0];
  return folder === undefined ? undefined : { root: folder.uri.toString() };
}

function isChosen(message: unknown): message is Chosen {
  const { path, line } = (message ?? {}) as Partial<Chosen>;
  return typeof path === "string" && !path.split("/").includes("..") && typeof line === "number";
}

/** Open a symbol in a column other than that of the map; in a notebook, its cell. */
async function openChosen(
  server: Server,
  folder: vscode.Uri,
  { path, line }: Chosen,
  map: vscode.ViewColumn | undefined,
): Promise<void> {
  const uri = vscode.Uri.joinPath(folder, path);
  const viewColumn = map === vscode.ViewColumn.One ? vscode.ViewColumn.Beside : vscode.ViewColumn.One;
  const [place] = await cellsAt(server, [{ uri, line: line - 1 }]);
  const cell = place && (await cellOf({ uri: uri.toString(), name: "", ...place }));
  if (cell !== undefined) {
    await openCell(cell, { viewColumn, preview: true, preserveFocus: false });
    return;
  }
  const document = await vscode.workspace.openTextDocument(uri);
  const at = new vscode.Position(Math.min(line, document.lineCount) - 1, 0);
  await vscode.window.showTextDocument(document, { viewColumn, selection: new vscode.Range(at, at) });
}
