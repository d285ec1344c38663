// "Find Clones of This Function": the code that is written again elsewhere, in the results view.

import * as vscode from "vscode";
import { t } from "./l10n";
import { CLONES, type ClonesAnswer, type Hit, type SimilarParams } from "./protocol";
import type { Question } from "./resultsModel";
import type { Server } from "./server";
import { placeOf } from "./similar";

/** Show the clones of the function at the cursor, the smallest difference first. */
export async function listClones(
  server: Server,
  keep: (question: Question, hits: readonly Hit[]) => Promise<void>,
  argument?: unknown,
): Promise<void> {
  const place = placeOf(argument);
  if (place === undefined) {
    void vscode.window.showInformationMessage(t("Open a file and place the cursor in a function first."));
    return;
  }
  const params: SimilarParams = {
    textDocument: { uri: place.uri.toString() },
    position: { line: place.position.line, character: place.position.character },
  };
  // It reads all files of the language: seconds in a large folder.
  const answer = await vscode.window.withProgress(
    { location: vscode.ProgressLocation.Notification, title: t("Looking for clones"), cancellable: true },
    (_progress, token) => server.request<ClonesAnswer>(CLONES, params, token),
  );
  if (answer.of === null || answer.hits.length === 0) {
    const nothing =
      answer.of === null ? t("Codesearch knows no function at the cursor.") : t("{0} has no clones.", answer.of.qualname);
    void vscode.window.showInformationMessage(answer.message === "" ? nothing : answer.message);
    return;
  }
  await keep({ kind: "clones", name: answer.of.qualname, ...params.textDocument, position: params.position }, answer.hits);
}
