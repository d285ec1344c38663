// Shows hits in the editor while the picker is open, and restores the editors afterwards.

import * as vscode from "vscode";
import { cellOf, openCell, textOf, toRange } from "./notebooks";
import type { Hit } from "./protocol";

/** Milliseconds to wait until VS Code reports an open editor to extensions. */
const SHOWN = 2000;

interface Origin {
  readonly document: vscode.TextDocument;
  readonly column: vscode.ViewColumn | undefined;
  readonly selections: readonly vscode.Selection[];
  readonly visible: vscode.Range | undefined;
  readonly isPreview: boolean;
}

function textUri(tab: vscode.Tab): string | undefined {
  return tab.input instanceof vscode.TabInputText ? tab.input.uri.toString() : undefined;
}

export class Preview implements vscode.Disposable {
  private readonly origin: Origin | undefined;
  private readonly column: vscode.ViewColumn;
  /** The URIs of the text tabs that were open before. */
  private readonly before: ReadonlySet<string>;
  private readonly previewBefore: string | undefined;
  private readonly decoration = vscode.window.createTextEditorDecorationType({
    isWholeLine: true,
    backgroundColor: new vscode.ThemeColor("editor.rangeHighlightBackground"),
    // High-contrast themes define no background, only a border color: there, a bar marks the function.
    borderColor: new vscode.ThemeColor("editor.rangeHighlightBorder"),
    borderStyle: "solid",
    borderWidth: "0 0 0 2px",
    overviewRulerColor: new vscode.ThemeColor("editorOverviewRuler.rangeHighlightForeground"),
    overviewRulerLane: vscode.OverviewRulerLane.Center,
  });
  private decorated: vscode.TextEditor | undefined;
  private queue: Promise<void> = Promise.resolve();
  private sequence = 0;
  private touched = false;
  /** The URIs of the tabs that previews opened. */
  private readonly own = new Set<string>();
  /** How many entries the previews have added to the navigation history, and the document of the newest entry. */
  private recorded = 0;
  private newest: string | undefined;
  /** True if the document shown last is in a tab that a preview opened. */
  private transient = false;

  /** Remembers the current editor. */
  constructor() {
    const editor = vscode.window.activeTextEditor;
    const group = vscode.window.tabGroups.activeTabGroup;
    this.column = group.viewColumn;
    this.before = new Set(group.tabs.flatMap((tab) => textUri(tab) ?? []));
    this.previewBefore = group.tabs.filter((tab) => tab.isPreview).map(textUri)[0];
    this.newest = group.activeTab === undefined ? undefined : textUri(group.activeTab);
    this.origin =
      editor === undefined || this.newest === undefined
        ? undefined
        : {
            document: editor.document,
            column: editor.viewColumn,
            selections: editor.selections,
            visible: editor.visibleRanges[0],
            isPreview: group.activeTab?.isPreview ?? false,
          };
  }

  private get target(): vscode.ViewColumn {
    return this.origin?.column ?? this.column;
  }

  private get group(): vscode.TabGroup | undefined {
    return vscode.window.tabGroups.all.find((one) => one.viewColumn === this.target);
  }

  /** Show a hit without taking the focus; a newer call supersedes an older one. */
  show(hit: Hit): Promise<void> {
    const sequence = ++this.sequence;
    return this.enqueue(async () => {
      if (sequence !== this.sequence) {
        return;
      }
      const { document, range, at } = await textOf(hit);
      if (sequence !== this.sequence) {
        return;
      }
      this.touched = true;
      const uri = document.uri.toString();
      this.record(uri);
      const editor = await showTransient(document, this.target);
      if (this.own.has(uri)) {
        // Once the editor has the focus, the navigation history records where its cursor is.
        editor.selection = new vscode.Selection(at, at);
      }
      const last = Math.max(range.start.line, range.end.line - (range.end.character === 0 ? 1 : 0));
      this.clear();
      editor.setDecorations(this.decoration, [new vscode.Range(range.start.line, 0, last, 0)]);
      this.decorated = editor;
      // The list covers the upper half of the editor, so the function starts in the middle.
      editor.revealRange(new vscode.Range(range.start, range.start), vscode.TextEditorRevealType.InCenter);
    });
  }

  /**
   * Count the entry that showing a document adds to the navigation history.
   *
   * VS Code does not record the transient tabs of previews until they get the focus, but it records each change to a tab
   * that the user has open.
   */
  private record(uri: string): void {
    this.transient = this.own.has(uri) || !(this.group?.tabs ?? []).some((tab) => textUri(tab) === uri);
    if (this.transient) {
      this.own.add(uri);
    } else if (uri !== this.newest) {
      this.recorded++;
      this.newest = uri;
    }
  }

  /**
   * Step back over the entry that a hidden list has added to the navigation history by giving the focus to a preview.
   *
   * Whether it has is not known: the focus may have been outside the editors. If the step leads too far, it is undone.
   */
  private async forgetFocused(): Promise<void> {
    const all = (): vscode.Tab[] => vscode.window.tabGroups.all.flatMap((group) => group.tabs);
    const there = new Set(all().map(textUri));
    await vscode.commands.executeCommand("workbench.action.navigateBack");
    if (vscode.window.activeTextEditor?.document.uri.toString() !== this.newest) {
      await vscode.commands.executeCommand("workbench.action.navigateForward");
      await vscode.window.tabGroups.close(all().filter((tab) => !there.has(textUri(tab)) && !tab.isDirty), true);
    }
  }

