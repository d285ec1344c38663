// One file for the extension, one for each test file. `node esbuild.mjs [--tests] [--watch]`
import { build, context } from "esbuild";
import { readdirSync } from "node:fs";

const tests = process.argv.includes("--tests");
const watch = process.argv.includes("--watch");

const shared = {
  bundle: true,
  platform: "node",
  format: "cjs",
  target: "node20",
  external: ["vscode"],
  logLevel: "warning",
};

const files = (folder, ending) =>
  readdirSync(folder)
    .filter((name) => name.endsWith(ending))
    .map((name) => `${folder}/${name}`);

const jobs = [
  {
    ...shared,
    entryPoints: ["src/extension.ts"],
    outfile: "dist/extension.js",
    minify: !watch,
    sourcemap: watch,
    legalComments: "none",
    mainFields: ["module", "main"],
  },
];
if (tests) {
  jobs.push(
    { ...shared, entryPoints: files("test/unit", ".test.ts"), outdir: "out/unit", sourcemap: "inline" },
    { ...shared, entryPoints: ["test/host/index.ts"], outfile: "out/host/index.js", sourcemap: "inline" },
  );
}

if (watch) {
  for (const job of jobs) await (await context(job)).watch();
} else {
  await Promise.all(jobs.map((job) => build(job)));
}
