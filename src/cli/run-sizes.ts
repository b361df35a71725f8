/** Why tensors of a training do not fit a model: sizes that were others when it was trained. */
import type { CheckpointRecord } from "../runtime/training/checkpoint-record.ts";
import { InputError } from "./exit.ts";
import type { CompiledFor, Programs } from "./programs.ts";
import type { Runtime } from "./runtime.ts";
import type { Settings } from "./settings.ts";

export interface SizesRequest {
  readonly programs: Programs;
  /** The training whose tensors are read. */
  readonly run: (CompiledFor & { readonly record: CheckpointRecord }) | undefined;
  /** Of the command line. */
  readonly given: Settings;
  /** Whether its states are read, too, of which there is one an example. */
  readonly states: boolean;
}

/** Does `read`; where the tensors are of another model and the training had other sizes, an InputError names these in place of the tensors. */
export function readingSizes<Result>(
  read: () => Result,
  request: SizesRequest,
  runtime: Runtime,
): Result {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof runtime.CheckpointError) || error.fault !== "another model") throw error;
    const { run, given } = request;
    const differing = differences(request);
    if (run === undefined || differing.length === 0) throw error;
    const listed = differing.map(
      ({ address, before, now }) => `${address} ${before}, this one ${now}`,
    );
    const set = differing.filter(({ address }) => given[address] !== undefined);
    throw new InputError(
      `the training in ${run.shown} had ${listed.join("; ")}`,
      set.length === 0
        ? "the spec is not what it was: use the one that it was trained with, or train another run"
        : `leave ${set.map(({ address }) => `--set ${address}`).join(" and ")} out, or train another run with it`,
      "MEM0918",
    );
  }
}

interface Difference {
  readonly address: string;
  readonly before: number;
  readonly now: number;
}

/** Of another model nothing is compared. The record comes from a file that may be anybody's: only what this model has of its own is looked up in it. */
function differences({ programs, run, states }: SizesRequest): readonly Difference[] {
  if (run?.record.model !== programs.evaluate.name) return [];
  const dims = new Map(Object.entries(run.record.dims ?? {}));
  const batch = run.record.schedule.batch;
  const sizes = [
    ...Object.entries(programs.evaluate.dims).map(([address, now]) => {
      return { address, before: dims.get(address), now };
    }),
    {
      address: "train.batch",
      before: states ? batch : undefined,
      now: programs.train?.schedule.batch,
    },
  ];
  return sizes.flatMap(({ address, before, now }) => {
    const known = typeof before === "number" && now !== undefined;
    return known && before !== now ? [{ address, before, now }] : [];
  });
}
