/** Numbers that are not finite: the error, and the search for the call and the operation that first makes one. */
import type { HostTensor } from "../../ops/index.ts";
import type { DeviceTensor, Engine } from "../engine.ts";
import type { Tree } from "../model.ts";
import type { EngineRun } from "../run.ts";
import type { StagedFunction } from "../stage.ts";
import type { Run } from "../training.ts";
import { callFor } from "./calls.ts";
import { downloadTree, leavesByAddress } from "./tensors.ts";

/** A loss, a gradient or a model's logits that are no finite numbers. The parameters before the step are unharmed. */
export class NonFiniteError extends Error {
  override readonly name = "NonFiniteError";
  /** Steps of the training that were completed; undefined outside of one. */
  readonly step: number | undefined;
  /** Address of a carried state that was out of bounds already where the step began. */
  readonly state: string | undefined;

  constructor(
    message: string,
    { step, state }: Partial<Pick<NonFiniteError, "step" | "state">> = {},
  ) {
    super(message);
    this.step = step;
    this.state = state;
  }
}

/** Far more than a state that keeps its size holds, and far less than what overflows. */
const outOfBounds = 1e12;

/**
 * The carried state that is furthest out of bounds where a step begins, with a sentence about it; undefined if all are in bounds. Examples
 * that start afresh do not read what enters.
 */
export function grownState(
  engine: Engine,
  states: Tree<DeviceTensor>,
  fresh: DeviceTensor | undefined,
): { readonly address: string; readonly message: string } | undefined {
  const starts = fresh === undefined ? [] : engine.download(fresh).data;
  let found: { readonly address: string; readonly size: number } | undefined;
  for (const [address, tensor] of leavesByAddress(states)) {
    const { data } = engine.download(tensor);
    const each = data.length / (tensor.type.axes[0]?.size ?? 1);
    let size = 0;
    for (const [i, x] of data.entries()) {
      if (starts[Math.floor(i / each)]) continue;
      const magnitude = Number.isNaN(x) ? Number.POSITIVE_INFINITY : Math.abs(x);
      size = Math.max(size, magnitude);
    }
    if (size > (found?.size ?? outOfBounds)) found = { address, size };
  }
  if (found === undefined) return undefined;
  const { address, size } = found;
  const held = Number.isFinite(size)
    ? `numbers as large as ${size.toPrecision(2)}: it grows from segment to segment.`
    : "numbers that are not finite: a segment before left them.";
  return { address, message: `State ${address} enters the step with ${held}` };
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
