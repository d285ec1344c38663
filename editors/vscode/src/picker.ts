// "Find Code by Meaning": a list that answers while the question is typed.

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

/** Milliseconds between two looks at a folder that is still being indexed. */
const AGAIN = 1500;
/** Milliseconds that a row must be active before it is shown in the editor. */
const PREVIEW_DELAY = 60;
/** The same for the first row, which is active although the user has not moved. */
const PREVIEW_FIRST_DELAY = 250;
/** Milliseconds after which VS Code has surely taken over rows that were set. */
const SURE = 500;
/** Milliseconds from leaving the list with a click into an editor until VS Code tells of the click. */
const CLICK = 60;

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
  /** Put a search into the results view. */
  keep(question: Question, hits: readonly Hit[]): Promise<void>;
  /** Tell why the server cannot be used. */
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
  /** The row that the user moved to since the last keystroke. */
  private moved: Hit | undefined;
  /** The active row as far as is known: the first one, or the one the user moved to. */
  private expected: Item | undefined;
  /** The last answer was not the whole one. */
  private incomplete = false;
  /** What there is to say of the answer as a whole. */
  private notice = "";
  /** What the rows now shown were made from. */
  private drawn = "";
  private again: NodeJS.Timeout | undefined;
  private previewing: NodeJS.Timeout | undefined;
  /** VS Code has told of `expected` since the rows were set. */
  private confirmed = false;
  private confirming: NodeJS.Timeout | undefined;
  /** True while a filter is being chosen: the list is hidden, not left. */
  private suspended = false;
  /** The mouse was used in an editor. */
  private clicked = false;
  /** Enter was pressed before the answer came. */
  private accepting = false;
  private ended = false;

  private actions: Actions = new Map();
  /** What the buttons and the title were made from. */
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
    this.quick.show();
    this.typed(0);
    // Starting takes a moment; while the first words are typed it is done.
    this.context.server.ensure().catch((error: unknown) => this.refused(error));
  }

  // -- asking ------------------------------------------------------------------------------------

  private typed(delay?: number): void {
    clearTimeout(this.again);
    this.moved = undefined;
    this.expected = this.quick.items.find((item) => item.row.kind !== "separator"); // VS Code goes there
    this.accepting = false;
    const text = this.quick.value.trim();
    if (text === "") {
      this.asker.cancel();
      this.hits = [];
      this.answered = undefined;
      this.setRows(startRows(this.context.history.all));
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
    // To another question the order is the new one; only the place of the user is kept, if it is still there.
    this.hits = refine(this.hits, answer.hits, sameQuestion(this.answered, question) ? active : undefined);
    this.answered = question;
    this.notice = noticeOf(this.hits, answer);
    this.setRows(answerRows(this.hits, answer, { bar: this.settings.bar, root: shownRoot }), active);
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
      this.askAgain(AGAIN); // not by us: what we cancel is not told
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
      this.setRows([problemRow(t("The server ended. It is started again; the answer comes then."))]);
      return; // serverChanged() asks again
    }
    this.setRows([problemRow(error instanceof Error ? error.message : String(error))]);
  }

  /** The same question again, keeping the place of the user. */
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
      return; // setting rows anew would fight with the arrow keys for the active row
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

  /** The buttons and the title say which filters hold. */
  private decorate(): void {
    const { filters } = this;
    const state = JSON.stringify([filters, this.hits.length > 0, this.notice]);
    if (state === this.decorated) {
      return;
    }
    this.decorated = state;
    this.actions = buttons(filters, this.hits.length > 0, {
      languages: () => this.change(askLanguages),
      kinds: () => this.change(askKinds),
      folder: () => this.change(askFolder),
      tests: () => this.setFilters({ ...filters, tests: nextTests(filters.tests) }),
      none: () => this.setFilters(NO_FILTERS),
      keep: () => this.keep(),
    });
    this.quick.buttons = [...this.actions.keys()];
    const said = [describe(filters, rootName), this.hits.length > 0 ? this.notice : ""].filter((text) => text !== "");
    const title = t("Find Code by Meaning");
    this.quick.title = said.length === 0 ? title : `${title}: ${said.join(" · ")}`;
  }

  private async change(ask: (filters: Filters) => Promise<Filters | undefined>): Promise<void> {
    this.suspended = true;
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
      this.drawn = ""; // a list that was hidden has lost its rows
      this.quick.show();
      this.typed(0);
    }
  }

  private setFilters(filters: Filters): void {
    this.filters = filters;
    this.decorate();
    this.typed(0);
  }

  // -- the user ----------------------------------------------------------------------------------

  /**
   * VS Code tells of the active row by its number, also when rows are set and at each keystroke, and the number may be
   * one of rows that are gone. So what it tells counts only after it has told of the row that was asked for.
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
          this.preview.show(hit).catch(() => undefined); // a file that is gone has no preview
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
      this.accepting = true; // what is shown answers something else: wait
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

  private async open(hit: Hit, beside: boolean): Promise<void> {
    this.end();
    this.quick.hide();
    await this.remember();
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
      this.dispose();
    }
  }

  private async keep(): Promise<void> {
    const question = this.answered;
    if (question === undefined) {
      return;
    }
    this.end();
    this.quick.hide();
    await this.remember();
    await this.preview.restore();
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
    // Escape takes back what was previewed; a click into it means to stay. The click is told after the list is gone.
    setTimeout(() => {
      void (this.clicked ? Promise.resolve() : this.preview.restore()).finally(() => this.dispose());
    }, CLICK);
  }

  /** Close it and put everything back; nothing happens if it is closed already. */
  async leave(): Promise<void> {
    if (this.ended) {
      return;
    }
    this.end();
    this.quick.hide();
    await this.preview.restore();
    this.dispose();
  }

  private end(): void {
    this.ended = true;
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

function sameQuestion(a: Question | undefined, b: Question): boolean {
  return a !== undefined && a.text === b.text && a.filters === b.filters;
}
