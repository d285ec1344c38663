// What `codesearch status --skipped --format json` says, as a page.

import { t } from "./l10n";

export interface SkippedReport {
  readonly root: string;
  readonly exists: boolean;
  readonly files: number;
  readonly symbols: number;
  readonly skipped: Readonly<Record<string, number>>;
  readonly other_files: Readonly<Record<string, number>>;
  readonly notes: readonly string[];
  readonly skipped_files: readonly { readonly path: string; readonly reason: string; readonly detail: string }[];
}

/** Files that are listed by name, for each reason; a monorepo has more than anybody reads. */
const LISTED = 2000;

function why(reason: string): string {
  switch (reason) {
    case "too large":
      return t("larger than the setting max_file_size");
    case "binary":
      return t("hold NUL bytes or mostly control characters");
    case "minified":
      return t("packed by a machine; the setting index_minified brings them in");
    case "generated":
      return t("say that they are generated; the setting index_generated brings them in");
    case "unreadable":
      return t("cannot be opened");
    case "excluded":
      return t("left out by include, exclude, languages or .codesearchignore");
    case "encoding":
      return t("no text in a known encoding");
    case "parse timeout":
      return t("not parsed within the setting parse_timeout");
    case "parse failed":
      return t("the parser crashed");
    default:
      return "";
  }
}

/** Read the program's output. Throws if it is something else. */
export function readReport(output: string): SkippedReport {
  const value = JSON.parse(output) as Partial<SkippedReport> | null;
  if (typeof value?.root !== "string" || !Array.isArray(value.skipped_files)) {
    throw new Error(t("The server's program gave an answer that cannot be read"));
  }
  return value as SkippedReport;
}

/** The report as Markdown. */
export function skippedPage(name: string, report: SkippedReport): string {
  const lines = [`# ${t("What is left out of the index of {0}", name)}`, ""];
  lines.push(
    report.exists
      ? t("{0} files are indexed.", report.files)
      : t("There is no index yet."),
    "",
  );
  for (const note of report.notes) {
    lines.push(`> ${note}`, "");
  }
  const reasons = Object.entries(report.skipped).sort(([, a], [, b]) => b - a);
  for (const [reason, count] of reasons) {
    const explained = why(reason);
    lines.push(`## ${reason} (${count})`, "");
    if (explained !== "") {
      lines.push(explained, "");
    }
    const files = report.skipped_files.filter((file) => file.reason === reason);
    for (const file of files.slice(0, LISTED)) {
      lines.push(`- \`${file.path}\`${file.detail === "" ? "" : `: ${file.detail}`}`);
    }
    if (files.length > LISTED) {
      lines.push(`- ${t("and {0} more", files.length - LISTED)}`);
    }
    lines.push("");
  }
  if (reasons.length === 0) {
    lines.push(t("No file of a known language is left out."), "");
  }
  const others = Object.entries(report.other_files).sort(([, a], [, b]) => b - a);
  if (others.length > 0) {
    lines.push(`## ${t("No known language")}`, "");
    for (const [ending, count] of others) {
      lines.push(`- ${ending === "" ? t("without an ending") : `\`${ending}\``}: ${count}`);
    }
    lines.push("");
  }
  lines.push(t("What git ignores is not counted."), "");
  return lines.join("\n");
}
