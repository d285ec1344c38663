// package.json, its texts and the source agree.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { LANGUAGES } from "../../src/languages.generated";

interface Property {
  readonly default?: unknown;
  readonly type?: unknown;
  readonly scope?: string;
  readonly markdownDescription?: string;
  readonly properties?: Record<string, Property & { readonly items?: { readonly enum?: readonly string[] } }>;
}

interface Manifest {
  readonly engines: { readonly vscode: string };
  readonly activationEvents: readonly string[];
  readonly devDependencies: Record<string, string>;
  readonly dependencies?: unknown;
  readonly contributes: {
    readonly commands: readonly { readonly command: string; readonly title: string; readonly category: string }[];
    readonly configuration: readonly { readonly properties: Record<string, Property> }[];
    readonly menus: Record<string, readonly { readonly command: string }[]>;
    readonly keybindings: readonly { readonly command: string; readonly key: string }[];
  };
  readonly capabilities: { readonly untrustedWorkspaces: { readonly restrictedConfigurations: readonly string[] } };
}

const manifest = JSON.parse(readFileSync("package.json", "utf8")) as Manifest;
const texts = JSON.parse(readFileSync("package.nls.json", "utf8")) as Record<string, string>;
const properties = Object.assign({}, ...manifest.contributes.configuration.map((one) => one.properties)) as Record<string, Property>;
const source = readdirSync("src").map((name) => readFileSync(`src/${name}`, "utf8")).join("\n");

describe("package.json", () => {
  it("has a text for every %key%, and no unused texts", () => {
    const used = [...readFileSync("package.json", "utf8").matchAll(/"%([^%"]+)%"/g)].map((match) => match[1]);
    assert.deepEqual([...new Set(used)].sort(), Object.keys(texts).sort());
  });

  it("names exactly the commands that the source registers", () => {
    const commands = manifest.contributes.commands.map((one) => one.command);
    const registered = [...source.matchAll(/^ {4}"(codesearch\.[\w.]+)":/gm)].map((match) => match[1]);
    assert.deepEqual([...registered, "codesearch.findSimilar"].sort(), [...commands].sort());
    for (const one of [...Object.values(manifest.contributes.menus).flat(), ...manifest.contributes.keybindings]) {
      assert.ok(commands.includes(one.command), one.command);
    }
  });

  it("gives every setting a type, a default, a scope and a description", () => {
    for (const [name, property] of Object.entries(properties)) {
      assert.ok(property.type !== undefined && "default" in property && property.scope !== undefined, name);
      assert.ok((texts[property.markdownDescription?.slice(1, -1) ?? ""] ?? "").length > 20, name);
    }
  });

  it("has a setting for each one that the source reads, and the source reads each", () => {
    const settings = readFileSync("src/settings.ts", "utf8");
    for (const name of Object.keys(properties)) {
      assert.ok(settings.includes(`"${name.slice("codesearch.".length)}"`), `${name} is not read`);
    }
    const read = [...settings.matchAll(/get\("([\w.]+)", ([^)]+)\)/g)];
    assert.ok(read.length >= 7);
    for (const [, name, fallback] of read) {
      const property = properties[`codesearch.${name}`];
      assert.ok(property !== undefined, `${name} is no setting`);
      assert.equal(JSON.stringify(property.default), fallback, `the default of ${name}`);
    }
  });

  it("offers the server's options with the server's defaults", () => {
    const table = readFileSync("../../docs/lsp.md", "utf8").split("## Options")[1]?.split("\n## ")[0] ?? "";
    const options = [...table.matchAll(/^\| `(\w+)` \| `([^`]*)` \|/gm)].map(([, name, value]) => [name, value]);
    assert.ok(options.length >= 12);
    const own = ["showSimilarCommand", "statusNotifications"]; // the extension's business
    for (const [name, value] of options.filter(([one]) => !own.includes(one ?? ""))) {
      const property = properties[`codesearch.${name}`];
      assert.ok(property !== undefined, `there is no setting for ${name}`);
      assert.equal(JSON.stringify(property.default), value, name);
    }
  });

  it("offers codesearch's own settings with their defaults", () => {
    const page = readFileSync("../../docs/configuration.md", "utf8").split("## Settings")[1]?.split("\n## ")[0] ?? "";
    const documented = new Map([...page.matchAll(/^### `(\w+)`\n\nDefault: `(.*)`$/gm)].map((match) => [match[1], match[2]]));
    assert.ok(documented.size >= 10);
    const inner = properties["codesearch.settings"]?.properties ?? {};
    for (const name of ["limit", "context", "color", "background", "remote"]) {
      documented.delete(name); // of the command only
    }
    documented.delete("db"); // one index file for all folders would be wrong
    for (const name of ["feedback", "cache", "cache_size"]) {
      documented.delete(name); // a workspace must not decide what is kept of a person's work
    }
    assert.deepEqual(Object.keys(inner).sort(), [...documented.keys()].sort());
    for (const [name, property] of Object.entries(inner)) {
      assert.equal(JSON.stringify(property.default), documented.get(name), name);
    }
    assert.deepEqual([...(inner["languages"]?.items?.enum ?? [])].sort(), [...LANGUAGES.keys()].sort());
  });

  it("does not let an untrusted workspace choose the program", () => {
    assert.ok(manifest.capabilities.untrustedWorkspaces.restrictedConfigurations.includes("codesearch.server.path"));
    assert.equal(properties["codesearch.server.path"]?.scope, "machine-overridable");
  });

  it("is not activated before it is needed", () => {
    assert.deepEqual(manifest.activationEvents, ["workspaceContains:.codesearch/index.db"]);
  });

  it("requires the VS Code version of its typings", () => {
    const typings = JSON.parse(readFileSync("node_modules/@types/vscode/package.json", "utf8")) as { version: string };
    assert.equal(manifest.engines.vscode, `^${typings.version}`);
    assert.equal(manifest.dependencies, undefined, "everything is bundled");
  });

  it("never says to install an unrelated package", () => {
    const media = readdirSync("media").filter((name) => name.endsWith(".md")).map((name) => `media/${name}`);
    for (const file of [...media, "README.md", "CHANGELOG.md", "package.nls.json", "l10n/bundle.l10n.json"]) {
      assert.doesNotMatch(readFileSync(file, "utf8"), /pipx? install (?!\.)\S+/, file);
    }
  });

  it("keeps the lock file free of private hosts", () => {
    for (const [, url] of readFileSync("package-lock.json", "utf8").matchAll(/"resolved": "([^"]+)"/g)) {
      assert.match(url ?? "", /^https:\/\/registry\.npmjs\.org\//);
    }
  });
});
