// "Find Code by Meaning": a list of answers that changes while the user types.

import * as vscode from "vscode";
import { Asker } from "./ask";
import { askFolder, askKinds, askLanguages } from "./filterMenu";
import { describe, type Filters, NO_FILTERS, nextTests, queryParams } from "./filters";
import { rootName, shownRoot } from "./folders";
import type { History } from "./history";
import { t } from "./l10n";
import { answerRows, noticeOf, problemRow, type Row, startRows } from "./pickerItems";
import { key, refine } from "./present";
import { openHit, Preview } from "./preview";
import { Problem } from "./problem";
import { type Answer, type Hit, OPENED, type OpenedParams, QUERY } from "./protocol";
import {
  type Actions,
  type ButtonActions,
  type ButtonName,
  buttons,
  FORGET_BUTTON,
  type Item,
  keepOrder,
  selectedText,
  SIDE_BUTTON,
  toItem,
} from "./quickItems";
import type { Server } from "./server";
import { findSettings } from "./settings";
import type { ServerState } from "./statusText";

/** Milliseconds until a question is asked again whose folder is still being indexed. */
const AGAIN = 1500;
/** Milliseconds that a row must be active before it is shown in the editor. */
const PREVIEW_DELAY = 60;
/** The same for the first row, which is active although the user has not moved. */
const PREVIEW_FIRST_DELAY = 250;
/** Milliseconds after which VS Code has certainly processed new rows. */
const SURE = 500;
/** Milliseconds until VS Code reports the click into an editor that closed the list. */
const CLICK = 60;
/** The context key that is true while the list is shown: the keys of its buttons depend on it. */
const CONTEXT = "codesearch.pickerVisible";

interface Question {
  readonly text: string;
  readonly filters: Filters;
}

export interface Start {
  readonly text?: string;
  readonly filters?: Filters;
}

export interface PickerContext {
  readonly server: Server;
  readonly history: History;
  /** Keep a search in the results view. */
  keep(question: Question, hits: readonly Hit[]): Promise<void>;
  /** Report why the server cannot be used. */
  tell(problem: Problem): void;
}

export class Picker {
  private readonly settings = findSettings();
  private readonly quick = vscode.window.createQuickPick<Item>();
  private readonly preview = new Preview();
  private readonly asker: Asker<Question, Answer>;
  private readonly disposables: vscode.Disposable[] = [];
  private filters: Filters;
  private hits: readonly Hit[] = [];
  /** The question that `hits` answer. */
  private answered: Question | undefined;
  /** The row that the user has moved to since the last keystroke. */
  private moved: Hit | undefined;
  /** The row that should be active: the first one, or the one that the user moved to. */
  private expected: Item | undefined;
  /** True if the last answer was incomplete, because a folder is still being indexed. */
  private incomplete = false;
  /** A remark on the answer as a whole. */
  private notice = "";
  /** The current rows as JSON. */
  private drawn = "";
  private again: NodeJS.Timeout | undefined;
  private previewing: NodeJS.Timeout | undefined;
  /** True if VS Code has reported `expected` as active since the rows were set. */
  private confirmed = false;
  private confirming: NodeJS.Timeout | undefined;
  /** True while the user chooses a filter: the list is hidden, but not closed. */
  private suspended = false;
  /** True if the user has clicked into an editor. */
  private clicked = false;
  /** True if Enter was pressed before the answer arrived. */
  private accepting = false;
  private ended = false;

  private actions: Actions = new Map();
  private readonly buttons: ButtonActions = {
    languages: () => this.change(askLanguages),
    kinds: () => this.change(askKinds),
    folder: () => this.change(askFolder),
    tests: () => this.setFilters({ ...this.filters, tests: nextTests(this.filters.tests) }),
    none: () => this.setFilters(NO_FILTERS),
    keep: () => this.keep(),
  };
  /** The filters and the title, as JSON, that the buttons were made for. */
  private decorated = "";

