/**
 * AdamW: Adam (Kingma and Ba 2015) with decoupled weight decay (Loshchilov and Hutter, "Decoupled weight decay regularization", 2019),
 * with clipping by the global norm, as one staged plan over all parameters.
 *
 *   m <- beta1 m + (1 - beta1) g      v <- beta2 v + (1 - beta2) g^2
 *   p <- p - rate (m / (1 - beta1^t) / (sqrt(v / (1 - beta2^t)) + epsilon) + decay p)
 *
 * Here with c = sqrt(1 - beta2^t), and the factors of each tensor gathered in one scalar:
 *
 *   p <- (1 - rate decay) p - rate c / (1 - beta1^t) * m / (sqrt(v) + c epsilon)
 *
 * Every parameter's operations follow one another, so its tensors are still in the cache. What changes from step to step comes in as scalars.
 */
import type { Builder, Operand, Tensor } from "../builder.ts";
import type { DeviceTensor } from "../engine.ts";
import type { Tree } from "../model.ts";
import type { Run, TrainingDefinition, TrainingSchedule } from "../training.ts";
import { nest } from "../tree.ts";
import { expandDeclarations, matchesPath } from "./addresses.ts";
import { leavesByAddress } from "./tensors.ts";

export interface OptimizerState {
  /** First moments, a tree like the trained parameters'. */
  readonly first: Tree<DeviceTensor>;
  /** Second moments. */
  readonly second: Tree<DeviceTensor>;
}

export interface OptimizerResult {
  readonly parameters: Tree<DeviceTensor>;
  readonly state: OptimizerState;
  /** Norm of the averaged gradient over all trained parameters, before clipping; a scalar. */
  readonly gradientNorm: DeviceTensor;
}

export interface Optimizer {
  /** Moments of zero. */
  initial(run: Run, parameters: Tree<DeviceTensor>): OptimizerState;
  /**
   * One update from the summed gradients of `updateEvery` rollouts. `step` counts from 0. Parameters that are frozen, or that
   * `gradients` does not have, stay as they are.
   */
  update(
    run: Run,
    parameters: Tree<DeviceTensor>,
    gradients: Tree<DeviceTensor>,
    state: OptimizerState,
    step: number,
  ): Promise<OptimizerResult>;
}

/** What the schedule says of one parameter. */
export interface ParameterSettings {
  /** Largest rate, reached after the warm-up. */
  readonly rate: number;
  readonly weightDecay: number;
  readonly frozen: boolean;
}

/** Settings of a parameter: of all groups that name it, the last that gives a setting has it. A rate of 0 freezes it. */
export function settingsOf(schedule: TrainingSchedule, address: string): ParameterSettings {
  const groups = schedule.groups.filter(({ paths }) => names(paths, address));
  const rate =
    groups.findLast((group) => group.rate !== undefined)?.rate ?? schedule.optimizer.rate;
  return {
    rate,
    weightDecay:
      groups.findLast(({ weightDecay }) => weightDecay !== undefined)?.weightDecay ??
      schedule.optimizer.weightDecay,
    frozen: rate === 0 || names(schedule.freeze, address),
  };
}

function names(patterns: readonly string[], address: string): boolean {
  return patterns.some((pattern) => matchesPath(pattern, address));
}

/**
 * Share of the largest rate that step `step` (from 0) of `steps` uses: rising to 1 over the warm-up (step w - 1 of w uses 1), then
 * constant, or falling to 0, which step number `steps` would reach.
 */
export function rateFactor(
  { warmup, decay }: TrainingSchedule["optimizer"],
  step: number,
  steps: number,
): number {
  if (step < warmup) return (step + 1) / warmup;
  if (decay === "none") return 1;
  const progress = Math.min(1, (step - warmup) / Math.max(1, steps - warmup));
  switch (decay) {
    case "cosine":
      return (1 + Math.cos(Math.PI * progress)) / 2;
    case "linear":
      return 1 - progress;
    default:
      return decay satisfies never;
  }
}

/** What differs from step to step. */
interface StepScalars {
  /** rateFactor of the step. */
  readonly factor: Tensor;
  /** rateFactor c / (1 - beta1^t): the length of a step of rate 1. */
  readonly length: Tensor;
  /** c epsilon. */
  readonly epsilon: Tensor;
}

/** Tensors by address. */
type ByAddress = Readonly<Record<string, Tensor>>;

