// Collects the texts of `t("...")` into l10n/bundle.l10n.json, which translators start from.
// `node scripts/l10n.mjs` writes the file; with `--check`, it only checks that the file is up to date.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import ts from "typescript";

const BUNDLE = "l10n/bundle.l10n.json";

/** The first argument of each call of t() in a source file; it must be a literal, so that it can be translated. */
function texts(file) {
  const source = ts.createSourceFile(file, readFileSync(file, "utf8"), ts.ScriptTarget.Latest, true);
  const found = [];
  const visit = (node) => {
    if (ts.isCallExpression(node) && ts.isIdentifier(node.expression) && node.expression.text === "t") {
      const [first] = node.arguments;
      if (first === undefined || !ts.isStringLiteralLike(first)) {
        const { line } = source.getLineAndCharacterOfPosition(node.getStart());
        throw new Error(`${file}:${line + 1}: the text of t() must be a literal`);
      }
      found.push(first.text);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

const all = readdirSync("src")
  .filter((name) => name.endsWith(".ts"))
  .flatMap((name) => texts(`src/${name}`));
const wanted = `${JSON.stringify(Object.fromEntries([...new Set(all)].sort().map((text) => [text, text])), undefined, 2)}\n`;
if (!process.argv.includes("--check")) {
  writeFileSync(BUNDLE, wanted);
} else if (readFileSync(BUNDLE, "utf8") !== wanted) {
  console.error(`${BUNDLE} is out of date: npm run l10n`);
  process.exitCode = 1;
}
