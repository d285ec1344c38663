// The tests of index.ts, in the order in which they run: later ones depend on earlier ones.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import * as path from "node:path";
import * as vscode from "vscode";
import type { Api } from "../../src/extension";
import type { Answer, Hit, SimilarAnswer } from "../../src/protocol";
import type { ServerState } from "../../src/statusText";

export interface Task {
  readonly query: string;
  /** The name of the function to find. */
  readonly answer: string;
  readonly path: string;
  /** From 1. */
  readonly line: number;
  readonly similarPath: string;
  readonly similarLine: number;
}

const ID = "codesearch-local.codesearch";
const WAIT = 20_000;

let api: Api;

const sleep = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

async function until<T>(what: string, probe: () => T | undefined | false | Promise<T | undefined | false>): Promise<T> {
  const end = Date.now() + WAIT;
  for (;;) {
    const found = await probe();
    if (found !== undefined && found !== false) {
      return found;
    }
    if (Date.now() > end) {
      throw new Error(`${what}; the state is ${JSON.stringify(api.state())}`);
    }
    await sleep(40);
  }
}

function folder(): vscode.WorkspaceFolder {
  const found = vscode.workspace.workspaceFolders?.[0];
  assert.ok(found !== undefined, "no folder is open");
  return found;
}

const file = (name: string): vscode.Uri => vscode.Uri.joinPath(folder().uri, name);

const ready = (): Promise<ServerState> =>
  until("the index is never ready", () => {
    const state = api.state();
    const folders = state.kind === "running" ? state.folders : [];
    return folders.length > 0 && folders.every((one) => one.state === "ready" && one.symbols > 0) && state;
  });

const server = <T>(command: string, ...args: unknown[]): Promise<T> =>
  Promise.resolve(vscode.commands.executeCommand<T>(`codesearch.server.${command}`, ...args));

const open = async (name: string, line = 1): Promise<vscode.TextEditor> => {
  const at = new vscode.Position(line - 1, 0);
  return vscode.window.showTextDocument(file(name), { selection: new vscode.Range(at, at), preview: false });
};

const closeAll = (): Thenable<unknown> => vscode.commands.executeCommand("workbench.action.closeAllEditors");

const query = (text: string): Promise<Answer> => server<Answer>("query", { text, limit: 10 });

function first(hits: readonly Hit[]): Hit {
  const found = hits[0];
  assert.ok(found !== undefined, "nothing was found");
  return found;
}

/** Keep an answer in the results view, as the picker's button does, but without the picker. */
async function keepSimilar(task: Task): Promise<readonly Hit[]> {
  await open(task.similarPath, task.similarLine);
  await vscode.commands.executeCommand("codesearch.listSimilar");
  return until("nothing is kept", () => {
    const hits = api.results()?.hits ?? [];
    return hits.length > 0 && hits;
  });
}

