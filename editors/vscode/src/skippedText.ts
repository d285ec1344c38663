// The output of `codesearch status --skipped --format json` as a page.

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

/** The maximum number of files to list for each reason. */
const LISTED = 2000;

function why(reason: string): string {
  switch (reason) {
    case "too large":
      return t("larger than the setting max_file_size");
    case "binary":
      return t("contain NUL bytes or mostly control characters");
    case "minified":
      return t("minified; set index_minified to include them");
    case "generated":
      return t("declare that they are generated; set index_generated to include them");
    case "unreadable":
      return t("cannot be read");
    case "excluded":
      return t("excluded by include, exclude, languages or .codesearchignore");
    case "encoding":
      return t("not text in a known encoding");
    case "parse timeout":
      return t("not parsed within the time limit (the setting parse_timeout)");
    case "parse failed":
      return t("crashed the parser");
    case "no grammar":
      return t("the grammar of the language is not installed");
    default:
      return "";
  }
}

/** Read the program's output. Throws if it is not such a report. */
export function readReport(output: string): SkippedReport {
  const value = JSON.parse(output) as Partial<SkippedReport> | null;
  if (typeof value?.root !== "string" || !Array.isArray(value.skipped_files)) {
    throw new Error(t("codesearch status returned an unexpected answer"));
  }
  return value as SkippedReport;
}

/** The report as Markdown. */
export function skippedPage(name: string, report: SkippedReport): string {
  const lines = [`# ${t("What was left out of the index of {0}", name)}`, ""];
  lines.push(
    !report.exists
      ? t("There is no index yet.")
      : report.files === 1
        ? t("1 file is indexed.")
        : t("{0} files are indexed.", report.files),
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
    lines.push(t("No file in a known language was left out."), "");
  }
  const others = Object.entries(report.other_files).sort(([, a], [, b]) => b - a);
  if (others.length > 0) {
    lines.push(`## ${t("Unknown languages")}`, "");
    for (const [ending, count] of others) {
      lines.push(`- ${ending === "" ? t("without an extension") : `\`${ending}\``}: ${count}`);
    }
    lines.push("");
  }
  lines.push(t("Files that git ignores are not counted."), "");
  return lines.join("\n");
}
