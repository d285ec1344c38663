// Showing hits in the editor while the picker is open, and putting everything back as it was.

import * as vscode from "vscode";
import type { Hit } from "./protocol";

interface Origin {
  readonly document: vscode.TextDocument;
  readonly column: vscode.ViewColumn | undefined;
  readonly selections: readonly vscode.Selection[];
  readonly visible: vscode.Range | undefined;
  readonly isPreview: boolean;
}

export function toRange(range: Hit["range"]): vscode.Range {
  return new vscode.Range(range.start.line, range.start.character, range.end.line, range.end.character);
}

function textUri(tab: vscode.Tab): string | undefined {
  return tab.input instanceof vscode.TabInputText ? tab.input.uri.toString() : undefined;
}

export class Preview implements vscode.Disposable {
  private readonly origin: Origin | undefined;
  private readonly column: vscode.ViewColumn;
  /** Text tabs that were there before, by URI. */
  private readonly before: ReadonlySet<string>;
  private readonly previewBefore: string | undefined;
  private readonly decoration = vscode.window.createTextEditorDecorationType({
    isWholeLine: true,
    backgroundColor: new vscode.ThemeColor("editor.rangeHighlightBackground"),
    borderColor: new vscode.ThemeColor("editor.rangeHighlightBorder"),
    overviewRulerColor: new vscode.ThemeColor("editorOverviewRuler.rangeHighlightForeground"),
    overviewRulerLane: vscode.OverviewRulerLane.Center,
  });
  private decorated: vscode.TextEditor | undefined;
  private queue: Promise<void> = Promise.resolve();
  private sequence = 0;
  private touched = false;

  /** Remember where the user is now. */
  constructor() {
    const editor = vscode.window.activeTextEditor;
    const group = vscode.window.tabGroups.activeTabGroup;
    this.column = group.viewColumn;
    this.before = new Set(group.tabs.flatMap((tab) => textUri(tab) ?? []));
    this.previewBefore = group.tabs.filter((tab) => tab.isPreview).map(textUri)[0];
    this.origin =
      editor === undefined || group.activeTab === undefined || textUri(group.activeTab) === undefined
        ? undefined
        : {
            document: editor.document,
            column: editor.viewColumn,
            selections: editor.selections,
            visible: editor.visibleRanges[0],
            isPreview: group.activeTab.isPreview,
          };
  }

  /** Show a hit without taking the focus; a newer call supersedes. */
  show(hit: Hit): Promise<void> {
    const sequence = ++this.sequence;
    return this.enqueue(async () => {
      if (sequence !== this.sequence) {
        return;
      }
      const document = await vscode.workspace.openTextDocument(vscode.Uri.parse(hit.uri, true));
      if (sequence !== this.sequence) {
        return;
      }
      this.touched = true;
      const editor = await vscode.window.showTextDocument(document, {
        viewColumn: this.origin?.column ?? this.column,
        preserveFocus: true,
        preview: true,
      });
      const range = toRange(hit.range);
      const last = Math.max(range.start.line, range.end.line - (range.end.character === 0 ? 1 : 0));
      this.clear();
      editor.setDecorations(this.decoration, [new vscode.Range(range.start.line, 0, last, 0)]);
      this.decorated = editor;
      // The list covers the upper half: in the centre, a function begins just below it.
      editor.revealRange(new vscode.Range(range.start, range.start), vscode.TextEditorRevealType.InCenter);
    });
  }

  /** Put back the editor, its selection and its scroll position, and the tabs. */
  restore(): Promise<void> {
    this.sequence++;
    return this.enqueue(async () => {
      this.clear();
      if (!this.touched) {
        return;
      }
      await this.closeOwn(undefined);
      await this.reopenPreview();
      if (this.origin !== undefined) {
        const { document, column, selections, visible, isPreview } = this.origin;
        const editor = await vscode.window.showTextDocument(document, {
          ...(column === undefined ? {} : { viewColumn: column }),
          preview: isPreview,
        });
        editor.selections = selections;
        if (visible !== undefined) {
          editor.revealRange(new vscode.Range(visible.start, visible.start), vscode.TextEditorRevealType.AtTop);
        }
      }
    });
  }

  /** Open a hit for good, with the cursor on its name. */
  open(hit: Hit, beside = false): Promise<void> {
    this.sequence++;
    return this.enqueue(async () => {
      this.clear();
      await openHit(hit, beside ? vscode.ViewColumn.Beside : (this.origin?.column ?? this.column));
      if (this.touched) {
        await this.closeOwn(hit.uri);
      }
    });
  }

  /** Shows nothing any more; decorations go with their type. */
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

  /** Close the tabs that previews opened, but for the one of a file. */
  private async closeOwn(kept: string | undefined): Promise<void> {
    const keptUri = kept === undefined ? undefined : vscode.Uri.parse(kept, true).toString();
    const group = vscode.window.tabGroups.all.find((one) => one.viewColumn === (this.origin?.column ?? this.column));
    const own = (group?.tabs ?? []).filter((tab) => {
      const uri = textUri(tab);
      return tab.isPreview && !tab.isDirty && uri !== undefined && uri !== keptUri && !this.before.has(uri);
    });
    if (own.length > 0) {
      await vscode.window.tabGroups.close(own, true);
    }
  }

  /** A group has one preview tab; if ours took the place of another, that one comes back. */
  private async reopenPreview(): Promise<void> {
    const lost = this.previewBefore;
    if (lost === undefined || lost === this.origin?.document.uri.toString()) {
      return;
    }
    const there = vscode.window.tabGroups.all.flatMap((group) => group.tabs).some((tab) => textUri(tab) === lost);
    if (!there) {
      const document = await vscode.workspace.openTextDocument(vscode.Uri.parse(lost, true));
      await vscode.window.showTextDocument(document, { viewColumn: this.column, preserveFocus: true, preview: true });
    }
  }
}

/** Open a hit in an editor, with the cursor on its name. */
export async function openHit(
  hit: Hit,
  column: vscode.ViewColumn,
  options: { readonly at?: vscode.Position; readonly preview?: boolean; readonly preserveFocus?: boolean } = {},
): Promise<vscode.TextEditor> {
  const document = await vscode.workspace.openTextDocument(vscode.Uri.parse(hit.uri, true));
  const at = document.validatePosition(options.at ?? toRange(hit.selectionRange).start);
  return vscode.window.showTextDocument(document, {
    viewColumn: column,
    selection: new vscode.Range(at, at),
    preview: options.preview ?? false,
    preserveFocus: options.preserveFocus ?? false,
  });
}
