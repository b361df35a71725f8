/** What the benchmarks of generated code share: the compiler and the runtime of the sources as one module, and a spec's training program. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build, transform } from "esbuild";

export const root = fileURLToPath(new URL("..", import.meta.url));

/** Bundles `compile`, `passes` and `runtime` into a folder, from where compiled code must be able to resolve packages. */
export async function bundleCompiler(folder) {
  await build({
    stdin: {
      contents: `
        export { compile } from "./src/codegen/compile.ts";
        export { passes } from "./src/ir/passes/index.ts";
        export * as runtime from "./src/runtime/index.ts";`,
      resolveDir: root,
      loader: "ts",
    },
    bundle: true,
    platform: "node",
    format: "esm",
    packages: "external",
    outfile: join(folder, "memc.mjs"),
  });
}

/** The module of `bundleCompiler`. */
export function loadCompiler(folder) {
  return import(pathToFileURL(join(folder, "memc.mjs")).href);
}

/** `ADDRESS=VALUE` pairs as the compiler takes them; a value may hold another `=`. */
export function settingsOf(pairs) {
  return Object.fromEntries(
    pairs.map((pair) => {
      const [address] = pair.split("=", 1);
      return [address, pair.slice(address.length + 1)];
    }),
  );
}

/** The training program of a spec's text, compiled and loaded with the runtime of the bundle in `folder`; `name` is its file's. */
export async function trainingProgram(folder, name, { main, text, settings, passes }) {
  const { compile } = await loadCompiler(folder);
  const library = join(root, "specs", "std");
  const sources = readdirSync(library).map((file) => ({
    path: `std/${file}`,
    text: readFileSync(join(library, file), "utf8"),
  }));
  const { diagnostics, files } = await compile([...sources, { path: main, text }], main, {
    version: "bench",
    hash: "",
    settings,
    ...(passes === undefined ? {} : { passes }),
  });
  const written = files?.find(({ path }) => path.endsWith(".train.ts"));
  if (written === undefined) throw new Error(`${main}: ${JSON.stringify(diagnostics)}`);
  const { code } = await transform(written.text, { loader: "ts", format: "esm" });
  // The one copy of the runtime is in the bundle, under a name of its own.
  const imported = /import \{([^}]*)\} from "memc\/runtime";/;
  const linked = 'import { runtime } from "./memc.mjs";\nconst {$1} = runtime;';
  const file = join(folder, `${name}.mjs`);
  writeFileSync(file, code.replace(imported, linked));
  const { training } = await import(pathToFileURL(file).href);
  return training;
}
