/** Whatever one changes in a spec, the checker answers with diagnostics or with a model. */
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { check } from "../../../src/ir/check/check.ts";
import type { SourceFile } from "../../../src/parser/diagnostic.ts";
import { Random } from "../kit.ts";
import { library } from "./kit.ts";
import { mutate } from "./mutations.ts";

const seed = Number(process.env.MEMC_SEED ?? 20_240_711);
const count = Number(process.env.MEMC_MUTATIONS ?? 12);

const specs = readdirSync("specs").filter((name) => name.endsWith(".mem"));
const textOf = (path: string): string => readFileSync(path, "utf8");

describe(`${count} random changes of one token (MEMC_SEED=${seed}, MEMC_MUTATIONS=${count})`, () => {
  test.for(specs)("of %s", (name) => {
    tryAll(textOf(`specs/${name}`), (text) => [...library, { path: "spec.mem", text }]);
  });

  test.for(library)("of $path", ({ path, text: whole }) => {
    const user =
      specs.find((name) => textOf(`specs/${name}`).length > 0 && uses(name, path)) ??
      "memformer.mem";
    const spec = { path: "spec.mem", text: textOf(`specs/${user}`) };
    tryAll(whole, (text) => [
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

function tryAll(text: string, sources: (mutated: string) => readonly SourceFile[]): void {
  const random = new Random(seed);
  for (let i = 0; i < count; i++) {
    const mutated = mutate(text, random);
    try {
      const { diagnostics, model } = check(sources(mutated), "spec.mem");
      const failed = diagnostics.some(({ severity }) => severity === "error");
      expect(model === undefined, mutated).toBe(failed);
    } catch (error) {
      throw new Error(`Change ${i} of seed ${seed} gives no answer:\n${mutated}`, { cause: error });
    }
  }
}