type AdamWResult = {
  readonly parameters: ByAddress;
  readonly first: ByAddress;
  readonly second: ByAddress;
  readonly gradientNorm: Tensor;
};

/** The optimiser that a training definition names, for a training of `steps` steps. */
export function createOptimizer(definition: TrainingDefinition, steps: number): Optimizer {
  const { schedule } = definition;
  const { beta1, beta2, epsilon, clip } = schedule.optimizer;
  const settings = new Map(
    [...expandDeclarations(definition.parameters).keys()].map((address) => [
      address,
      settingsOf(schedule, address),
    ]),
  );
  const trained = (address: string): boolean => settings.get(address)?.frozen === false;

  function adamw(
    g: Builder,
    parameters: Tree<Tensor>,
    gradients: Tree<Tensor>,
    first: Tree<Tensor>,
    second: Tree<Tensor>,
    scalars: StepScalars,
  ): AdamWResult {
    const [m, v] = [leavesByAddress(first), leavesByAddress(second)];
    const moving = [...leavesByAddress(gradients)].filter(([address]) => trained(address));
    const sumNorm = globalNorm(
      g,
      moving.map(([, sum]) => sum),
    );
    const share = 1 / schedule.updateEvery;
    const norm = share === 1 ? sumNorm : g.mul(sumNorm, share);
    // What the summed gradients are multiplied by: the average, clipped.
    const scale: Operand =
      clip === undefined
        ? share
        : g.mul(g.where(g.greater(norm, clip), g.div(clip, norm), 1.0), share);
    const firstShare = g.mul(1 - beta1, scale);
    const secondShare = g.mul(1 - beta2, g.mul(scale, scale));

    const next = leavesByAddress(parameters);
    for (const [address, gradient] of moving) {
      const p = next.get(address);
      const [mBefore, vBefore] = [m.get(address), v.get(address)];
      const setting = settings.get(address);
      if (!p || !mBefore || !vBefore || !setting) {
        throw new Error(`The gradient ${address} belongs to no parameter.`);
      }
      const mNext = g.add(g.mul(mBefore, beta1), g.mul(gradient, firstShare));
      const vNext = g.add(g.mul(vBefore, beta2), g.mul(g.mul(gradient, gradient), secondShare));
      const direction = g.div(mNext, g.add(g.sqrt(vNext), scalars.epsilon));
      const move = g.mul(direction, g.mul(scalars.length, setting.rate));
      const decay = setting.rate * setting.weightDecay;
      const kept = decay === 0 ? p : g.mul(p, g.sub(1.0, g.mul(scalars.factor, decay)));
      next.set(address, g.sub(kept, move));
      m.set(address, mNext);
      v.set(address, vNext);
    }
    return {
      parameters: Object.fromEntries(next),
      first: Object.fromEntries(m),
      second: Object.fromEntries(v),
      gradientNorm: norm,
    };
  }

  return {
    initial(run, parameters) {
      const moved = [...leavesByAddress(parameters)].filter(([address]) => trained(address));
      const zeros = run.zeros(nest(moved));
      return { first: zeros, second: zeros };
    },
    async update(run, parameters, gradients, state, step) {
      const factor = rateFactor(schedule.optimizer, step, steps);
      const correction = Math.sqrt(1 - beta2 ** (step + 1));
      const scalars = {
        factor: run.scalar(factor),
        length: run.scalar((factor * correction) / (1 - beta1 ** (step + 1))),
        epsilon: run.scalar(correction * epsilon),
      };
      const result = await run.call(
        adamw,
        parameters,
        gradients,
        state.first,
        state.second,
        scalars,
      );
      return {
        parameters: nest(Object.entries(result.parameters)),
        state: {
          first: nest(Object.entries(result.first)),
          second: nest(Object.entries(result.second)),
        },
        gradientNorm: result.gradientNorm,
      };
    },
  };
}

/** sqrt of the sum of squares over all tensors; 0 of none. */
function globalNorm(g: Builder, tensors: readonly Tensor[]): Tensor {
  const squares = tensors.map((x) => {
    const over = x.type.axes.map(({ name }) => name);
    return over.length === 0 ? g.mul(x, x) : g.sum(g.mul(x, x), { over });
  });
  const [start = g.fill({ value: 0, axes: [], kind: "real" }), ...rest] = squares;
  return g.sqrt(rest.reduce((sum, square) => g.add(sum, square), start));
}
