// The recent searches of a workspace.

import type * as vscode from "vscode";
import { remember } from "./present";

const KEY = "history";

export class History {
  constructor(private readonly memento: vscode.Memento) {}

  /** Newest first. */
  get all(): readonly string[] {
    const value = this.memento.get<unknown>(KEY);
    return Array.isArray(value) ? value.filter((one): one is string => typeof one === "string") : [];
  }

  async add(question: string, limit: number): Promise<void> {
    await this.memento.update(KEY, remember(this.all, question, limit));
  }

  async forget(question: string): Promise<void> {
    await this.memento.update(KEY, this.all.filter((one) => one !== question));
  }

  async clear(): Promise<void> {
    await this.memento.update(KEY, undefined);
  }
}
