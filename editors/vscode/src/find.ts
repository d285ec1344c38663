// Finds the server's program: the candidates, and whether each is codesearch.

import { accessSync, constants, statSync } from "node:fs";
import * as path from "node:path";
import { compareVersions, MINIMUM, parseVersion } from "./version";

/** A program and its first arguments; a subcommand such as `lsp` or `status` is appended. */
export interface Command {
  readonly command: string;
  readonly args: readonly string[];
}

export type Source = "setting" | "python" | "path";

export interface Candidate extends Command {
  readonly source: Source;
}

export interface Found extends Candidate {
  readonly version: string;
}

/** Why a candidate is not the server. */
export interface Rejected extends Candidate {
  readonly reason: "missing" | "failed" | "other" | "old";
  /** For the log: the version, the output, or the error. */
  readonly detail: string;
}

export type Search = { readonly found: Found } | { readonly found: undefined; readonly rejected: readonly Rejected[] };

export interface Where {
  /** The expanded setting codesearch.server.path; empty if it is not set. */
  readonly setting: string;
  /** The selected Python interpreter, or empty. */
  readonly python: string;
  /** `codesearch` on the PATH, or empty. */
  readonly onPath: string;
}

/** Runs a program and returns its output; rejects if it cannot be run. */
export type Run = (command: string, args: readonly string[]) => Promise<string>;

/** True for `python`, `python3.12`, `pythonw.exe`, `pypy3`. */
export function isPython(program: string): boolean {
  const name = program.slice(Math.max(program.lastIndexOf("/"), program.lastIndexOf("\\")) + 1);
  return /^(python|pypy)w?[\d.]*(\.exe)?$/i.test(name);
}

/** The candidates in order; the first that works is used. If the setting is set, it is the only candidate. */
export function candidates(where: Where): Candidate[] {
  const module = ["-m", "codesearch.cli"];
  if (where.setting !== "") {
    return [{ source: "setting", command: where.setting, args: isPython(where.setting) ? module : [] }];
  }
  const found: Candidate[] = [];
  if (where.python !== "") {
    found.push({ source: "python", command: where.python, args: module });
  }
  if (where.onPath !== "") {
    found.push({ source: "path", command: where.onPath, args: [] });
  }
  return found;
}

/** Try the candidates in order. */
export async function search(list: readonly Candidate[], run: Run): Promise<Search> {
  const rejected: Rejected[] = [];
  for (const candidate of list) {
    let output: string;
    try {
      output = await run(candidate.command, [...candidate.args, "--version"]);
    } catch (error) {
      const missing = (error as NodeJS.ErrnoException).code === "ENOENT";
      const detail = error instanceof Error ? error.message : String(error);
      rejected.push({ ...candidate, reason: missing ? "missing" : "failed", detail });
      continue;
    }
    const version = parseVersion(output);
    if (version === undefined) {
      rejected.push({ ...candidate, reason: "other", detail: output.trim().slice(0, 200) });
    } else if (compareVersions(version, MINIMUM) < 0) {
      rejected.push({ ...candidate, reason: "old", detail: version });
    } else {
      return { found: { ...candidate, version } };
    }
  }
  return { found: undefined, rejected };
}

/** Expand `~` and `${workspaceFolder}` in a setting. */
export function expand(value: string, home: string, folder: string | undefined): string {
  const text = value.trim().replace(/\$\{workspaceFolder\}/g, folder ?? "");
  return /^~(?=$|[\\/])/.test(text) ? home + text.slice(1) : text;
}

/**
 * The full path of a program on the PATH, or empty.
 *
 * Skips relative entries of the PATH and the current folder, so that no program of a repository is started. On Windows,
 * finds only executables, not scripts that need a shell.
 */
export function which(name: string, pathVariable: string, platform: NodeJS.Platform = process.platform): string {
  const windows = platform === "win32";
  const flavour = windows ? path.win32 : path.posix;
  const names = windows && flavour.extname(name) === "" ? [`${name}.exe`, `${name}.com`] : [name];
  for (const entry of pathVariable.split(flavour.delimiter)) {
    const folder = entry.replace(/^"(.*)"$/, "$1");
    if (!flavour.isAbsolute(folder)) {
      continue;
    }
    for (const one of names) {
      const file = flavour.join(folder, one);
      if (isExecutable(file, windows)) {
        return file;
      }
    }
  }
  return "";
}

function isExecutable(file: string, windows: boolean): boolean {
  try {
    accessSync(file, windows ? constants.F_OK : constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}
