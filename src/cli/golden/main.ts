/**
 * Compares memc with what reference runs gave: golden cases, through the generated TypeScript.
 *
 *   npm run golden -- DIR [--engine reference|onnx] [--only GLOB] [--no-passes]
 */

import { parseArgs } from "node:util";
import { createOnnxEngine, EngineMissingError, referenceEngine } from "memc/runtime";
import { exitCode, InputError, UsageError } from "../exit.ts";
import { type CaseResult, findCases, runCase } from "./runner.ts";

const usage = "npm run golden -- DIR [--engine reference|onnx] [--only GLOB] [--no-passes]";

/** Runs the cases below the folders named in `argv`; gives the exit code. */
export async function golden(
  argv: readonly string[],
  print: (line: string) => void,
): Promise<number> {
  try {
    const { folders, engine, only, passes } = parse(argv);
    const made = engine === "onnx" ? await createOnnxEngine() : referenceEngine;
    const cases = folders.flatMap((folder) => findCases(folder, only));
    if (cases.length === 0) throw new InputError(`no case ${only} in ${folders.join(", ")}`);
    const results: CaseResult[] = [];
    for (const folder of cases) {
      const result = await runCase(folder, { engine: made, ...(passes ? {} : { passes: "none" }) });
      results.push(result);
      print(lineOf(result));
      for (const problem of result.problems.slice(0, 12)) print(`    ${problem}`);
      const more = result.problems.length - 12;
      if (more > 0) print(`    and ${more} more`);
    }
    const passed = results.filter((result) => result.passed).length;
    const count = (of: "compared" | "excused") =>
      results.reduce((total, result) => total + result[of], 0);
    print(
      `${passed} of ${results.length} cases on ${engine}, ` +
        `${count("compared")} tensors compared, ${count("excused")} excused`,
    );
    return passed === results.length ? exitCode.fine : exitCode.diagnostics;
  } catch (error) {
    if (error instanceof UsageError) {
      print(`golden: ${error.message}\n  ${usage}`);
      return exitCode.usage;
    }
    if (error instanceof InputError || error instanceof EngineMissingError) {
      print(`golden: ${error.message}`);
      return exitCode.diagnostics;
    }
    throw error;
  }
}

function parse(argv: readonly string[]) {
  const read = () => {
    try {
      return parseArgs({
        args: [...argv],
        allowPositionals: true,
        options: {
          engine: { type: "string", default: "reference" },
          only: { type: "string", default: "*" },
          "no-passes": { type: "boolean", default: false },
        },
      });
    } catch (error) {
      throw new UsageError(error instanceof Error ? error.message : String(error));
    }
  };
  const { values, positionals } = read();
  const { engine, only } = values;
  if (engine !== "reference" && engine !== "onnx") {
    throw new UsageError(`--engine is reference or onnx, not ${engine}`);
  }
  if (positionals.length === 0) throw new UsageError("a folder with cases is needed");
  return { folders: positionals, engine, only, passes: !values["no-passes"] } as const;
}

function lineOf({ name, passed, compared, excused, worst }: CaseResult): string {
  const counted = `${compared} tensors${excused === 0 ? "" : `, ${excused} excused`}`;
  const farthest =
    worst === undefined
      ? ""
      : `, worst ${worst.tensor} at ${worst.ratio.toPrecision(3)} x tolerance`;
  return `${passed ? "ok  " : "FAIL"} ${name}: ${counted}${farthest}`;
}
