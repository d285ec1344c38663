// Translated texts. Modules that do not import `vscode` use this too; the extension connects it to VS Code's translations.

export type Value = string | number | boolean;
type Translate = (message: string, ...values: Value[]) => string;

/** Replace `{0}`, `{1}`, ... by values. */
export function fill(message: string, ...values: Value[]): string {
  return message.replace(/\{(\d+)\}/g, (whole, index: string) => String(values[Number(index)] ?? whole));
}

let translate: Translate = fill;

/** Set the function that translates. */
export function setTranslate(given: Translate): void {
  translate = given;
}

/** The text in the user's language. `npm run l10n` collects the first argument, a literal, of each call. */
export function t(message: string, ...values: Value[]): string {
  return translate(message, ...values);
}