  constructor(
    private readonly context: PickerContext,
    start: Start = {},
  ) {
    this.filters = start.filters ?? NO_FILTERS;
    this.asker = new Asker((question, signal, partial) => this.run(question, signal, partial), this, this.settings.delay);
    const { quick } = this;
    quick.placeholder = t("What does the code do? Plain words, a name, filters such as lang:go or -is:test");
    quick.matchOnDescription = false;
    quick.matchOnDetail = false;
    quick.keepScrollPosition = true;
    keepOrder(quick);
    quick.value = start.text ?? selectedText();
    this.disposables.push(
      quick,
      quick.onDidChangeValue(() => this.typed()),
      quick.onDidChangeActive((items) => this.activated(items[0])),
      quick.onDidAccept(() => this.accept()),
      quick.onDidTriggerButton((button) => void this.actions.get(button)?.()),
      quick.onDidTriggerItemButton(({ item, button }) => this.itemButton(item, button)),
      quick.onDidHide(() => this.hidden()),
      context.server.onDidChange((state) => this.serverChanged(state)),
      vscode.window.onDidChangeTextEditorSelection(({ kind }) => {
        this.clicked ||= kind === vscode.TextEditorSelectionChangeKind.Mouse;
      }),
    );
    this.decorate();
  }

  show(): void {
    this.reveal();
    // The server starts while the user types the first words.
    this.context.server.ensure().catch((error: unknown) => this.refused(error));
  }

  private reveal(): void {
    this.quick.show();
    void vscode.commands.executeCommand("setContext", CONTEXT, true);
    this.typed(0);
  }

  /** Do what a button of the list does. */
  async press(button: ButtonName): Promise<void> {
    if (!this.ended && !this.suspended) {
      await this.buttons[button]();
    }
  }

  // -- asking ------------------------------------------------------------------------------------

  private typed(delay?: number): void {
    clearTimeout(this.again);
    this.moved = undefined;
    this.expected = this.quick.items.find((item) => item.row.kind !== "separator"); // VS Code activates it
    this.accepting = false;
    const text = this.quick.value.trim();
    if (text === "") {
      this.asker.cancel();
      this.hits = [];
      this.answered = undefined;
      this.setRows(startRows(this.context.history.all, noFolder()));
    } else {
      this.asker.ask({ text, filters: this.filters }, delay);
    }
  }

  private async run(
    question: Question,
    signal: AbortSignal,
    partial: (answer: Answer) => void,
  ): Promise<Answer> {
    const source = new vscode.CancellationTokenSource();
    const cancel = (): void => source.cancel();
    signal.addEventListener("abort", cancel, { once: true });
    try {
      const params = queryParams(question.text, question.filters, this.settings.limit, "picker");
      return await this.context.server.request<Answer>(QUERY, params, source.token, partial);
    } finally {
      signal.removeEventListener("abort", cancel);
      source.dispose();
    }
  }

  busy(busy: boolean): void {
    this.quick.busy = busy;
  }

  answer(answer: Answer, question: Question, last: boolean): void {
    const active = this.moved === undefined ? undefined : key(this.moved);
    // The answer to another question is shown in its own order; only the user's row stays active, if it is still there.
    this.hits = refine(this.hits, answer.hits, sameQuestion(this.answered, question) ? active : undefined);
    this.answered = question;
    this.notice = noticeOf(this.hits, answer);
    this.setRows(answerRows(this.hits, answer, { bar: this.settings.bar, root: shownRoot, empty: noFolder() }), active);
    if (!last) {
      return;
    }
    if (this.accepting) {
      this.accepting = false;
      this.accept();
    }
    this.incomplete = !answer.complete;
    if (this.incomplete && !this.ended) {
      this.quick.busy = true;
      this.askAgain(AGAIN);
    }
  }

  failed(error: unknown): void {
    this.accepting = false;
    if (error instanceof vscode.CancellationError) {
      this.askAgain(AGAIN); // cancelled by the server: our own cancellations are not reported
      return;
    }
    if (error instanceof Problem && error.kind !== "failed") {
      this.refused(error);
      return;
    }
    this.hits = [];
    this.answered = undefined;
    const state = this.context.server.state.kind;
    if (state === "waiting" || state === "starting") {
      this.quick.busy = true;
      this.setRows([problemRow(t("The server has stopped. It is being restarted; then your question is answered."))]);
      return; // serverChanged() asks again
    }
    this.setRows([problemRow(error instanceof Error ? error.message : String(error))]);
  }

