/** The pure core's entry points, loaded when a command needs them. */
import { createHash } from "node:crypto";
import type { BuildResult } from "./build-result.ts";
import type { Compile, CompileOptions, CompileResult } from "./compiler.ts";
import { version } from "./package.ts";
import { buildOptionsText } from "./shell.ts";
import type { SummaryResult } from "./summary.ts";

/** Checks a spec; nothing of code generation is loaded. */
export async function loadCheck(): Promise<Compile<CompileResult>> {
  const { check } = await import("../ir/check/check.ts");
  return check;
}

/** The options of the command line that make a build what it is. */
export function optionsText({ settings, probes = [], passes = {} }: CompileOptions): string {
  const disabled = passes === "none" ? ["all"] : [...(passes.disabled ?? [])];
  return buildOptionsText({ settings, probes, disabled });
}

/** Compiles a spec to TypeScript. */
export async function loadBuild(): Promise<Compile<BuildResult>> {
  const { compile } = await import("../codegen/compile.ts");
  return async (files, main, options) => {
    const spec = files.find(({ path }) => path === main)?.text ?? "";
    const hash = createHash("sha256").update(spec.replaceAll("\r\n", "\n")).digest("hex");
    const { diagnostics, files: generated } = await compile(files, main, {
      ...options,
      version,
      hash,
      commandOptions: optionsText(options),
    });
    return { diagnostics, generated };
  };
}

/** Compiles a spec to TypeScript, once more for each way to train through time. */
export async function loadSummary(): Promise<Compile<SummaryResult>> {
  const [{ lower }, { emit }] = await Promise.all([
    import("../codegen/compile.ts"),
    import("../codegen/emit.ts"),
  ]);
  return async (files, main, options) => {
    const { diagnostics, model } = lower(files, main, options);
    if (model === undefined) return { diagnostics, own: undefined, schedules: [] };
    const named = { version, hash: "" };
    const own = await emit(model, named);
    const { train } = model.programs;
    if (train === undefined) return { diagnostics, own, schedules: [] };
    const { throughTime, rollout } = train.schedule;
    const horizon = throughTime.kind === "detach" ? rollout : throughTime.horizon;
    const every =
      throughTime.kind === "checkpoint" ? throughTime.every : Math.ceil(Math.sqrt(horizon));
    const schedules: SummaryResult["schedules"][number][] = [];
    for (const name of [
      "detach",
      `bptt(horizon = ${horizon})`,
      `checkpoint(horizon = ${horizon}, every = ${every})`,
      `mrbp(horizon = ${horizon})`,
    ]) {
      const settings = { ...options.settings, "train.through_time": name };
      const { model: other } = lower(files, main, { ...options, settings });
      if (other === undefined) continue;
      const generated = await emit(other, named);
      schedules.push({ name, own: name.startsWith(throughTime.kind), generated });
    }
    return { diagnostics, own, schedules };
  };
}
