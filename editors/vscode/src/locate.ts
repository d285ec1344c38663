// Finds the server's program on this machine: the parts that need VS Code or run programs.

import { execFile } from "node:child_process";
import { homedir } from "node:os";
import * as vscode from "vscode";
import { candidates, expand, type Found, type Rejected, search, which } from "./find";
import { t } from "./l10n";
import { Problem } from "./problem";
import { serverPath } from "./settings";
import { MINIMUM } from "./version";

const PYTHON_EXTENSION = "ms-python.python";
/** Milliseconds that `--version` may take, with a cold disk and a virus scanner. */
const PATIENCE = 20_000;

/** The environment of the programs that we run; Python must not import a folder that is called `codesearch`. */
export function environment(): NodeJS.ProcessEnv {
  return { ...process.env, PYTHONSAFEPATH: "1", PYTHONUTF8: "1", PYTHONUNBUFFERED: "1" };
}

/** Run a program and return its output; rejects with its error output if it fails. */
export function run(
  command: string,
  args: readonly string[],
  cwd: string,
  options: { timeout?: number; ok?: readonly number[] } = {},
): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(
      command,
      [...args],
      { cwd, env: environment(), timeout: options.timeout ?? PATIENCE, maxBuffer: 256 << 20, windowsHide: true },
      (error, stdout, stderr) => {
        if (error === null || (typeof error.code === "number" && (options.ok ?? []).includes(error.code))) {
          resolve(stdout);
        } else {
          const said = stderr.trim();
          reject(said === "" ? (error as Error) : Object.assign(new Error(said), { code: error.code }));
        }
      },
    );
  });
}

/** The interpreter selected in the Python extension, or empty. */
async function selectedPython(log: vscode.LogOutputChannel): Promise<string> {
  const extension = vscode.extensions.getExtension<PythonApi>(PYTHON_EXTENSION);
  if (extension === undefined) {
    return "";
  }
  try {
    const api = await extension.activate();
    const resource = vscode.workspace.workspaceFolders?.[0]?.uri;
    const environments = api.environments;
    const path = environments?.getActiveEnvironmentPath(resource);
    const resolved = path === undefined ? undefined : await environments?.resolveEnvironment(path);
    return resolved?.executable.uri?.fsPath ?? "";
  } catch (error) {
    log.warn(`The Python extension did not return its interpreter: ${String(error)}`);
    return "";
  }
}

/** The part of the Python extension's API that is used here. */
interface PythonApi {
  readonly environments?: {
    getActiveEnvironmentPath(resource?: vscode.Uri): { readonly id: string; readonly path: string };
    resolveEnvironment(
      environment: { readonly id: string; readonly path: string },
    ): Promise<{ readonly executable: { readonly uri: vscode.Uri | undefined } } | undefined>;
    readonly onDidChangeActiveEnvironmentPath?: vscode.Event<unknown>;
  };
}

/** Calls back when another interpreter is selected, if the Python extension is active. */
export function onDidSelectPython(callback: () => void): vscode.Disposable | undefined {
  const extension = vscode.extensions.getExtension<PythonApi>(PYTHON_EXTENSION);
  return extension?.isActive === true
    ? extension.exports.environments?.onDidChangeActiveEnvironmentPath?.(callback)
    : undefined;
}

/** Find the program. Rejects with a Problem. `cwd` is a folder without code. */
export async function locate(cwd: string, log: vscode.LogOutputChannel): Promise<Found> {
  const setting = expand(serverPath(), homedir(), vscode.workspace.workspaceFolders?.[0]?.uri.fsPath);
  const named = setting !== "" && !/[\\/]/.test(setting) ? which(setting, process.env["PATH"] ?? "") : setting;
  if (setting !== "" && named === "") {
    throw new Problem("absent", t("The program {0} does not exist. Check the setting codesearch.server.path", setting));
  }
  const list = candidates({
    setting: named,
    python: setting === "" ? await selectedPython(log) : "",
    onPath: setting === "" ? which("codesearch", process.env["PATH"] ?? "") : "",
  });
  const result = await search(list, (command, args) => run(command, args, cwd));
  if (result.found !== undefined) {
    const { command, args, version, source } = result.found;
    log.info(`codesearch ${version}: ${[command, ...args].join(" ")} (${source})`);
    return result.found;
  }
  for (const one of result.rejected) {
    log.warn(`Not the server (${one.source}): ${[one.command, ...one.args].join(" ")}: ${one.reason}: ${one.detail}`);
  }
  throw problem(result.rejected);
}

function problem(rejected: readonly Rejected[]): Problem {
  const old = rejected.find((one) => one.reason === "old");
  if (old !== undefined) {
    return new Problem(
      "version",
      t("codesearch {0} ({1}) is too old: this extension needs {2} or newer", old.detail, old.command, MINIMUM),
    );
  }
  const set = rejected.find((one) => one.source === "setting");
  if (set !== undefined) {
    const place = set.command;
    switch (set.reason) {
      case "missing":
        return new Problem("absent", t("The program {0} does not exist. Check the setting codesearch.server.path", place));
      case "other":
        return new Problem("version", t("{0} is not codesearch. Check the setting codesearch.server.path", place));
      default:
        return new Problem(
          "absent",
          t("{0} (from the setting codesearch.server.path) cannot run codesearch: {1}", place, set.detail),
        );
    }
  }
  const other = rejected.find((one) => one.reason === "other");
  if (other !== undefined) {
    return new Problem("version", t("{0} is a different program with the same name", other.command));
  }
  return new Problem("absent", t("codesearch is not installed, or this extension cannot find it"));
}
