/** What a model costs before anything runs, from its generated code staged for its batch. */
import type { ModelDefinition } from "../runtime/model.ts";
import type { TrainingDefinition } from "../runtime/training.ts";
import type { GeneratedFile } from "./build-result.ts";
import type { CompileResult } from "./compiler.ts";
import type { Runtime } from "./runtime.ts";

/** A spec's generated code: its own, and with each way to train through time. */
export interface SummaryResult extends CompileResult {
  /** Undefined if there are errors. */
  readonly own: readonly GeneratedFile[] | undefined;
  /** Empty for a spec without `train`. */
  readonly schedules: readonly {
    /** `mrbp(horizon = 4)` */
    readonly name: string;
    /** The spec's own is of this kind. */
    readonly own: boolean;
    readonly generated: readonly GeneratedFile[];
  }[];
}

export interface ScheduleCost {
  readonly name: string;
  /** It is the spec's own. */
  readonly own: boolean;
  /** Most bytes alive at once in a training step on the engine `onnx`, as planned. */
  readonly peakBytes: number;
  /** The function of the generated code in whose run the peak is reached. */
  readonly peakIn: string;
  /** Floating-point operations a token, recomputation and update included; a multiply-add is 2. */
  readonly flopsPerToken: number;
}

export interface Summary {
  readonly model: string;
  readonly parameters: {
    readonly total: number;
    /** By the instance that holds them: `encoder[*2].attention`. */
    readonly instances: readonly { readonly name: string; readonly count: number }[];
  };
  /** Forward, of the program `evaluate`; a multiply-add is 2. */
  readonly flopsPerToken: number;
  /** Bytes of carried state of one stream, at four bytes a real number. */
  readonly stateBytes: number;
  readonly schedules: readonly ScheduleCost[];
}

export interface TrainingVariant {
  readonly name: string;
  readonly own: boolean;
  readonly definition: TrainingDefinition;
}

export async function summarize(
  runtime: Runtime,
  model: ModelDefinition,
  variants: readonly TrainingVariant[],
): Promise<Summary> {
  const schedules: ScheduleCost[] = [];
  for (const { name, own, definition } of variants) {
    const { batch, rollout, segment, updateEvery } = definition.schedule;
    const { calls, peak, peakBytes } = await runtime.planStep(definition, {
      realBytes: 4,
      footprint: runtime.onnxFootprint,
    });
    const flops = calls.reduce((sum, { plan }) => sum + runtime.planFlops(plan), 0);
    const tokens = batch * segment.tokens * rollout * updateEvery;
    const peakIn = peak?.name ?? "";
    schedules.push({ name, own, peakBytes, peakIn, flopsPerToken: flops / tokens });
  }
  return {
    model: model.name,
    parameters: parametersOf(model),
    flopsPerToken: forwardFlops(runtime, model),
    stateBytes: stateBytes(runtime, model),
    schedules,
  };
}

/** Numbers of the parameters, by instance in declared order. */
function parametersOf({ parameters }: ModelDefinition): Summary["parameters"] {
  const instances = new Map<string, number>();
  for (const [address, { axes }] of Object.entries(parameters)) {
    const copies = [...address.matchAll(/\[\*(\d+)\]/g)].map(([, count]) => Number(count));
    const count = [...copies, ...Object.values(axes)].reduce((product, n) => product * n, 1);
    const name = address.includes(".") ? address.slice(0, address.lastIndexOf(".")) : "";
    instances.set(name, (instances.get(name) ?? 0) + count);
  }
  return {
    total: [...instances.values()].reduce((sum, count) => sum + count, 0),
    instances: Array.from(instances, ([name, count]) => ({ name, count })),
  };
}

function forwardFlops(runtime: Runtime, model: ModelDefinition): number {
  const { batch, segment } = model.schedule;
  return runtime.planFlops(runtime.planSegment(model)) / (batch * segment.tokens);
}

function stateBytes(runtime: Runtime, model: ModelDefinition): number {
  return Object.entries(model.states).reduce((sum, [address, { axes, kind }]) => {
    const copies = [...address.matchAll(/\[\*(\d+)\]/g)].map(([, count]) => Number(count));
    const count = copies.reduce((product, n) => product * n, 1);
    const sizes = Object.entries(axes).map(([name, size]) => ({ name, size }));
    return sum + count * runtime.bytesOf({ kind, axes: sizes }, 4);
  }, 0);
}
