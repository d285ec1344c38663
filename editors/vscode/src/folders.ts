// The names of workspace folders.

import * as vscode from "vscode";

/** The name of a workspace folder; the last part of its URI if it is not open. */
export function rootName(uri: string): string {
  const parsed = vscode.Uri.parse(uri, true);
  const folder = vscode.workspace.workspaceFolders?.find((one) => one.uri.toString() === parsed.toString());
  return folder?.name ?? parsed.path.replace(/\/+$/, "").split("/").pop() ?? uri;
}

/** The name of a hit's folder, or empty if it is obvious because it is the only open folder. */
export function shownRoot(uri: string): string {
  const folders = vscode.workspace.workspaceFolders ?? [];
  const only = folders.length === 1 ? folders[0] : undefined;
  return only !== undefined && only.uri.toString() === vscode.Uri.parse(uri, true).toString() ? "" : rootName(uri);
}
