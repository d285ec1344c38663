// Tests inside VS Code's extension host: the real `vscode`, the real server, a real repository.
//
// CODESEARCH_HOST_TASK is the task as JSON, CODESEARCH_HOST_REPORT the path of the report.

import { renameSync, writeFileSync } from "node:fs";
import { cases, type Task } from "./cases";

interface Result {
  readonly name: string;
  readonly ok: boolean;
  readonly error: string;
  readonly seconds: number;
}

const LIMIT = 40_000;

async function within(work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`it did not end within ${LIMIT / 1000} s`)), LIMIT);
  });
  try {
    await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Called by VS Code. */
export async function run(): Promise<void> {
  const task = JSON.parse(process.env["CODESEARCH_HOST_TASK"] ?? "null") as Task | null;
  const report = process.env["CODESEARCH_HOST_REPORT"];
  if (task === null || report === undefined) {
    throw new Error("CODESEARCH_HOST_TASK and CODESEARCH_HOST_REPORT must be set");
  }
  const results: Result[] = [];
  for (const [name, test] of Object.entries(cases)) {
    const began = Date.now();
    let error = "";
    try {
      await within(test(task));
    } catch (failure) {
      error = failure instanceof Error ? (failure.stack ?? failure.message) : String(failure);
    }
    results.push({ name, ok: error === "", error, seconds: (Date.now() - began) / 1000 });
  }
  writeFileSync(`${report}.tmp`, JSON.stringify({ results }, undefined, 1));
  renameSync(`${report}.tmp`, report);
  const failed = results.filter((result) => !result.ok);
  if (failed.length > 0) {
    throw new Error(failed.map((result) => `${result.name}: ${result.error}`).join("\n"));
  }
}
