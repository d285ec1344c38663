// The language client, made for this extension. Loaded only when the server starts.

import type { ChildProcess } from "node:child_process";
import type * as vscode from "vscode";
import {
  CloseAction,
  ErrorAction,
  LanguageClient,
  type LanguageClientOptions,
  ProgressType,
  RevealOutputChannelOn,
} from "vscode-languageclient/node";
import { SELECTOR } from "./documents";
import { type FolderStatus, STATUS_CHANGED } from "./protocol";

export interface Hooks {
  readonly log: vscode.LogOutputChannel;
  /** The server's options as they are now. */
  options(): Record<string, unknown>;
  spawn(): Promise<ChildProcess>;
  /** The connection is gone. */
  closed(): void;
  folders(folders: readonly FolderStatus[]): void;
  /** Indexing began or ended. */
  progress(token: string | number, running: boolean): void;
}

export function createClient(hooks: Hooks): LanguageClient {
  const options: LanguageClientOptions = {
    documentSelector: SELECTOR,
    outputChannel: hooks.log,
    revealOutputChannelOn: RevealOutputChannelOn.Never,
    initializationOptions: hooks.options(),
    // Both are told by the state, and in the log; the client's own messages would come on top.
    initializationFailedHandler: () => false,
    errorHandler: {
      error: () => ({ action: ErrorAction.Continue, handled: true }),
      closed: () => {
        queueMicrotask(() => hooks.closed());
        return { action: CloseAction.DoNotRestart, handled: true };
      },
    },
    middleware: {
      workspace: {
        configuration: (params) => params.items.map(() => hooks.options()),
        // The extension listens itself, and sends the options only, not every setting of the section.
        didChangeConfiguration: () => Promise.resolve(),
      },
      // The status bar has an item of our own for it.
      handleWorkDoneProgress: (token, params) => {
        if (params.kind !== "report") {
          hooks.progress(token, params.kind === "begin");
        }
      },
    },
  };
  const client = new QuietClient("codesearch", "Codesearch", () => hooks.spawn(), options);
  client.onNotification(STATUS_CHANGED, (params: { folders: readonly FolderStatus[] }) => {
    hooks.folders(params.folders);
  });
  return client;
}

/** Listen to the partial results of a request. */
export function onPartial(
  client: LanguageClient,
  token: string,
  listen: (answer: unknown) => void,
): vscode.Disposable {
  return client.onProgress(new ProgressType<unknown>(), token, listen);
}

/** A client whose errors go to the log only; people are told by the status bar and where they asked. */
class QuietClient extends LanguageClient {
  override error(message: string, data?: unknown): void {
    super.error(message, data, false);
  }
}
