// The results view: keeps the answers to a search, grouped by file.

import * as vscode from "vscode";
import { describe, queryParams } from "./filters";
import { rootName, shownRoot } from "./folders";
import { t } from "./l10n";
import { icon, lineText, percent, shortName, spoken, summary } from "./present";
import { openHit } from "./preview";
import { type Answer, CLONES, type Hit, QUERY, SIMILAR, type SimilarAnswer } from "./protocol";
import { byFile, type FileGroup, type Kept, links, type Question, readKept, relocate, without } from "./resultsModel";
import type { Server } from "./server";

export const VIEW = "codesearch.results";
const KEY = "results";
const LIMIT = 100;
/** The number of characters for a name, so that the line beside it is visible in a side bar of the usual width. */
const NAME_WIDTH = 24;

interface FileNode {
  readonly kind: "file";
  readonly group: FileGroup;
}

interface HitNode {
  readonly kind: "hit";
  readonly hit: Hit;
  readonly parent: FileNode;
}

type Node = FileNode | HitNode;

export class Results implements vscode.TreeDataProvider<Node>, vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<undefined>();
  private readonly view: vscode.TreeView<Node>;
  private kept: Kept | undefined;
  private nodes: readonly FileNode[] = [];
  private children = new Map<FileNode, readonly HitNode[]>();

  readonly onDidChangeTreeData = this.changed.event;

  constructor(
    private readonly server: Server,
    private readonly memento: vscode.Memento,
  ) {
    this.view = vscode.window.createTreeView(VIEW, {
      treeDataProvider: this,
      canSelectMany: true,
      showCollapseAll: true,
    });
    this.kept = readKept(memento.get(KEY));
    this.refresh();
  }

  /** The kept search, if any. */
  get current(): Kept | undefined {
    return this.kept;
  }

  /** Keep a search and show it. */
  async keep(question: Question, hits: readonly Hit[]): Promise<void> {
    await this.set({ question, hits });
    const first = this.nodes[0];
    const best = first === undefined ? undefined : this.children.get(first)?.[0];
    if (best === undefined) {
      await vscode.commands.executeCommand(`${VIEW}.focus`);
    } else {
      await this.view.reveal(best, { focus: true, select: true, expand: true });
    }
  }

  /** Ask the kept question again. */
  async rerun(): Promise<void> {
    const question = this.kept?.question;
    if (question === undefined) {
      return;
    }
    const answer = await vscode.window.withProgress({ location: { viewId: VIEW } }, (_progress, token) =>
      this.ask(question, token),
    );
    await this.set({ question, hits: answer.hits });
    if (answer.message !== "") {
      this.view.message = `${this.view.message ?? ""}\n${answer.message}`.trim();
    }
  }

  private ask(question: Question, token: vscode.CancellationToken): Promise<Answer> {
    if (question.kind !== "query") {
      const { uri, position } = question;
      const method = question.kind === "similar" ? SIMILAR : CLONES;
      return this.server.request<SimilarAnswer>(method, { textDocument: { uri }, position }, token);
    }
    const limit = Math.max(LIMIT, this.kept?.hits.length ?? 0);
    const params = queryParams(question.text, question.filters, limit, "results");
    return this.server.request<Answer>(QUERY, params, token);
  }

  async clear(): Promise<void> {
    await this.set(undefined);
  }

  async dismiss(nodes: readonly Node[]): Promise<void> {
    if (this.kept === undefined || nodes.length === 0) {
      return;
    }
    const next = this.neighbour(nodes);
    const hits = nodes.flatMap((node) => (node.kind === "hit" ? [node.hit] : []));
    const files = nodes.flatMap((node) => (node.kind === "file" ? [node.group.uri] : []));
    await this.set(without(this.kept, hits, files));
    const found = next === undefined ? undefined : this.find(next);
    if (found !== undefined && this.view.visible) {
      await this.view.reveal(found, { focus: true, select: true });
    }
  }

  /** The hit after the dismissed nodes, or else the one before them: it gets the focus. */
  private neighbour(nodes: readonly Node[]): Hit | undefined {
    const gone = new Set(nodes.flatMap((node) => (node.kind === "hit" ? [node.hit] : node.group.hits)));
    const all = this.nodes.flatMap((node) => node.group.hits);
    const last = all.findLastIndex((hit) => gone.has(hit));
    return all.slice(last + 1).find((hit) => !gone.has(hit)) ?? all.slice(0, Math.max(0, last)).findLast((hit) => !gone.has(hit));
  }

  private find(hit: Hit): HitNode | undefined {
    return [...this.children.values()].flat().find((node) => node.hit === hit);
  }

  async copy(nodes: readonly Node[]): Promise<void> {
    const hits = nodes.flatMap((node) => (node.kind === "hit" ? [node.hit] : node.group.hits));
    await this.copyHits([...new Set(hits)]);
  }

  async copyAll(): Promise<void> {
    await this.copyHits(this.nodes.flatMap((node) => node.group.hits));
  }

  private async copyHits(hits: readonly Hit[]): Promise<void> {
    if (hits.length > 0) {
      await vscode.env.clipboard.writeText(links(hits, (hit) => shownRoot(hit.root)));
      const said = hits.length === 1 ? t("1 link copied") : t("{0} links copied", hits.length);
      vscode.window.setStatusBarMessage(said, 3000);
    }
  }

  async open(node: Node | undefined, beside = false): Promise<void> {
    if (node?.kind !== "hit") {
      return;
    }
    const { hit } = node;
    await openHit(hit, beside ? vscode.ViewColumn.Beside : vscode.ViewColumn.Active, {
      // A notebook looks for the name in the cell.
      ...(hit.cell === undefined ? { at: await current(hit) } : {}),
      preview: !beside,
      preserveFocus: false,
    });
  }

  /**
   * The nodes that a command applies to: the whole selection, if it contains the node that the command was called for.
   *
   * Menus pass the node and the selection. Keys pass the focused node, because package.json asks for it with
   * `$focusedTreeItem`, which VS Code uses between its own processes; the API offers no other way.
   */
  chosen(called: unknown, selected: unknown): readonly Node[] {
    const node = isNode(called) ? called : undefined;
    const all = Array.isArray(selected) ? selected.filter(isNode) : this.view.selection;
    if (node === undefined) {
      return all;
    }
    return all.includes(node) ? all : [node];
  }

  // -- the tree ----------------------------------------------------------------------------------

  getChildren(node?: Node): Node[] {
    if (node === undefined) {
      return [...this.nodes];
    }
    return node.kind === "file" ? [...(this.children.get(node) ?? [])] : [];
  }

  getParent(node: Node): Node | undefined {
    return node.kind === "hit" ? node.parent : undefined;
  }

  getTreeItem(node: Node): vscode.TreeItem {
    return node.kind === "file" ? this.fileItem(node) : this.hitItem(node);
  }

  private fileItem({ group }: FileNode): vscode.TreeItem {
    const uri = vscode.Uri.parse(group.uri, true);
    const item = new vscode.TreeItem(uri, vscode.TreeItemCollapsibleState.Expanded);
    const root = shownRoot(group.root);
    const folder = group.path.split("/").slice(0, -1).join("/");
    item.id = group.uri;
    item.contextValue = "file";
    item.description = [root, folder].filter((text) => text !== "").join("/");
    item.iconPath = vscode.ThemeIcon.File;
    item.tooltip = uri.fsPath;
    const count = group.hits.length === 1 ? t("1 result") : t("{0} results", group.hits.length);
    item.accessibilityInformation = { label: t("{0}, {1}", group.path, count) };
    return item;
  }

  private hitItem(node: HitNode): vscode.TreeItem {
    const { hit } = node;
    const item = new vscode.TreeItem(shortName(hit, NAME_WIDTH), vscode.TreeItemCollapsibleState.None);
    item.contextValue = "hit";
    item.description = `:${lineText(hit)}  ${summary(hit)}`;
    item.iconPath =
      hit.weak === true
        ? new vscode.ThemeIcon(icon(hit.kind), new vscode.ThemeColor("disabledForeground"))
        : new vscode.ThemeIcon(icon(hit.kind));
    item.tooltip = tooltip(hit);
    item.command = { command: "codesearch.results.open", title: t("Open"), arguments: [node] };
    item.accessibilityInformation = { label: spoken(hit) };
    return item;
  }

  private async set(kept: Kept | undefined): Promise<void> {
    this.kept = kept;
    this.refresh();
    await this.memento.update(KEY, kept);
  }

  private refresh(): void {
    const groups = byFile(this.kept?.hits ?? []);
    this.nodes = groups.map((group) => ({ kind: "file", group }));
    this.children = new Map(
      this.nodes.map((parent) => [parent, parent.group.hits.map((hit) => ({ kind: "hit", hit, parent }))]),
    );
    const question = this.kept?.question;
    if (question === undefined) {
      // Assigned, not deleted: `message` is an accessor, and without it VS Code sees no later message.
      (this.view as { message: string | undefined }).message = undefined;
    } else if (this.nodes.length === 0) {
      this.view.message = t("Nothing found, or everything dismissed: {0}", said(question));
    } else {
      this.view.message = said(question);
    }
    void vscode.commands.executeCommand("setContext", "codesearch.hasResults", this.kept !== undefined);
    this.changed.fire(undefined);
  }

  dispose(): void {
    this.view.dispose();
    this.changed.dispose();
  }
}

