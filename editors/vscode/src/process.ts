// The server's process and the capabilities that it announces.

import type { ChildProcess } from "node:child_process";
import type { Found } from "./find";
import { t } from "./l10n";
import { Problem } from "./problem";
import { PROTOCOL_VERSION } from "./protocol";

/** Wait for a process to exit; kills it after `patience` milliseconds. */
export function ended(process: ChildProcess, patience: number): Promise<void> {
  if (process.exitCode !== null || process.signalCode !== null) {
    return Promise.resolve();
  }
  return new Promise((resolve) => {
    const timer = setTimeout(() => process.kill("SIGKILL"), patience);
    process.once("exit", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

interface Announced {
  readonly version?: unknown;
  readonly notifications?: unknown;
}

function own(capabilities: unknown): Announced | undefined {
  return (capabilities as { experimental?: { codesearch?: Announced } } | undefined)?.experimental?.codesearch;
}

/** The notifications that a server accepts. */
export function announced(capabilities: unknown): ReadonlySet<unknown> {
  const list = own(capabilities)?.notifications;
  return new Set<unknown>(Array.isArray(list) ? list : []);
}

/** Why a server cannot be used, according to its answer to `initialize`; undefined if it can. */
export function unfit(capabilities: unknown, program: Found): Problem | undefined {
  const version = own(capabilities)?.version;
  if (typeof version !== "number") {
    return new Problem("version", t("{0} is not codesearch's language server", program.command));
  }
  if (version !== PROTOCOL_VERSION) {
    return version > PROTOCOL_VERSION
      ? new Problem("version", t("codesearch {0} is too new for this extension: update the extension", program.version))
      : new Problem("version", t("codesearch {0} is too old for this extension: update codesearch", program.version));
  }
  return undefined;
}
