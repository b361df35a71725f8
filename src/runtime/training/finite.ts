/** Numbers that are not finite: the error, and the search for the call and the operation that first makes one. */
import type { HostTensor } from "../../ops/index.ts";
import type { DeviceTensor } from "../engine.ts";
import type { Tree } from "../model.ts";
import type { EngineRun } from "../run.ts";
import type { StagedFunction } from "../stage.ts";
import type { Run } from "../training.ts";
import { callFor } from "./calls.ts";
import { downloadTree } from "./tensors.ts";

/** A loss, a gradient or a model's logits that are no finite numbers. The parameters before the step are unharmed. */
export class NonFiniteError extends Error {
  override readonly name = "NonFiniteError";
  /** Steps of the training that were completed; undefined outside of one. */
  readonly step: number | undefined;

  constructor(message: string, step?: number) {
    super(message);
    this.step = step;
  }
}

/** Ends a rollout early, with what was found. */
class Found {
  readonly message: string;

  constructor(message: string) {
    this.message = message;
  }
}

/** NaN is looked for first: infinities may be meant (a maximum of nothing is -inf), a NaN never is. */
const SUSPICIONS: readonly ((value: number) => boolean)[] = [
  (value) => Number.isNaN(value),
  (value) => !Number.isFinite(value),
];

/**
 * Does `again` with a run that looks at the result of every call; the first call with a NaN (or, if there is none, an infinite number) is
 * run again in float64, which names the operation. One sentence, or undefined if nothing is found.
 */
export async function diagnoseRollout(
  run: EngineRun,
  again: (run: Run) => Promise<void>,
): Promise<string | undefined> {
  for (const suspicious of SUSPICIONS) {
    try {
      await again(watch(run, suspicious));
    } catch (error) {
      if (error instanceof Found) return error.message;
      throw error;
    }
  }
  return undefined;
}

function watch(run: EngineRun, suspicious: (value: number) => boolean): Run {
  return {
    async call(staged: StagedFunction, ...inputs: readonly Tree<DeviceTensor>[]) {
      const result = await callFor<Tree<DeviceTensor>>(run, staged, ...inputs);
      const tensors = [...downloadTree(run.engine, result).values()];
      if (tensors.some((tensor) => holds(tensor, suspicious))) {
        const found = run.diagnose(staged, ...inputs);
        if (found !== undefined) throw new Found(found.message);
      }
      return result as never; // the tree that the function returned, which is what its type says
    },
    scalar: (value) => run.scalar(value),
    merge: (...trees) => run.merge(...trees),
    zeros: (like) => run.zeros(like),
    add: (total, term) => run.add(total, term),
    discard: (tree) => run.discard(tree),
  };
}

function holds({ data }: HostTensor, suspicious: (value: number) => boolean): boolean {
  return data instanceof Float64Array && data.some(suspicious);
}
