// Texts for people. Modules without `vscode` use this too; the extension puts VS Code's translations behind it.

export type Value = string | number | boolean;
type Translate = (message: string, ...values: Value[]) => string;

/** Put values into `{0}`, `{1}`, ... */
export function fill(message: string, ...values: Value[]): string {
  return message.replace(/\{(\d+)\}/g, (whole, index: string) => String(values[Number(index)] ?? whole));
}

let translate: Translate = fill;

/** Take over VS Code's translations. */
export function setTranslate(given: Translate): void {
  translate = given;
}

/** The text in the user's language. `npm run l10n` collects every literal first argument into the bundle. */
export function t(message: string, ...values: Value[]): string {
  return translate(message, ...values);
}
