// "Find Code by Meaning": a list that answers while the question is typed.

import * as vscode from "vscode";
import { Asker } from "./ask";
import { askFolder, askKinds, askLanguages } from "./filterMenu";
import { describe, type Filters, isFiltered, NO_FILTERS, nextTests, queryFilter } from "./filters";
import { rootName, shownRoot } from "./folders";
import type { History } from "./history";
import { t } from "./l10n";
import { answerRows, problemRow, type Row, startRows } from "./pickerItems";
import { asQuestion, key, refine } from "./present";
import { openHit, Preview } from "./preview";
import { Problem } from "./problem";
import { type Answer, type Hit, QUERY, type QueryParams } from "./protocol";
import type { Server } from "./server";
import { findSettings } from "./settings";
import type { ServerState } from "./statusText";

/** Milliseconds between two looks at a folder that is still being indexed. */
const AGAIN = 1500;
/** Milliseconds that a row must be active before it is shown in the editor. */
const PREVIEW_DELAY = 60;
/** The same for the first row, which is active although the user has not moved. */
const PREVIEW_FIRST_DELAY = 250;
/** Milliseconds in which VS Code tells of the active row after rows were set. */
const SETTLE = 30;

interface Item extends vscode.QuickPickItem {
  readonly row: Row;
}

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
  private expected: Item | undefined;
  /** What the rows now shown were made from. */
  private drawn = "";
  private again: NodeJS.Timeout | undefined;
  private previewing: NodeJS.Timeout | undefined;
  private settling: NodeJS.Timeout | undefined;
  /** True while a filter is being chosen: the list is hidden, not left. */
  private suspended = false;
  /** Enter was pressed before the answer came. */
  private accepting = false;
  private ended = false;

  private readonly sideButton: vscode.QuickInputButton = {
    iconPath: new vscode.ThemeIcon("split-horizontal"),
    tooltip: t("Open to the Side"),
  };
  private readonly forgetButton: vscode.QuickInputButton = {
    iconPath: new vscode.ThemeIcon("close"),
    tooltip: t("Forget This Search"),
  };
  private actions = new Map<vscode.QuickInputButton, () => void | Promise<void>>();

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
      this.preview,
      quick.onDidChangeValue(() => this.typed()),
      quick.onDidChangeActive(() => this.activated()),
      quick.onDidAccept(() => this.accept()),
      quick.onDidTriggerButton((button) => void this.actions.get(button)?.()),
      quick.onDidTriggerItemButton(({ item, button }) => this.itemButton(item, button)),
      quick.onDidHide(() => this.hidden()),
      context.server.onDidChange((state) => this.serverChanged(state)),
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
      const filter = queryFilter(question.filters);
      const params: QueryParams = {
        text: question.text,
        limit: this.settings.limit,
        session: "picker",
        ...(filter === undefined ? {} : { filter }),
        ...(question.filters.root === "" ? {} : { root: question.filters.root }),
      };
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
    this.settled();
    const same = sameQuestion(this.answered, question);
    const hold = same && this.moved !== undefined ? key(this.moved) : undefined;
    this.hits = refine(this.hits, answer.hits, hold);
    this.answered = question;
    this.setRows(answerRows(this.hits, answer, { bar: this.settings.bar, root: shownRoot }), hold);
    if (!last) {
      return;
    }
    if (this.accepting) {
      this.accepting = false;
      this.accept();
    } else if (!answer.complete) {
      this.quick.busy = true;
      this.askAgain(AGAIN);
    }
  }

  failed(error: unknown): void {
    this.accepting = false;
    if (error instanceof vscode.CancellationError) {
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
    if (state.kind === "running" && this.answered === undefined) {
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
      return; // setting rows anew would fight with the arrow keys for the active row
    }
    this.drawn = drawn;
    const items = rows.map((row) => this.item(row));
    const first = items.find((item) => item.row.kind !== "separator");
    const active =
      hold === undefined ? first : items.find((item) => item.row.kind === "hit" && key(item.row.hit) === hold);
    this.expected = active ?? first;
    this.quick.items = items;
    if (this.expected !== undefined) {
      this.quick.activeItems = [this.expected];
    }
    this.decorate();
  }

  private item(row: Row): Item {
    switch (row.kind) {
      case "separator":
        return { row, label: row.label, kind: vscode.QuickPickItemKind.Separator };
      case "history":
        return { row, label: row.label, alwaysShow: true, buttons: [this.forgetButton] };
      case "note":
        return {
          row,
          label: `$(${row.problem ? "error" : "info"}) ${row.label}`,
          alwaysShow: true,
          ...(row.detail === "" ? {} : { detail: row.detail }),
        };
      case "hit":
        return {
          row,
          label: row.label,
          description: row.description,
          detail: row.detail,
          alwaysShow: true,
          buttons: [this.sideButton],
        };
    }
  }

  /** The buttons and the title say which filters hold. */
  private decorate(): void {
    const { filters } = this;
    const on = (active: boolean, name: string): vscode.ThemeIcon =>
      active ? new vscode.ThemeIcon(name, new vscode.ThemeColor("inputOption.activeForeground")) : new vscode.ThemeIcon(name);
    const tests = {
      all: t("Tests: Shown"),
      without: t("Tests: Left Out"),
      only: t("Tests: Nothing Else"),
    }[filters.tests];
    this.actions = new Map<vscode.QuickInputButton, () => void | Promise<void>>([
      [
        { iconPath: on(filters.languages.length > 0, "code"), tooltip: t("Filter by Language") },
        () => this.change(askLanguages),
      ],
      [
        { iconPath: on(filters.kinds.length > 0, "symbol-class"), tooltip: t("Filter by Kind") },
        () => this.change(askKinds),
      ],
      [
        { iconPath: on(filters.folder + filters.root !== "", "folder"), tooltip: t("Filter by Folder") },
        () => this.change(askFolder),
      ],
      [
        { iconPath: on(filters.tests !== "all", "beaker"), tooltip: tests },
        () => this.setFilters({ ...filters, tests: nextTests(filters.tests) }),
      ],
    ]);
    if (isFiltered(filters)) {
      this.actions.set({ iconPath: new vscode.ThemeIcon("clear-all"), tooltip: t("Remove All Filters") }, () =>
        this.setFilters(NO_FILTERS),
      );
    }
    if (this.hits.length > 0) {
      this.actions.set({ iconPath: new vscode.ThemeIcon("list-tree"), tooltip: t("Keep in the Results View") }, () =>
        this.keep(),
      );
    }
    this.quick.buttons = [...this.actions.keys()];
    const said = describe(filters, rootName);
    this.quick.title = said === "" ? t("Find Code by Meaning") : t("Find Code by Meaning: {0}", said);
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
    this.decorate();
    this.quick.show();
    this.typed(0);
  }

  private setFilters(filters: Filters): void {
    this.filters = filters;
    this.decorate();
    this.typed(0);
  }

  // -- the user ----------------------------------------------------------------------------------

  /**
   * VS Code tells of the active row also when rows are set, first of the top one and then of the one asked for; only
   * what it comes to rest on counts.
   */
  private activated(): void {
    clearTimeout(this.settling);
    this.settling = setTimeout(() => this.settled(), SETTLE);
  }

  private settled(): void {
    clearTimeout(this.settling);
    const item = this.quick.activeItems[0];
    if (item === undefined || this.ended) {
      return;
    }
    if (item !== this.expected) {
      this.expected = item;
      this.moved = item.row.kind === "hit" ? item.row.hit : undefined;
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

  private accept(): void {
    this.settled();
    const item = this.quick.activeItems[0] ?? this.quick.selectedItems[0];
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
    if (item.row.kind === "hit" && button === this.sideButton) {
      void this.open(item.row.hit, true);
    } else if (item.row.kind === "history" && button === this.forgetButton) {
      void this.context.history.forget(item.row.text);
      this.typed(0);
    }
  }

  private async open(hit: Hit, beside: boolean): Promise<void> {
    this.end();
    this.quick.hide();
    await this.remember();
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
    if (!this.suspended && !this.ended) {
      void this.leave();
    }
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
    clearTimeout(this.settling);
    this.asker.cancel();
  }

  private dispose(): void {
    for (const disposable of this.disposables) {
      disposable.dispose();
    }
  }
}

function sameQuestion(a: Question | undefined, b: Question): boolean {
  return a !== undefined && a.text === b.text && a.filters === b.filters;
}

function selectedText(): string {
  const editor = vscode.window.activeTextEditor;
  return editor === undefined ? "" : asQuestion(editor.document.getText(editor.selection));
}

/**
 * Have VS Code leave the order of the rows alone.
 *
 * Rows with `alwaysShow` are never filtered out, but while something is typed VS Code sorts rows by how their label
 * matches, unless this property says otherwise, which is not in the typings (it is a proposal as old as 2020). Without
 * it the rows are all there, those whose name matches first.
 */
function keepOrder(quick: vscode.QuickPick<Item>): void {
  try {
    (quick as { sortByLabel?: boolean }).sortByLabel = false;
  } catch {
    // A later VS Code may refuse it.
  }
}
