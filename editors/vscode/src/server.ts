// Runs the server: starts it when it is first needed, and restarts it when it stops.

import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync } from "node:fs";
import * as vscode from "vscode";
import type { LanguageClient } from "vscode-languageclient/node";
import { Backoff } from "./backoff";
import type { Found } from "./find";
import { t } from "./l10n";
import { environment, locate, onDidSelectPython } from "./locate";
import { inCells } from "./notebooks";
import { Problem } from "./problem";
import { announced, ended, unfit } from "./process";
import {
  CANCELLED,
  type FolderStatus,
  METHOD_NOT_FOUND,
  REINDEX,
  type Status,
  STATUS,
} from "./protocol";
import { fixedSettings, serverOptions } from "./settings";
import type { ServerState } from "./statusText";

/** Milliseconds that the server may take to shut down. */
const GOODBYE = 2000;
/** Milliseconds that it may take to answer `initialize`. */
const PATIENCE = 30_000;
/** Milliseconds to wait after the last change of the selected Python interpreter. */
const PYTHON_QUIET = 1000;

export class Server implements vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<ServerState>();
  private readonly backoff = new Backoff();
  private client: LanguageClient | undefined;
  private process: ChildProcess | undefined;
  private starting: Promise<LanguageClient> | undefined;
  private restarting: Promise<void> | undefined;
  private timer: NodeJS.Timeout | undefined;
  private current: ServerState = { kind: "off" };
  private program: Found | undefined;
  private startedAt = 0;
  /** The values at its start of the settings that need a restart. */
  private fixed = "";
  private stopped = false;
  private readonly indexing = new Set<string | number>();
  private tokens = 0;
  private python: vscode.Disposable | undefined;
  private pythonTimer: NodeJS.Timeout | undefined;
  /** The language client: half a megabyte of code, so it is loaded when it is needed. */
  private library: typeof import("./client") | undefined;
  private onExit: ((how: string) => void) | undefined;

  /** Fires whenever the state changes. */
  readonly onDidChange = this.changed.event;

  constructor(
    private readonly log: vscode.LogOutputChannel,
    private readonly storage: vscode.Uri,
  ) {}

  get state(): ServerState {
    return this.current;
  }

  /** The program that is running, or that ran last. */
  get found(): Found | undefined {
    return this.program;
  }

  /** The server's process id, for the extension's own tests. */
  get pid(): number | undefined {
    return this.process?.pid;
  }

  /** The server's working directory: a folder of its own, so that no program from the workspace is run by accident. */
  folder(): string {
    mkdirSync(this.storage.fsPath, { recursive: true });
    return this.storage.fsPath;
  }

  /** The running client; starts the server if need be. Rejects with a Problem. */
  ensure(): Promise<LanguageClient> {
    if (this.client !== undefined && this.current.kind === "running") {
      return Promise.resolve(this.client);
    }
    if (!vscode.workspace.isTrusted) {
      return Promise.reject(
        new Problem("untrusted", t("Codesearch starts a program that reads all files in the folder, so it needs your trust.")),
      );
    }
    if (this.current.kind === "waiting") {
      return this.settled();
    }
    if (this.current.kind === "failed") {
      this.backoff.reset();
    }
    return this.launch();
  }

  /** The outcome of a scheduled restart. */
  private settled(): Promise<LanguageClient> {
    return new Promise((resolve, reject) => {
      const listener = this.changed.event((state) => {
        if (state.kind === "running" && this.client !== undefined) {
          listener.dispose();
          resolve(this.client);
        } else if (state.kind === "failed" || state.kind === "off") {
          listener.dispose();
          reject(new Problem("failed", state.kind === "failed" ? state.message : t("The server was stopped")));
        }
      });
    });
  }

  private launch(): Promise<LanguageClient> {
    clearTimeout(this.timer);
    this.starting ??= this.start().finally(() => {
      this.starting = undefined;
    });
    return this.starting;
  }

  /** Ask the server. Rejects with a Problem, a CancellationError, or an error with the server's message. */
  async request<R>(
    method: string,
    params: object,
    token?: vscode.CancellationToken,
    partial?: (answer: R) => void,
  ): Promise<R> {
    const cancelled = (): boolean => token?.isCancellationRequested ?? false;
    const client = await this.ensure();
    if (cancelled()) {
      throw new vscode.CancellationError();
    }
    const progress = partial === undefined ? undefined : `codesearch-${++this.tokens}`;
    const listening =
      progress === undefined || partial === undefined
        ? undefined
        : this.library?.onPartial(client, progress, (answer) => partial(answer as R));
    try {
      return await client.sendRequest<R>(
        method,
        progress === undefined ? params : { ...params, partialResultToken: progress },
        token,
      );
    } catch (error) {
      const code = (error as { code?: unknown }).code;
      if (code === METHOD_NOT_FOUND) {
        const version = this.program?.version ?? "";
        throw new Problem("version", t("codesearch {0} is too old for this command: update codesearch", version));
      }
      if (cancelled() || (typeof code === "number" && CANCELLED.has(code))) {
        throw new vscode.CancellationError();
      }
      throw error;
    } finally {
      listening?.dispose();
    }
  }

  /** Send a notification, if the server accepts it. */
  tell(method: string, params: object): void {
    const { client } = this;
    if (client !== undefined && announced(client.initializeResult?.capabilities).has(method)) {
      client.sendNotification(method, params).catch((error: unknown) => this.log.warn(String(error)));
    }
  }

  /** Update the index of one folder, or of all folders. */
  async reindex(root?: string, rebuild = false): Promise<void> {
    await this.request(REINDEX, { ...(root === undefined ? {} : { root }), rebuild });
  }

  /** True while indexing can be stopped. */
  get isIndexing(): boolean {
    return this.indexing.size > 0;
  }

  /** Stop indexing; what is already indexed is kept. */
  async stopIndexing(): Promise<void> {
    for (const token of this.indexing) {
      await this.client?.sendNotification("window/workDoneProgress/cancel", { token });
    }
  }

  /** Apply changed settings; restarts the server if they need it. */
  async configure(): Promise<void> {
    if (this.fixed !== "" && this.fixed !== fixedSettings()) {
      await this.restart();
    } else if (this.current.kind === "running") {
      await this.client?.sendNotification("workspace/didChangeConfiguration", {
        settings: { codesearch: serverOptions() },
      });
      const { client } = this;
      if (client !== undefined) {
        await this.askStatus(client); // a folder may have failed because of them
      }
    }
  }

  /** Stop the server, look for the program again and start it. */
  restart(): Promise<void> {
    this.restarting ??= this.stopAndStart().finally(() => {
      this.restarting = undefined;
    });
    return this.restarting;
  }

  private async stopAndStart(): Promise<void> {
    do {
      await this.starting?.catch(() => undefined);
      await this.stop();
      this.backoff.reset();
      await this.ensure();
    } while (this.fixed !== fixedSettings()); // they changed again in the meantime
  }

  async stop(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.timer);
    const { client, process } = this;
    this.client = undefined;
    this.process = undefined;
    if (client !== undefined) {
      try {
        await client.dispose(GOODBYE);
      } catch (error) {
        this.log.warn(`The server did not stop in time: ${String(error)}`);
      }
    }
    if (process !== undefined) {
      await ended(process, GOODBYE);
    }
    this.set({ kind: "off" });
  }

  dispose(): void {
    clearTimeout(this.pythonTimer);
    this.python?.dispose();
    void this.stop().finally(() => this.changed.dispose());
  }

  private set(state: ServerState): void {
    this.current = state;
    this.changed.fire(state);
  }

  private async start(): Promise<LanguageClient> {
    this.stopped = false;
    this.set({ kind: "starting" });
    this.fixed = fixedSettings();
    try {
      const program = await locate(this.folder(), this.log).finally(() => {
        this.python ??= onDidSelectPython(() => this.pythonChanged());
      });
      this.program = program;
      void vscode.commands.executeCommand("setContext", "codesearch.serverFound", true);
      this.library ??= await import("./client");
      const client: LanguageClient = this.library.createClient({
        log: this.log,
        options: serverOptions,
        spawn: () => this.spawn(program),
        inCells: (locations) => inCells(this, locations),
        closed: () => this.onClosed(client),
        folders: (folders) => this.setFolders(client, folders),
        progress: (token, running) => {
          if (running) {
            this.indexing.add(token);
          } else {
            this.indexing.delete(token);
          }
        },
      });
      this.startedAt = Date.now();
      try {
        await this.initialized(client);
      } catch (error) {
        client.dispose().catch(() => undefined); // a client that never ran cannot be stopped
        throw error;
      }
      const problem = unfit(client.initializeResult?.capabilities, program);
      if (problem !== undefined) {
        this.stopped = true;
        await client.dispose(GOODBYE);
        throw problem;
      }
      this.client = client;
      const version = client.initializeResult?.serverInfo?.version ?? program.version;
      this.set({ kind: "running", version, folders: [] });
      void this.askStatus(client);
      return client;
    } catch (error) {
      const problem =
        error instanceof Problem
          ? error
          : new Problem("failed", t("The server cannot be started: {0}", error instanceof Error ? error.message : String(error)));
      this.log.error(problem.message);
      this.client = undefined;
      if (problem.kind === "failed" && this.backoff.count > 0 && !this.stopped) {
        this.startLater(); // a failed restart: the next one waits longer
      } else {
        this.set({ kind: "failed", message: problem.message });
      }
      throw problem;
    }
  }

  /** Another interpreter was selected: it may have another codesearch. */
  private pythonChanged(): void {
    clearTimeout(this.pythonTimer);
    this.pythonTimer = setTimeout(() => {
      if (this.current.kind === "failed" || this.current.kind === "running") {
        this.relocate().catch((error: unknown) => this.log.warn(String(error)));
      }
    }, PYTHON_QUIET);
  }

  private async relocate(): Promise<void> {
    const found = await locate(this.folder(), this.log).catch(() => undefined);
    const same = found?.command === this.program?.command && this.current.kind === "running";
    if (found !== undefined && !same) {
      await this.restart();
    }
  }

  /** Wait until a client is ready; rejects if its process exits first or takes too long. */
  private async initialized(client: LanguageClient): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const trouble = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        this.process?.kill("SIGKILL");
        reject(new Error(t("it did not respond within {0} s", PATIENCE / 1000)));
      }, PATIENCE);
      this.onExit = (how) => {
        reject(new Error(t("it exited ({0})", how)));
      };
    });
    try {
      await Promise.race([client.start(), trouble]);
    } finally {
      clearTimeout(timer);
      this.onExit = undefined;
    }
  }

  private async askStatus(client: LanguageClient): Promise<void> {
    try {
      const status = await client.sendRequest<Status>(STATUS, {});
      this.setFolders(client, status.folders);
    } catch (error) {
      this.log.warn(`No status: ${String(error)}`);
    }
  }

  private setFolders(client: LanguageClient, folders: readonly FolderStatus[]): void {
    if (client === this.client && this.current.kind === "running") {
      this.set({ ...this.current, folders });
    }
  }

  private spawn(program: Found): Promise<ChildProcess> {
    return new Promise((resolve, reject) => {
      const child = spawn(program.command, [...program.args, "lsp"], {
        cwd: this.folder(),
        env: environment(),
        windowsHide: true,
      });
      this.process = child;
      child.once("error", reject);
      child.once("spawn", () => resolve(child));
      child.once("exit", (code, signal) => {
        const how = signal ?? `status ${code}`;
        this.log.info(`The server (process ${child.pid}) exited: ${how}`);
        this.onExit?.(how);
      });
    });
  }

  private onClosed(client: LanguageClient): void {
    if (this.stopped || (this.client !== undefined && this.client !== client)) {
      return;
    }
    if (this.client === undefined) {
      return; // while starting: start() reports it
    }
    this.client = undefined;
    this.process = undefined;
    this.indexing.clear();
    this.startLater();
  }

  /** Schedule a restart, unless too many have failed. */
  private startLater(): void {
    const wait = this.backoff.next(Date.now() - this.startedAt);
    if (wait === undefined) {
      const message = t("The server stopped {0} times in a row. See the log for the reason.", this.backoff.count);
      this.log.error(message);
      this.set({ kind: "failed", message });
      return;
    }
    this.log.warn(`The server has stopped; it restarts in ${wait} ms`);
    this.set({ kind: "waiting", seconds: Math.ceil(wait / 1000) });
    this.timer = setTimeout(() => {
      this.launch().catch(() => undefined); // start() reports it
    }, wait);
  }
}
