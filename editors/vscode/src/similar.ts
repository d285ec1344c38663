// "Find Similar Functions": code similar to the function at the cursor, in the peek view or the results view.

import * as vscode from "vscode";
import { t } from "./l10n";
import { cellOf, toRange } from "./notebooks";
import { type Hit, SIMILAR, type SimilarAnswer, type SimilarParams } from "./protocol";
import type { Question } from "./resultsModel";
import type { Server } from "./server";

const LIMIT = 20;

export interface Place {
  readonly uri: vscode.Uri;
  readonly position: vscode.Position;
}

/** The place to start from: the argument of the code action, or else the cursor. */
export function placeOf(argument: unknown): Place | undefined {
  const given = argument as Partial<SimilarParams> | undefined;
  if (typeof given?.textDocument?.uri === "string" && typeof given.position?.line === "number") {
    return {
      uri: vscode.Uri.parse(given.textDocument.uri, true),
      position: new vscode.Position(given.position.line, given.position.character),
    };
  }
  const editor = vscode.window.activeTextEditor;
  return editor === undefined ? undefined : { uri: editor.document.uri, position: editor.selection.active };
}

/** The answer, and the question for the results view. Shows a message and returns undefined if nothing was found. */
async function ask(
  server: Server,
  place: Place | undefined,
): Promise<{ readonly answer: SimilarAnswer; readonly question: Question } | undefined> {
  if (place === undefined) {
    void vscode.window.showInformationMessage(t("Open a file and place the cursor in a function first."));
    return undefined;
  }
  const params: SimilarParams = {
    textDocument: { uri: place.uri.toString() },
    position: { line: place.position.line, character: place.position.character },
    limit: LIMIT,
  };
  const answer = await vscode.window.withProgress(
    { location: vscode.ProgressLocation.Window, title: t("Looking for similar functions") },
    (_progress, token) => server.request<SimilarAnswer>(SIMILAR, params, token),
  );
  if (answer.of === null || answer.hits.length === 0) {
    const nothing = answer.of === null ? t("Codesearch knows no function at the cursor.") : t("No similar functions found.");
    void vscode.window.showInformationMessage(answer.message === "" ? nothing : answer.message);
    return undefined;
  }
  const question: Question = { kind: "similar", name: answer.of.qualname, uri: params.textDocument.uri, position: params.position };
  return { answer, question };
}

/** Where the peek view shows a hit: in a notebook, in its cell. */
async function locationOf(hit: Hit): Promise<vscode.Location> {
  const found = await cellOf(hit);
  return found === undefined
    ? new vscode.Location(vscode.Uri.parse(hit.uri, true), toRange(hit.selectionRange))
    : new vscode.Location(found.cell.document.uri, found.at);
}

/** Show it in the peek view, below the function. */
export async function peekSimilar(server: Server, argument?: unknown): Promise<void> {
  const place = placeOf(argument);
  const found = await ask(server, place);
  if (found === undefined || place === undefined) {
    return;
  }
  const { hits } = found.answer;
  const locations = await Promise.all(hits.filter((hit) => hit.weak !== true).map(locationOf));
  await vscode.window.showTextDocument(place.uri, { preserveFocus: false });
  await vscode.commands.executeCommand("editor.action.peekLocations", place.uri, place.position, locations, "peek");
}

/** Show it in the results view, best first. */
export async function listSimilar(
  server: Server,
  keep: (question: Question, hits: SimilarAnswer["hits"]) => Promise<void>,
  argument?: unknown,
): Promise<void> {
  const found = await ask(server, placeOf(argument));
  if (found !== undefined) {
    await keep(found.question, found.answer.hits);
  }
}