  /** Step back over the entries that previews added to the navigation history; the next editor replaces them. */
  private async forgetRecorded(): Promise<void> {
    for (; this.recorded > 0; this.recorded--) {
      await vscode.commands.executeCommand("workbench.action.navigateBack");
    }
  }

  /** Restore the editor with its selection and scroll position, and the tabs; `hidden` if the list is hidden already. */
  restore(hidden = false): Promise<void> {
    this.sequence++;
    return this.enqueue(async () => {
      this.clear();
      if (!this.touched) {
        return;
      }
      if (hidden && this.transient && this.origin !== undefined) {
        await this.forgetFocused();
      }
      await this.forgetRecorded();
      if (this.origin === undefined) {
        await this.closeOwn(undefined);
        await this.reopenPreview();
      } else {
        // The origin first: without it, closing the preview would show and record another tab.
        await this.reopenPreview();
        const { document, column, selections, visible, isPreview } = this.origin;
        const editor = await vscode.window.showTextDocument(document, {
          ...(column === undefined ? {} : { viewColumn: column }),
          preview: isPreview,
        });
        editor.selections = selections;
        if (visible !== undefined) {
          editor.revealRange(new vscode.Range(visible.start, visible.start), vscode.TextEditorRevealType.AtTop);
        }
        await this.closeOwn(undefined);
      }
    });
  }

  /** Open a hit permanently, with the cursor on its name. */
  open(hit: Hit): Promise<void> {
    this.sequence++;
    return this.enqueue(async () => {
      this.clear();
      await this.forgetRecorded();
      await openHit(hit, this.target);
      if (this.touched) {
        await this.closeOwn(hit.uri);
      }
    });
  }

  /** Disposes the decorations; shows nothing after this. */
  dispose(): void {
    this.sequence++;
    this.decoration.dispose();
  }

  private enqueue(work: () => Promise<void>): Promise<void> {
    this.queue = this.queue.catch(() => undefined).then(work);
    return this.queue;
  }

  private clear(): void {
    this.decorated?.setDecorations(this.decoration, []);
    this.decorated = undefined;
  }

  /** Close the tabs that previews opened, except the one of a given file. */
  private async closeOwn(kept: string | undefined): Promise<void> {
    const keptUri = kept === undefined ? undefined : vscode.Uri.parse(kept, true).toString();
    const own = (this.group?.tabs ?? []).filter((tab) => {
      const uri = textUri(tab);
      return tab.isPreview && !tab.isDirty && uri !== undefined && uri !== keptUri && !this.before.has(uri);
    });
    if (own.length > 0) {
      await vscode.window.tabGroups.close(own, true);
    }
  }

  /** Reopen the preview tab that a preview of ours replaced: an editor group has only one. */
  private async reopenPreview(): Promise<void> {
    const lost = this.previewBefore;
    if (lost === undefined || lost === this.origin?.document.uri.toString()) {
      return;
    }
    const there = vscode.window.tabGroups.all.flatMap((group) => group.tabs).some((tab) => textUri(tab) === lost);
    if (!there) {
      const document = await vscode.workspace.openTextDocument(vscode.Uri.parse(lost, true));
      await showTransient(document, this.column);
    }
  }
}

/**
 * Show a document as VS Code's own lists do: in a transient tab, which the navigation history does not record.
 *
 * The API has no such option, so this runs the command behind `vscode.open`, which passes all options on. If a later
 * VS Code refuses it, the document is shown in an ordinary preview tab.
 */
async function showTransient(document: vscode.TextDocument, column: vscode.ViewColumn): Promise<vscode.TextEditor> {
  const options = { preserveFocus: true, pinned: false, transient: true };
  const find = (): vscode.TextEditor | undefined =>
    vscode.window.visibleTextEditors.find((one) => one.document === document && one.viewColumn === column);
  try {
    // Commands count columns from 0, the API from 1.
    await vscode.commands.executeCommand("_workbench.open", document.uri, [column - 1, options]);
    const editor = find() ?? (await appears(find));
    if (editor !== undefined) {
      return editor;
    }
  } catch {
    // Shown below.
  }
  return vscode.window.showTextDocument(document, { viewColumn: column, preserveFocus: true, preview: true });
}

/** Wait until VS Code has reported an editor to extensions. */
function appears(find: () => vscode.TextEditor | undefined): Promise<vscode.TextEditor | undefined> {
  return new Promise((resolve) => {
    const done = (): void => {
      listener.dispose();
      clearTimeout(timer);
      resolve(find());
    };
    const listener = vscode.window.onDidChangeVisibleTextEditors(() => {
      if (find() !== undefined) {
        done();
      }
    });
    const timer = setTimeout(done, SHOWN);
  });
}

/** Open a hit in an editor, with the cursor on its name; in a notebook, in its cell. */
export async function openHit(
  hit: Hit,
  column: vscode.ViewColumn,
  options: { readonly at?: vscode.Position; readonly preview?: boolean; readonly preserveFocus?: boolean } = {},
): Promise<void> {
  const { preview = false, preserveFocus = false } = options;
  const cell = await cellOf(hit);
  if (cell !== undefined) {
    await openCell(cell, { viewColumn: column, preview, preserveFocus });
    return;
  }
  const document = await vscode.workspace.openTextDocument(vscode.Uri.parse(hit.uri, true));
  const at = document.validatePosition(options.at ?? toRange(hit.selectionRange).start);
  await vscode.window.showTextDocument(document, {
    viewColumn: column,
    selection: new vscode.Range(at, at),
    preview,
    preserveFocus,
  });
}