export const cases: Record<string, (task: Task) => Promise<void>> = {
  async "activates within 100 ms"() {
    const extension = vscode.extensions.getExtension<Api>(ID);
    assert.ok(extension !== undefined, "the extension is not there");
    api = await extension.activate();
    assert.ok(api.activation < 100, `it took ${api.activation.toFixed(1)} ms`);
  },

  async "registers every command that package.json names"() {
    const manifest = vscode.extensions.getExtension(ID)?.packageJSON as {
      contributes: { commands: { command: string }[] };
    };
    const there = new Set(await vscode.commands.getCommands(true));
    const wanted = manifest.contributes.commands.map((one) => one.command);
    assert.ok(wanted.length > 10);
    assert.deepEqual(wanted.filter((id) => !there.has(id)), []);
  },

  async "starts the server, which reports when the index is ready"() {
    await vscode.commands.executeCommand("codesearch.reindex");
    const state = await ready();
    assert.ok(state.kind === "running");
    assert.match(state.version, /^\d+\.\d+\.\d+/);
  },

  async "finds the right function for a question in plain words"(task) {
    const { hits } = await query(task.query);
    const best = first(hits);
    assert.deepEqual([best.name, best.path, best.selectionRange.start.line + 1], [task.answer, task.path, task.line]);
  },

  async "answers the symbol search of VS Code by name"(task) {
    const symbols = await vscode.commands.executeCommand<vscode.SymbolInformation[]>(
      "vscode.executeWorkspaceSymbolProvider",
      task.answer,
    );
    const found = symbols.find((one) => one.location.uri.path.endsWith(`/${task.path}`) && one.name.endsWith(task.answer));
    assert.ok(found !== undefined, symbols.map((one) => one.name).join(", ")); // its line comes when it is chosen
  },

  async "finds unsaved text, and forgets it when it is reverted"(task) {
    const document = await vscode.workspace.openTextDocument(file(task.path));
    const editor = await vscode.window.showTextDocument(document);
    const code = 'def zebra_crossing(stripes):\n    """Paint a pedestrian crossing on the road."""\n    return stripes\n';
    await editor.edit((edit) => edit.insert(new vscode.Position(document.lineCount, 0), `\n\n${code}`));
    const hit = await until("unsaved text is not found", async () => {
      const { hits } = await query("paint a pedestrian crossing on the road");
      return hits[0]?.name === "zebra_crossing" && hits[0];
    });
    assert.equal(hit.unsaved, true);
    await vscode.commands.executeCommand("workbench.action.files.revert");
    await until("reverted text is still found", async () => {
      const { hits } = await query("paint a pedestrian crossing on the road");
      return hits.every((one) => one.name !== "zebra_crossing");
    });
    await closeAll();
  },

  async "offers similar functions as a code action with the extension's own command"(task) {
    const editor = await open(task.similarPath, task.similarLine);
    const action = await until("there is no code action", async () => {
      const actions = await vscode.commands.executeCommand<vscode.CodeAction[]>(
        "vscode.executeCodeActionProvider",
        editor.document.uri,
        editor.selection,
      );
      return actions.find((one) => one.command?.command === "codesearch.findSimilar");
    });
    const place: unknown = action.command?.arguments?.[0];
    const answer = await server<SimilarAnswer>("similar", place);
    assert.ok(answer.of !== null && answer.of.path === task.similarPath);
    assert.ok(answer.hits.length > 0);
    await closeAll();
  },

  async "keeps similar functions in the results view, best first, and asks again"(task) {
    const hits = await keepSimilar(task);
    const kept = api.results();
    assert.equal(kept?.question.kind, "similar");
    const direct = await server<SimilarAnswer>("similar", {
      textDocument: { uri: file(task.similarPath).toString() },
      position: { line: task.similarLine - 1, character: 0 },
      limit: 20,
    });
    assert.deepEqual(hits.map((hit) => hit.qualname), direct.hits.map((hit) => hit.qualname));
    await vscode.commands.executeCommand("codesearch.results.rerun");
    const again = api.results()?.hits ?? [];
    assert.deepEqual(again.slice(0, 5).map((hit) => hit.qualname), hits.slice(0, 5).map((hit) => hit.qualname));
  },

  async "copies the kept results as links to the right lines"(task) {
    const hits = await keepSimilar(task);
    await vscode.commands.executeCommand("codesearch.results.copyAll");
    const lines = (await vscode.env.clipboard.readText()).trim().split("\n");
    assert.equal(lines.length, hits.length);
    for (const text of lines) {
      const [, target, row] = /\]\(([^)]+)#L(\d+)\)$/.exec(text) ?? [];
      assert.ok(target !== undefined && row !== undefined, text);
      const source = readFileSync(path.join(folder().uri.fsPath, decodeURI(target)), "utf8").split("\n");
      assert.ok(Number(row) <= source.length, text);
    }
  },

  async "opens a kept result at its name, also after lines were added above it"(task) {
    const hits = await keepSimilar(task);
    const hit = hits.find((one) => one.kind === "method" || one.kind === "function");
    assert.ok(hit !== undefined);
    const document = await vscode.workspace.openTextDocument(vscode.Uri.parse(hit.uri));
    const editor = await vscode.window.showTextDocument(document);
    await editor.edit((edit) => edit.insert(new vscode.Position(0, 0), "\n\n"));
    try {
      await vscode.commands.executeCommand("codesearch.results.open", { kind: "hit", hit });
      const active = vscode.window.activeTextEditor;
      const { line } = active?.selection.active ?? new vscode.Position(0, 0);
      assert.ok(active?.document.lineAt(line).text.includes(hit.name), `line ${line + 1} of ${hit.path}`);
      assert.equal(line, hit.selectionRange.start.line + 2);
    } finally {
      await vscode.commands.executeCommand("workbench.action.files.revert");
      await closeAll();
    }
  },

  async "opens a hit in a notebook at its cell, with the cursor at the name"() {
    const name = "inflate_balloon";
    const cells = [
      { cell_type: "markdown", metadata: {}, source: ["## Weather\n"] },
      { cell_type: "code", metadata: {}, outputs: [], execution_count: null, source: ["import math\n"] },
      { cell_type: "code", metadata: {}, outputs: [], execution_count: null, source: ["RADIUS = 3\n", `def ${name}(gas):\n`, "    return gas\n"] },
    ];
    const [uri, damaged] = [file("weather.ipynb"), file("damaged.ipynb")];
    const text = JSON.stringify({ cells, metadata: {}, nbformat: 4, nbformat_minor: 5 }, undefined, 1);
    await vscode.workspace.fs.writeFile(uri, Buffer.from(text));
    try {
      const hit = await until("the notebook is not found", async () =>
        (await query(name)).hits.find((one) => one.name === name),
      );
      assert.deepEqual([hit.cell, hit.cellLine], [3, 2]);
      // From cell to cell: the right one is chosen, not kept.
      for (const one of [{ ...hit, cell: 2, cellLine: 1, name: "math" }, hit]) {
        await vscode.commands.executeCommand("codesearch.results.open", { kind: "hit", hit: one });
        const index = (one.cell ?? 0) - 1;
        const at = await until(`the cursor is not in cell ${one.cell ?? 0}`, () => {
          const notebook = vscode.window.activeNotebookEditor;
          const editor = vscode.window.activeTextEditor;
          const inside = notebook?.selection.start === index && editor?.document === notebook.notebook.cellAt(index).document;
          return inside && editor.selection.active;
        });
        assert.deepEqual([at.line, at.character], [index - 1, index === 1 ? 7 : 4]);
      }
      // A cell of prose is selected, and stays as it is read.
      await vscode.commands.executeCommand("codesearch.results.open", { kind: "hit", hit: { ...hit, cell: 1, cellLine: 1 } });
      await until("the cell of prose is not selected", () => vscode.window.activeNotebookEditor?.selection.start === 0);
      // What VS Code cannot open as a notebook is shown as text, at the line of the file.
      await vscode.workspace.fs.writeFile(damaged, Buffer.from(text.slice(0, -20)));
      const other = { ...hit, uri: damaged.toString() };
      await vscode.commands.executeCommand("codesearch.results.open", { kind: "hit", hit: other });
      const shown = vscode.window.activeTextEditor;
      assert.equal(shown?.document.uri.toString(), damaged.toString());
      assert.equal(shown.selection.active.line, hit.selectionRange.start.line);
    } finally {
      await closeAll();
      await vscode.workspace.fs.delete(uri);
      await vscode.workspace.fs.delete(damaged);
    }
  },

  async "clears the kept results"() {
    await vscode.commands.executeCommand("codesearch.results.clear");
    assert.equal(api.results(), undefined);
  },

  async "shows which files were left out, and why"() {
    await vscode.workspace.fs.writeFile(file("blob.py"), new Uint8Array([120, 0, 0, 1]));
    try {
      await vscode.commands.executeCommand("codesearch.reindex");
      const text = await until("blob.py is not listed", async () => {
        await vscode.commands.executeCommand("codesearch.showSkipped");
        const page = vscode.window.activeTextEditor?.document.getText() ?? "";
        return page.includes("`blob.py`") && page;
      });
      assert.match(text, /^## binary \(1\)$/m);
    } finally {
      await vscode.workspace.fs.delete(file("blob.py"));
      await closeAll();
    }
  },

  async "passes changed settings to the running server"() {
    const settings = vscode.workspace.getConfiguration("codesearch");
    const pid = api.pid();
    await settings.update("codeAction", true, vscode.ConfigurationTarget.Global);
    await settings.update("limit", 3, vscode.ConfigurationTarget.Global);
    try {
      await until("the limit is not applied", async () => (await server<Answer>("query", "print a message")).hits.length === 3);
      assert.equal(api.pid(), pid, "it was restarted needlessly");
    } finally {
      await settings.update("limit", undefined, vscode.ConfigurationTarget.Global);
      await settings.update("codeAction", undefined, vscode.ConfigurationTarget.Global);
    }
  },

  async "shows a folder as failed while its settings are wrong, and recovers when they are right"(task) {
    const settings = vscode.workspace.getConfiguration("codesearch");
    await ready();
    await settings.update("settings", { exclud: 5 }, vscode.ConfigurationTarget.Global);
    try {
      const state = await until("it is not shown", () => {
        const now = api.state();
        const failed = now.kind === "running" ? now.folders.filter((one) => one.state === "failed") : [];
        return failed.length > 0 && failed;
      });
      assert.match(state[0]?.message ?? "", /exclud/);
    } finally {
      await settings.update("settings", undefined, vscode.ConfigurationTarget.Global);
    }
    await ready();
    assert.equal(first((await query(task.query)).hits).name, task.answer);
  },

  async "recovers when the server is killed"(task) {
    await ready();
    const pid = api.pid();
    assert.ok(pid !== undefined);
    process.kill(pid, "SIGKILL");
    await until("the exit is not noticed", () => api.state().kind !== "running");
    await ready();
    assert.notEqual(api.pid(), pid);
    assert.equal(first((await query(task.query)).hits).name, task.answer);
  },

  async "restarts the server on request"(task) {
    const pid = api.pid();
    await vscode.commands.executeCommand("codesearch.restart");
    await ready();
    assert.notEqual(api.pid(), pid);
    assert.equal(first((await query(task.query)).hits).name, task.answer);
  },

  async "reports a missing server, and recovers when it is there"(task) {
    const settings = vscode.workspace.getConfiguration("codesearch");
    await settings.update("server.path", "/nowhere/codesearch", vscode.ConfigurationTarget.Global);
    try {
      const state = await until("it is not noticed", () => {
        const now = api.state();
        return now.kind === "failed" && now;
      });
      assert.match(state.message, /\/nowhere\/codesearch/);
    } finally {
      await settings.update("server.path", undefined, vscode.ConfigurationTarget.Global);
    }
    await ready();
    assert.equal(first((await query(task.query)).hits).name, task.answer);
  },

  async "conflicts with no key of VS Code itself"() {
    await vscode.commands.executeCommand("workbench.action.openDefaultKeybindingsFile");
    const text = await until("the default keys are not shown", () => {
      const shown = vscode.window.activeTextEditor?.document.getText() ?? "";
      return shown.includes("codesearch.find") && shown;
    });
    const bindings = JSON.parse(text.replace(/^\s*\/\/.*$/gm, "")) as { key: string; command: string; when?: string }[];
    assert.ok(bindings.length > 500);
    const mine = bindings.filter((one) => one.command === "codesearch.find").map((one) => one.key);
    assert.equal(mine.length, 1);
    const [key = ""] = mine;
    const clash = bindings.filter((one) => one.command !== "codesearch.find" && (one.key === key || key.startsWith(`${one.key} `)));
    assert.deepEqual(clash.filter((one) => one.when === undefined), []);
    assert.deepEqual(clash.filter((one) => one.key === key), []);
    await closeAll();
  },
};
