// Writes grammar/mem.ebnf from the rules of the parser; with --check only compares.
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = fileURLToPath(new URL("..", import.meta.url));
const target = `${root}/grammar/mem.ebnf`;

const { outputFiles } = await build({
  entryPoints: [`${root}/src/parser/ebnf.ts`],
  bundle: true,
  platform: "node",
  format: "esm",
  write: false,
});
const module = `data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString("base64")}`;
const { ebnf } = await import(module);

const text = ebnf();
if (!process.argv.includes("--check")) {
  writeFileSync(target, text);
} else if (readFileSync(target, "utf8") !== text) {
  console.error("grammar/mem.ebnf differs from the parser; run: node scripts/grammar.mjs");
  process.exitCode = 1;
}