  /** Ask the same question again; the user's row stays active. */
  private askAgain(delay: number): void {
    clearTimeout(this.again);
    this.again = setTimeout(() => {
      const text = this.quick.value.trim();
      if (text !== "" && !this.ended && !this.asker.pending) {
        this.asker.ask({ text, filters: this.filters }, 0);
      }
    }, delay);
  }

  private serverChanged(state: ServerState): void {
    const ready = state.kind === "running" && state.folders.every((folder) => folder.state === "ready");
    if (state.kind === "running" && (this.answered === undefined || (this.incomplete && ready))) {
      this.askAgain(0);
    } else if (state.kind === "failed" && this.quick.value.trim() !== "" && !this.ended) {
      this.asker.cancel();
      this.hits = [];
      this.answered = undefined;
      this.setRows([problemRow(state.message)]);
    }
  }

  private refused(error: unknown): void {
    if (error instanceof Problem && error.kind !== "failed" && !this.ended) {
      void this.leave();
      this.context.tell(error);
    }
  }

  // -- rows --------------------------------------------------------------------------------------

  private setRows(rows: readonly Row[], hold?: string): void {
    const drawn = JSON.stringify(rows);
    if (drawn === this.drawn) {
      this.decorate();
      return; // setting the same rows again would interfere with the arrow keys
    }
    this.drawn = drawn;
    const items = rows.map(toItem);
    const held = items.find((item) => item.row.kind === "hit" && key(item.row.hit) === hold);
    this.moved = held?.row.kind === "hit" ? held.row.hit : undefined;
    this.expected = held ?? items.find((item) => item.row.kind !== "separator");
    this.confirmed = false;
    clearTimeout(this.confirming);
    this.confirming = setTimeout(() => this.confirm(), SURE);
    this.quick.items = items;
    if (this.expected !== undefined) {
      this.quick.activeItems = [this.expected];
    }
    this.decorate();
  }

  /** Show the active filters in the buttons and the title. */
  private decorate(): void {
    const { filters } = this;
    const state = JSON.stringify([filters, this.hits.length > 0, this.notice]);
    if (state === this.decorated) {
      return;
    }
    this.decorated = state;
    this.actions = buttons(filters, this.hits.length > 0, this.buttons);
    this.quick.buttons = [...this.actions.keys()];
    const said = [describe(filters, rootName), this.hits.length > 0 ? this.notice : ""].filter((text) => text !== "");
    const title = t("Find Code by Meaning");
    this.quick.title = said.length === 0 ? title : `${title}: ${said.join(" · ")}`;
  }

  private async change(ask: (filters: Filters) => Promise<Filters | undefined>): Promise<void> {
    this.suspended = true;
    void vscode.commands.executeCommand("setContext", CONTEXT, false);
    try {
      const filters = await ask(this.filters);
      if (filters !== undefined) {
        this.filters = filters;
      }
    } finally {
      this.suspended = false;
    }
    if (!this.ended) {
      this.decorate();
      this.drawn = ""; // VS Code drops the rows of a hidden list
      this.reveal();
    }
  }

  private setFilters(filters: Filters): void {
    this.filters = filters;
    this.decorate();
    this.typed(0);
  }

  // -- the user ----------------------------------------------------------------------------------

  /**
   * VS Code reports the active row by its index, also when rows are set and at each keystroke, and the index may refer
   * to rows that are gone. So its reports count only after it has reported the expected row.
   */
  private activated(item: Item | undefined): void {
    if (item === undefined || this.ended) {
      return;
    }
    if (item === this.expected) {
      this.confirm();
    } else if (this.confirmed) {
      this.expected = item;
      this.moved = item.row.kind === "hit" ? item.row.hit : undefined;
    } else {
      return;
    }
    clearTimeout(this.previewing);
    if (this.settings.preview && item.row.kind === "hit") {
      const { hit } = item.row;
      const delay = this.moved === undefined ? PREVIEW_FIRST_DELAY : PREVIEW_DELAY;
      this.previewing = setTimeout(() => {
        if (!this.asker.pending || this.moved !== undefined) {
          this.preview.show(hit).catch(() => undefined); // a deleted file has no preview
        }
      }, delay);
    }
  }