/** Where the name of a hit is now: the file may have been edited since the search. */
async function current(hit: Hit): Promise<vscode.Position> {
  const document = await vscode.workspace.openTextDocument(vscode.Uri.parse(hit.uri, true));
  const { start } = hit.selectionRange;
  const name = hit.kind === "module" ? "" : hit.name;
  const row = relocate(document.getText().split(/\r\n|\r|\n/), start.line, name);
  const column = row === start.line ? start.character : Math.max(0, document.lineAt(row).text.indexOf(name));
  return new vscode.Position(row, column);
}

function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && "kind" in value && (value.kind === "file" || value.kind === "hit");
}

/** A question as text. */
function said(question: Question): string {
  if (question.kind !== "query") {
    return question.kind === "similar" ? t("Similar to {0}", question.name) : t("Clones of {0}", question.name);
  }
  const filters = describe(question.filters, rootName);
  return filters === "" ? t("“{0}”", question.text) : t("“{0}” ({1})", question.text, filters);
}

function tooltip(hit: Hit): vscode.MarkdownString {
  const text = new vscode.MarkdownString();
  text.appendCodeblock(hit.signature, hit.language);
  if (hit.qualname !== hit.name) {
    text.appendText(hit.qualname);
    text.appendMarkdown("\n\n");
  }
  if (hit.documentation !== "") {
    text.appendText(hit.documentation);
    text.appendMarkdown("\n\n");
  }
  text.appendText(`${hit.path}:${lineText(hit)} · ${percent(hit.score)}`);
  return text;
}
