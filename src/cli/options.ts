/** Options that several commands share. */
import { UsageError } from "./exit.ts";

export const specPositional = {
  spec: { type: "string", demandOption: true, describe: "The spec, a .mem file" },
} as const;

export const settingOption = {
  set: {
    type: "string",
    array: true,
    nargs: 1,
    default: [] as string[],
    describe: "Replace an option, dim or schedule entry of the spec, e.g. mem.count=16",
  },
} as const;

export const checkpointOption = {
  checkpoint: {
    type: "string",
    describe:
      "A training's folder, a checkpoint in it, or a .safetensors file; the latest runs/<spec> if not given",
  },
} as const;

export const engineOptions = {
  engine: {
    choices: ["onnx", "reference"],
    default: "onnx",
    describe: "What runs the plans: onnxruntime on the CPU, or float64 TypeScript",
  },
  threads: { type: "number", describe: "Threads of the onnx engine; all cores if not given" },
} as const;

export const seedOption = {
  seed: { type: "number", default: 0, describe: "Seed of every random number" },
} as const;

export type EngineName = (typeof engineOptions.engine.choices)[number];

/** A whole number in a range, or a usage error that states the range. */
export function wholeNumber(
  command: string,
  option: string,
  value: number,
  low: number,
  high: number = Number.MAX_SAFE_INTEGER,
): number {
  if (Number.isSafeInteger(value) && value >= low && value <= high) return value;
  const range = high === Number.MAX_SAFE_INTEGER ? `of at least ${low}` : `from ${low} to ${high}`;
  throw new UsageError(`--${option} ${value}: a whole number ${range} is needed`, { command });
}