  private confirm(): void {
    clearTimeout(this.confirming);
    this.confirmed = true;
  }

  private accept(): void {
    const item = this.expected;
    if (this.asker.pending && this.moved === undefined && this.quick.value.trim() !== "") {
      this.accepting = true; // the rows answer an older question: wait
      return;
    }
    if (item === undefined) {
      return;
    }
    switch (item.row.kind) {
      case "hit":
        void this.open(item.row.hit, false);
        break;
      case "history":
        this.quick.value = item.row.text;
        this.typed(0);
        break;
      case "action": {
        const { command } = item.row;
        void this.leave().then(() => vscode.commands.executeCommand(command));
        break;
      }
      default:
        break;
    }
  }

  private itemButton(item: Item, button: vscode.QuickInputButton): void {
    if (item.row.kind === "hit" && button === SIDE_BUTTON) {
      void this.open(item.row.hit, true);
    } else if (item.row.kind === "history" && button === FORGET_BUTTON) {
      void this.context.history.forget(item.row.text);
      this.typed(0);
    }
  }

  // The editor is opened, or the editors are restored, before the list is hidden: hiding it would give the focus to the
  // preview first, and the navigation history would record it.

  private async open(hit: Hit, beside: boolean): Promise<void> {
    this.end();
    const query = this.answered?.text ?? "";
    const opened: OpenedParams = { query, uri: hit.uri, line: hit.range.start.line, rank: hit.rank };
    this.context.server.tell(OPENED, opened);
    try {
      if (beside) {
        await this.preview.restore();
        await openHit(hit, vscode.ViewColumn.Beside);
      } else {
        await this.preview.open(hit);
      }
    } catch (error) {
      void vscode.window.showErrorMessage(t("{0} cannot be opened: {1}", hit.path, String(error)));
    } finally {
      this.quick.hide();
      await this.remember();
      this.dispose();
    }
  }

  private async keep(): Promise<void> {
    const question = this.answered;
    if (question === undefined) {
      return;
    }
    this.end();
    await this.preview.restore();
    this.quick.hide();
    await this.remember();
    await this.context.keep(question, this.hits);
    this.dispose();
  }

  private remember(): Promise<void> {
    const text = this.answered?.text ?? "";
    return text === "" ? Promise.resolve() : this.context.history.add(text, this.settings.history);
  }

  private hidden(): void {
    if (this.suspended || this.ended) {
      return;
    }
    this.end();
    // After a click into the preview, it stays; otherwise the editors are restored. VS Code reports the click afterwards.
    setTimeout(() => {
      void (this.clicked ? Promise.resolve() : this.preview.restore(true)).finally(() => this.dispose());
    }, CLICK);
  }

  /** Close the list and restore the editors; does nothing if it is closed already. */
  async leave(): Promise<void> {
    if (this.ended) {
      return;
    }
    this.end();
    await this.preview.restore();
    this.quick.hide();
    this.dispose();
  }

  private end(): void {
    this.ended = true;
    void vscode.commands.executeCommand("setContext", CONTEXT, false);
    clearTimeout(this.again);
    clearTimeout(this.previewing);
    clearTimeout(this.confirming);
    this.asker.cancel();
  }

  private dispose(): void {
    this.preview.dispose();
    for (const disposable of this.disposables) {
      disposable.dispose();
    }
  }
}

function noFolder(): boolean {
  return (vscode.workspace.workspaceFolders ?? []).length === 0;
}

function sameQuestion(a: Question | undefined, b: Question): boolean {
  return a !== undefined && a.text === b.text && a.filters === b.filters;
}
