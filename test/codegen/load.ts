/** Runs generated text as a program would: transpiled, with the runtime it imports. */
import { transformSync } from "esbuild";
import * as runtime from "../../src/runtime/index.ts";

/** The exports of a generated file. */
export function load(text: string): Readonly<Record<string, unknown>> {
  const { code } = transformSync(text, { loader: "ts", format: "cjs" });
  const module: { exports: Record<string, unknown> } = { exports: {} };
  const require = (name: string) => {
    if (name !== "memc/runtime") throw new Error(`Generated code imports ${name}.`);
    return runtime;
  };
  new Function("module", "exports", "require", code)(module, module.exports, require);
  return module.exports;
}
