/** Calls of staged functions whose result type is stated by the caller, for results that hold trees of any depth. */
import type { DeviceTensor } from "../engine.ts";
import type { Tree } from "../model.ts";
import type { StagedFunction } from "../stage.ts";
import type { Run } from "../training.ts";

/** `run.call` with a result of the stated type, which must be the staged function's with its tensors on the engine. */
export async function callFor<Result>(
  run: Run,
  staged: StagedFunction,
  ...inputs: readonly Tree<DeviceTensor>[]
): Promise<Result> {
  const call = run.call as (
    staged: StagedFunction,
    ...inputs: readonly Tree<DeviceTensor>[]
  ) => Promise<unknown>;
  return (await call.call(run, staged, ...inputs)) as Result;
}
