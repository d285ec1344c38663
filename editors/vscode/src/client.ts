// The language client of this extension. Loaded when the server starts.

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
  /** The current options of the server. */
  options(): Record<string, unknown>;
  spawn(): Promise<ChildProcess>;
  /** Locations in the files of notebooks as locations in their cells. */
  inCells(locations: readonly vscode.Location[]): Promise<vscode.Location[]>;
  /** The connection was closed. */
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
    // The state and the log report both; the client's own messages would repeat them.
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
        // The extension sends the options itself: the client would send every setting of the section.
        didChangeConfiguration: () => Promise.resolve(),
      },
      // VS Code shows the file of a notebook at its first cell, whatever the line.
      provideReferences: async (document, position, context, token, next) => {
        const found = await next(document, position, context, token);
        return found && hooks.inCells(found);
      },
      // Shown by our own item in the status bar.
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

/** A client that only logs errors: the user sees them in the status bar and where they asked. */
class QuietClient extends LanguageClient {
  override error(message: string, data?: unknown): void {
    super.error(message, data, false);
  }
}
