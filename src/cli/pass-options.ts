/** `--disable-pass`, `--dump-ir`, `--time-passes` and `--explain-passes`: looking into the compiler. */
import type { EmittedFile } from "../codegen/emit.ts";
import type { PassOptions } from "../ir/passes/index.ts";
import { suggest } from "../parser/suggest.ts";
import type { CompileOptions } from "./compiler.ts";
import { compileSpec, showDiagnostics } from "./compiler.ts";
import { exitCode, UsageError } from "./exit.ts";
import { loadGenerated } from "./loader.ts";
import { version } from "./package.ts";
import { loadRuntime } from "./runtime.ts";
import type { Terminal } from "./terminal.ts";

export const passOptions = {
  "disable-pass": {
    type: "string",
    array: true,
    nargs: 1,
    default: [] as string[],
    describe: "Leave a pass out; `all` leaves every pass out",
  },
  "dump-ir": {
    type: "string",
    describe: "Print the graph after a pass: after:NAME",
  },
  "time-passes": {
    type: "boolean",
    default: false,
    describe: "Print how long each pass takes",
  },
  "explain-passes": {
    type: "boolean",
    default: false,
    describe: "Print what each pass does to the plan of a training step, and build nothing",
  },
} as const;

export interface PassArguments {
  readonly "disable-pass": readonly string[];
  readonly "dump-ir"?: string | undefined;
  readonly "time-passes": boolean;
}

/** What the arguments ask of the compiler; names of passes are checked. */
export async function passRequest(
  given: PassArguments,
  terminal: Terminal,
): Promise<PassOptions | "none"> {
  const { passes } = await import("../ir/passes/index.ts");
  const names = passes.map(({ name }) => name);
  const known = (name: string, option: string): string => {
    if (names.includes(name)) return name;
    const near = suggest(name, names);
    throw new UsageError(`--${option}: there is no pass ${name}`, {
      command: "build",
      help: near === undefined ? `there are ${names.join(", ")}` : `did you mean ${near}?`,
    });
  };
  const asked = given["disable-pass"];
  if (asked.includes("all")) return "none";
  const disabled = new Set(asked.map((name) => known(name, "disable-pass")));
  const dump = given["dump-ir"];
  const [, dumped] = /^after:(.+)$/.exec(dump ?? "") ?? [];
  if (dump !== undefined && dumped === undefined) {
    throw new UsageError(`--dump-ir ${dump} is not of the form after:NAME`, { command: "build" });
  }
  if (dumped !== undefined) known(dumped, "dump-ir");
  const { printGraph } = await import("../ir/graph-text.ts");
  const observe: PassOptions["observe"] = ({ pass, program, after, milliseconds }) => {
    if (pass.name === dumped) {
      terminal.out(`// ${program} after ${pass.name}\n${printGraph(after)}\n`);
    }
    if (given["time-passes"]) {
      const time = milliseconds.toFixed(1).padStart(8);
      terminal.out(`${program.padEnd(8)} ${pass.name.padEnd(14)} ${time} ms\n`);
    }
  };
  return { disabled, observe, clock: () => performance.now() };
}

/** Prints the table of what each pass is worth on the training step of the spec. */
export async function explain(
  spec: string,
  settings: CompileOptions["settings"],
  terminal: Terminal,
): Promise<number> {
  const { explainPasses, passTable } = await import("../codegen/explain-passes.ts");
  const runtime = await loadRuntime();
  const figures = async (files: readonly EmittedFile[], without: ReadonlySet<string>) => {
    const file = files.find(({ path }) => path.endsWith(".train.ts"));
    if (file === undefined) {
      throw new UsageError(`${spec} has no train section, so there is no training step to plan`);
    }
    const { training } = await loadGenerated(files, file.path);
    const { plans, calls } = await runtime.planStep(
      training as Parameters<typeof runtime.planStep>[0],
      {
        realBytes: 4,
        footprint: runtime.onnxFootprint,
        without: new Set(
          runtime.simplifications.flatMap(({ name }) => (without.has(name) ? [name] : [])),
        ),
      },
    );
    // Passes leave the update alone, which may well be the peak of the whole step.
    const rollout = calls.filter(({ name }) => name !== "adamw").map(({ bytes }) => bytes);
    return {
      nodes: plans.reduce((sum, plan) => sum + plan.nodes.length, 0),
      bytes: Math.max(0, ...rollout),
    };
  };
  const measure = { simplifications: runtime.simplifications, figures };
  const compiled = await compileSpec(
    spec,
    { settings },
    (files, main) =>
      explainPasses(files, main, { settings, version, hash: "0".repeat(64) }, measure),
    terminal,
  );
  const failed = await showDiagnostics(compiled, "text", terminal);
  const effects = compiled.result?.effects;
  if (failed || effects === undefined) return exitCode.diagnostics;
  terminal.out(`${passTable(effects)}\n`);
  return exitCode.fine;
}
