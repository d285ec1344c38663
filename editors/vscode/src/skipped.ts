// "Show What Was Left Out of the Index": a page made from the output of `codesearch status --skipped`.

import * as vscode from "vscode";
import { t } from "./l10n";
import { run } from "./locate";
import type { Server } from "./server";
import { readReport, skippedPage } from "./skippedText";

export const SCHEME = "codesearch";

export class Skipped implements vscode.TextDocumentContentProvider {
  private readonly changed = new vscode.EventEmitter<vscode.Uri>();
  private readonly pages = new Map<string, string>();

  readonly onDidChange = this.changed.event;

  constructor(private readonly server: Server) {}

  provideTextDocumentContent(uri: vscode.Uri): string {
    return this.pages.get(uri.toString()) ?? t("This page is out of date. Close it and open it again.");
  }

  /** Show the page of a folder; asks the user which one if there are several. */
  async show(): Promise<void> {
    const folder = await vscode.window.withProgress({ location: vscode.ProgressLocation.Window }, () => chooseFolder());
    if (folder === undefined) {
      return;
    }
    await this.server.ensure();
    const program = this.server.found;
    if (program === undefined) {
      return;
    }
    const output = await vscode.window.withProgress(
      { location: vscode.ProgressLocation.Window, title: t("Listing what was left out") },
      () =>
        run(
          program.command,
          [...program.args, "status", "--skipped", "--format", "json", folder.uri.fsPath],
          this.server.folder(),
          { timeout: 120_000, ok: [1] }, // 1: there is no index
        ),
    );
    const uri = vscode.Uri.from({ scheme: SCHEME, path: `/${t("Left out of {0}", folder.name)}.md`, query: folder.uri.toString() });
    this.pages.set(uri.toString(), skippedPage(folder.name, readReport(output)));
    this.changed.fire(uri);
    const document = await vscode.workspace.openTextDocument(uri);
    await vscode.window.showTextDocument(document, { preview: true });
  }
}

async function chooseFolder(): Promise<vscode.WorkspaceFolder | undefined> {
  const folders = vscode.workspace.workspaceFolders ?? [];
  if (folders.length === 0) {
    void vscode.window.showInformationMessage(t("No folder is open."));
  }
  return folders.length > 1 ? vscode.window.showWorkspaceFolderPick() : folders[0];
}
