// The item in the status bar, and its menu.

import { homedir } from "node:os";
import * as vscode from "vscode";
import { t } from "./l10n";
import type { Server } from "./server";
import { details, type ServerState, stateName, statusView } from "./statusText";

export class StatusBar implements vscode.Disposable {
  private readonly item = vscode.window.createStatusBarItem("codesearch.status", vscode.StatusBarAlignment.Right, 90);
  private readonly listener: vscode.Disposable;

  constructor(server: Server) {
    this.item.name = "Codesearch";
    this.item.command = "codesearch.showStatus";
    this.listener = server.onDidChange((state) => this.show(state));
    this.show(server.state);
  }

  private show(state: ServerState): void {
    const view = statusView(state);
    if (view === undefined) {
      this.item.hide();
      return;
    }
    this.item.text = view.text;
    this.item.tooltip = view.tooltip.join("\n");
    this.item.accessibilityInformation = { label: view.spoken, role: "button" };
    this.item.backgroundColor =
      view.severity === "none" ? undefined : new vscode.ThemeColor(`statusBarItem.${view.severity}Background`);
    this.item.show();
  }

  dispose(): void {
    this.listener.dispose();
    this.item.dispose();
  }
}

interface Entry extends vscode.QuickPickItem {
  readonly run?: () => unknown;
}

const command = (id: string, ...args: unknown[]) => () => vscode.commands.executeCommand(id, ...args);

function entries(server: Server): Entry[] {
  const { state } = server;
  const list: Entry[] = [];
  switch (state.kind) {
    case "running":
      for (const folder of state.folders) {
        const names = { ready: "check", failed: "error", stopped: "warning", indexing: "sync", starting: "sync" };
        list.push({
          label: `$(${names[folder.state]}) ${folder.name}`,
          description: stateName(folder),
          detail: [...details(folder), t("Select to update the index")].join(". "),
          run: async () => {
            await server.reindex(folder.uri);
            vscode.window.setStatusBarMessage(t("Updating the index of {0}", folder.name), 3000);
          },
        });
      }
      break;
    case "failed":
      list.push({ label: `$(error) ${t("The server is not running")}`, detail: state.message, run: command("codesearch.showLog") });
      break;
    case "waiting":
      list.push({ label: `$(warning) ${t("The server has stopped and restarts in {0} s", state.seconds)}` });
      break;
    case "starting":
      list.push({ label: `$(loading~spin) ${t("The server is starting")}` });
      break;
    default:
      if (!vscode.workspace.isTrusted) {
        list.push({
          label: `$(workspace-untrusted) ${t("Restricted Mode: the server is not started")}`,
          detail: t("Codesearch starts a program that reads all files in the folder, so it needs your trust."),
          run: command("workbench.trust.manage"),
        });
        break;
      }
      list.push({ label: `$(info) ${t("The server has not been started")}`, detail: t("It starts with your first search."), run: command("codesearch.restart") });
      break;
  }
  list.push({ label: t("Actions"), kind: vscode.QuickPickItemKind.Separator });
  list.push({ label: `$(search) ${t("Find Code by Meaning")}`, run: command("codesearch.find") });
  if (state.kind === "running") {
    if (server.isIndexing) {
      list.push({ label: `$(debug-stop) ${t("Stop Indexing")}`, detail: t("Keeps what is already indexed."), run: () => server.stopIndexing() });
    }
    list.push(
      { label: `$(sync) ${t("Update the Index")}`, run: command("codesearch.reindex") },
      { label: `$(trash) ${t("Rebuild the Index from Scratch")}`, run: command("codesearch.rebuild") },
      { label: `$(exclude) ${t("Show What Was Left Out of the Index")}`, run: command("codesearch.showSkipped") },
    );
  }
  list.push({ label: `$(output) ${t("Show Log")}`, run: command("codesearch.showLog") });
  list.push({ label: `$(debug-restart) ${t("Restart the Server")}`, run: command("codesearch.restart") });
  list.push({ label: `$(gear) ${t("Settings")}`, run: command("workbench.action.openSettings", "@ext:codesearch-local.codesearch") });
  if (state.kind === "failed") {
    list.push({ label: `$(book) ${t("Show How to Install the Server")}`, run: command("codesearch.install") });
  }
  return list;
}

/** A path with `~` for the home folder. */
function tildified(file: string): string {
  const home = homedir();
  return home !== "" && file.startsWith(home) ? `~${file.slice(home.length)}` : file;
}

/** Show the state and the actions that apply to it; the list is updated when the state changes. */
export function showStatus(server: Server): void {
  const quick = vscode.window.createQuickPick<Entry>();
  const { found, state } = server;
  quick.title =
    found !== undefined && state.kind === "running"
      ? t("Codesearch {0}: {1}", state.version, [tildified(found.command), ...found.args].join(" "))
      : "Codesearch";
  quick.placeholder = t("Select a folder or an action");
  quick.matchOnDescription = true;
  const fill = (): void => {
    const at = quick.items.findIndex((item) => item === quick.activeItems[0]);
    quick.items = entries(server);
    const kept = quick.items[at];
    if (at > 0 && kept !== undefined) {
      quick.activeItems = [kept];
    }
  };
  fill();
  const listener = server.onDidChange(fill);
  quick.onDidAccept(() => {
    const item = quick.selectedItems[0];
    quick.hide();
    void Promise.resolve(item?.run?.()).then(undefined, (error: unknown) => {
      void vscode.window.showErrorMessage(error instanceof Error ? error.message : String(error));
    });
  });
  quick.onDidHide(() => {
    listener.dispose();
    quick.dispose();
  });
  quick.show();
}
