/** Whatever one changes in a spec, the compiler answers with diagnostics or with code: passes, gradients and text included. */
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { strippedWithMap } from "../../../src/cli/loader.ts";
import { compile } from "../../../src/codegen/compile.ts";
import type { SourceFile } from "../../../src/parser/diagnostic.ts";
import { Random } from "../kit.ts";
import { library } from "./kit.ts";
import { mutate } from "./mutations.ts";

const seed = Number(process.env.MEMC_SEED ?? 20_240_711);
const count = Number(process.env.MEMC_MUTATIONS ?? 8);

const timeout = 60_000 + count * 1_000;
const written = { version: "test", hash: "0".repeat(64) };

const specs = readdirSync("specs").filter((name) => name.endsWith(".mem"));
const textOf = (path: string): string => readFileSync(path, "utf8");

describe(`${count} random changes of one token (MEMC_SEED=${seed}, MEMC_MUTATIONS=${count})`, () => {
  test.for(specs)("of %s", { timeout }, (name) => {
    return tryAll(textOf(`specs/${name}`), (text) => [...library, { path: "spec.mem", text }]);
  });

  test.for(library)("of $path", { timeout }, ({ path, text: whole }) => {
    const user =
      specs.find((name) => textOf(`specs/${name}`).length > 0 && uses(name, path)) ??
      "memformer.mem";
    const spec = { path: "spec.mem", text: textOf(`specs/${user}`) };
    return tryAll(whole, (text) => [
      ...library.map((file) => (file.path === path ? { path, text } : file)),
      spec,
    ]);
  });
});

/** Whether a spec mentions a block of a library file. */
function uses(spec: string, path: string): boolean {
  const text = library.find((file) => file.path === path)?.text ?? "";
  const names = [...text.matchAll(/^(?:block|memory) (\w+)/gm)].map(([, name]) => name);
  return names.some((name) => new RegExp(`\\b${name}\\(`).test(textOf(`specs/${spec}`)));
}

async function tryAll(
  text: string,
  sources: (mutated: string) => readonly SourceFile[],
): Promise<void> {
  const random = new Random(seed);
  for (let i = 0; i < count; i++) {
    const mutated = mutate(text, random);
    try {
      const { diagnostics, files } = await compile(sources(mutated), "spec.mem", written);
      const failed = diagnostics.some(({ severity }) => severity === "error");
      expect(files === undefined, mutated).toBe(failed);
      // What was written can be read: it is what `memc train` does first.
      for (const file of files ?? []) await strippedWithMap(file);
    } catch (error) {
      throw new Error(`Change ${i} of seed ${seed} gives no answer:\n${mutated}`, { cause: error });
    }
  }
}
