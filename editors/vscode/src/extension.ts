// The entry points of the extension. Nothing is started here unless a folder already has an index; see docs/editors.md.

import { access } from "node:fs/promises";
import { performance } from "node:perf_hooks";
import * as vscode from "vscode";
import type { Kept } from "./resultsModel";
import { listClones } from "./clones";
import { History } from "./history";
import { setTranslate, t } from "./l10n";
import { MapView } from "./map";
import { registerCellTexts } from "./notebooks";
import { Picker, type Start } from "./picker";
import { Problem } from "./problem";
import { Results } from "./results";
import { Server } from "./server";
import { SECTION, SHOW_SIMILAR, startOnOpen } from "./settings";
import { listSimilar, peekSimilar } from "./similar";
import { SCHEME, Skipped } from "./skipped";
import { showStatus, StatusBar } from "./status";
import type { ServerState } from "./statusText";

/** For the extension's own tests. Other extensions should not use it: it may change at any time. */
export interface Api {
  /** Milliseconds that `activate` took. */
  readonly activation: number;
  state(): ServerState;
  pid(): number | undefined;
  results(): Kept | undefined;
}

let server: Server | undefined;

export function activate(context: vscode.ExtensionContext): Api {
  const began = performance.now();
  setTranslate((message, ...values) => vscode.l10n.t(message, ...values));
  const log = vscode.window.createOutputChannel("Codesearch", { log: true });
  const running = new Server(log, context.storageUri ?? context.globalStorageUri);
  server = running;
  const history = new History(context.workspaceState);
  const results = new Results(running, context.workspaceState);
  const skipped = new Skipped(running);
  const map = new MapView(running);
  context.subscriptions.push(log, running, results, map, new StatusBar(running));
  context.subscriptions.push(vscode.workspace.registerTextDocumentContentProvider(SCHEME, skipped), registerCellTexts());

  let picker: Picker | undefined;
  const find = async (start: Start = {}): Promise<void> => {
    await picker?.leave(); // opened a second time: close the preview of the first, so that it is not restored later
    picker = new Picker(
      {
        server: running,
        history,
        keep: ({ text, filters }, hits) => results.keep({ kind: "query", text, filters }, hits),
        tell,
      },
      start,
    );
    picker.show();
  };
  const commands: Record<string, (...args: unknown[]) => unknown> = {
    "codesearch.find": (text) => find(typeof text === "string" ? { text } : {}),
    [SHOW_SIMILAR]: (place) => peekSimilar(running, place),
    "codesearch.listSimilar": (place) =>
      listSimilar(running, (question, hits) => results.keep(question, hits), place),
    "codesearch.findClones": (place) =>
      listClones(running, (question, hits) => results.keep(question, hits), place),
    "codesearch.showMap": (place) => map.show(place),
    "codesearch.showStatus": () => showStatus(running),
    "codesearch.reindex": () => running.reindex(),
    "codesearch.rebuild": () => rebuild(running),
    "codesearch.showSkipped": () => skipped.show(),
    "codesearch.showLog": () => log.show(),
    "codesearch.restart": () => running.restart(),
    "codesearch.install": showInstall,
    "codesearch.clearHistory": () => history.clear(),
    "codesearch.picker.keep": () => picker?.press("keep"),
    "codesearch.picker.languages": () => picker?.press("languages"),
    "codesearch.picker.kinds": () => picker?.press("kinds"),
    "codesearch.picker.folder": () => picker?.press("folder"),
    "codesearch.picker.tests": () => picker?.press("tests"),
    "codesearch.picker.none": () => picker?.press("none"),
    "codesearch.results.rerun": () => results.rerun(),
    "codesearch.results.edit": () => {
      const question = results.current?.question;
      return find(question?.kind === "query" ? { text: question.text, filters: question.filters } : {});
    },
    "codesearch.results.clear": () => results.clear(),
    "codesearch.results.copyAll": () => results.copyAll(),
    "codesearch.results.open": (node, nodes) => results.open(results.chosen(node, nodes)[0]),
    "codesearch.results.openToSide": (node, nodes) => results.open(results.chosen(node, nodes)[0], true),
    "codesearch.results.copy": (node, nodes) => results.copy(results.chosen(node, nodes)),
    "codesearch.results.dismiss": (node, nodes) => results.dismiss(results.chosen(node, nodes)),
  };
  for (const [id, run] of Object.entries(commands)) {
    context.subscriptions.push(
      vscode.commands.registerCommand(id, async (...args: unknown[]) => {
        try {
          await run(...args);
        } catch (error) {
          explain(error, log);
        }
      }),
    );
  }

  context.subscriptions.push(
    vscode.workspace.onDidChangeConfiguration((event) => {
      if (!event.affectsConfiguration(SECTION) || running.state.kind === "off") {
        return;
      }
      running.configure().catch((error: unknown) => log.warn(String(error)));
    }),
    vscode.workspace.onDidGrantWorkspaceTrust(() => void startIfIndexed(running, log)),
  );
  void startIfIndexed(running, log);

  const activation = performance.now() - began;
  log.info(`Activated in ${activation.toFixed(1)} ms`);
  return {
    activation,
    state: () => running.state,
    pid: () => running.pid,
    results: () => results.current,
  };
}

export async function deactivate(): Promise<void> {
  await server?.stop();
}

/** Start the server if codesearch has been used in one of the folders before. */
async function startIfIndexed(running: Server, log: vscode.LogOutputChannel): Promise<void> {
  if (!startOnOpen() || !vscode.workspace.isTrusted || running.state.kind !== "off") {
    return;
  }
  for (const folder of vscode.workspace.workspaceFolders ?? []) {
    try {
      await access(vscode.Uri.joinPath(folder.uri, ".codesearch", "index.db").fsPath);
    } catch {
      continue;
    }
    try {
      await running.ensure();
    } catch (error) {
      log.warn(`Not started: ${String(error)}`); // the status bar shows it; the user has not asked for anything yet
    }
    return;
  }
}

/** Show why the server cannot be used, with a button for the next step. */
function tell(problem: Problem): void {
  const [button, command]: [string, string] =
    problem.kind === "untrusted"
      ? [t("Manage Workspace Trust"), "workbench.trust.manage"]
      : problem.kind === "failed"
        ? [t("Show Log"), "codesearch.showLog"]
        : [t("Show How to Install"), "codesearch.install"];
  void vscode.window.showErrorMessage(problem.message, button).then((chosen) => {
    if (chosen === button) {
      void vscode.commands.executeCommand(command);
    }
  });
}

function explain(error: unknown, log: vscode.LogOutputChannel): void {
  if (error instanceof vscode.CancellationError) {
    return;
  }
  if (error instanceof Problem) {
    tell(error);
    return;
  }
  log.error(error instanceof Error ? error : String(error));
  void vscode.window.showErrorMessage(error instanceof Error ? error.message : String(error));
}

async function rebuild(running: Server): Promise<void> {
  const yes = t("Rebuild");
  const chosen = await vscode.window.showWarningMessage(
    t("Delete the index and read all files again?"),
    { modal: true, detail: t("Your files are not touched. Rebuilding is rarely needed: Update the Index picks up every change.") },
    yes,
  );
  if (chosen === yes) {
    await running.reindex(undefined, true);
  }
}

async function showInstall(): Promise<void> {
  await vscode.commands.executeCommand(
    "workbench.action.openWalkthrough",
    { category: "codesearch-local.codesearch#start", step: "codesearch-local.codesearch#start#install" },
    false,
  );
}
