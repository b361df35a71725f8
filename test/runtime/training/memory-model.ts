/**
 * A small model with a memory, written by hand in the form of generated code: one state holds the mean of the last segment's
 * hidden rows; `detach` training, so each segment's gradient stands alone.
 */
import {
  type Builder,
  defineModel,
  defineTraining,
  type ModelDefinition,
  type SegmentResult,
  type Tensor,
  type TrainingDefinition,
  type TrainingSchedule,
} from "../../../src/runtime/index.ts";

export const dims = { vocab: 256, width: 6, T: 5 } as const;

type Own = {
  readonly table: { readonly E: Tensor };
  readonly out: { readonly U: Tensor };
  readonly layer: readonly { readonly bias: Tensor }[];
  readonly mem: { readonly M: Tensor; readonly seen: Tensor };
  readonly noise: { readonly u: Tensor };
};

type Inputs = {
  readonly tokens: Tensor;
  readonly labels: Tensor;
  readonly document: Tensor;
  readonly fresh: Tensor;
  readonly valid: Tensor;
};

/** Hidden rows and logits of a segment, the loss per token, and the states after it. */
function forward(g: Builder, own: Own, inputs: Inputs) {
  const restart = g.or(inputs.fresh, inputs.document);
  const entering = g.where(restart, 0, own.mem.M); // [batch, D]
  let x = g.add(g.gather(own.table.E, inputs.tokens, { axis: "V" }), entering);
  x = g.add(x, g.mul(own.noise.u, 0.01));
  for (const layer of own.layer) x = g.add(x, layer.bias);
  const h = g.tanh(x); // [batch, T, D]
  const logits = g.contract(h, own.out.U, { over: ["D"] }); // [batch, T, V]
  const each = g.crossEntropy(logits, inputs.labels, { over: "V" }); // [batch, T]
  const present = g.any(inputs.valid, { over: ["T"] });
  const mean = g.mean(h, { over: ["T"], where: inputs.valid });
  const seen = g.add(g.where(inputs.fresh, 0, own.mem.seen), g.sum(inputs.valid, { over: ["T"] }));
  return {
    h,
    logits,
    each,
    next: {
      mem: {
        M: g.where(present, mean, own.mem.M),
        seen: g.where(present, seen, own.mem.seen),
      },
    },
  };
}

function segment(g: Builder, own: Own, inputs: Inputs): SegmentResult {
  const { logits, each, next } = forward(g, own, inputs);
  return {
    outputs: { logits },
    next,
    losses: { main: g.mean(each, { over: ["batch", "T"], where: inputs.valid }) },
  };
}

/** Loss, next states and gradients of one segment. */
function replay(g: Builder, own: Own, inputs: Inputs, weight: Tensor) {
  const { h, logits, each, next } = forward(g, own, inputs);
  const count = g.maximum(g.sum(g.real(inputs.valid), { over: ["batch", "T"] }), 1);
  const dEach = g.where(inputs.valid, g.div(weight, count), 0);
  const dLogits = g.crossEntropyGradient(logits, inputs.labels, dEach, { over: "V" });
  const dU = g.contract(h, dLogits, { over: ["batch", "T"] });
  const dh = g.contract(dLogits, own.out.U, { over: ["V"] });
  const dx = g.mul(dh, g.sub(1, g.mul(h, h)));
  const over = ["batch", "T"];
  const dE = g.scatterAdd(dx, inputs.tokens, { over, axis: "V", size: dims.vocab });
  const dBias = g.sum(dx, { over });
  return {
    losses: { main: g.mean(each, { over, where: inputs.valid }) },
    next,
    gradients: {
      table: { E: dE },
      out: { U: dU },
      layer: own.layer.map(() => ({ bias: dBias })),
    },
  };
}

const { vocab: V, width: D, T } = dims;

const declarations = {
  parameters: {
    "table.E": { axes: { V, D }, inAxes: 1, start: { kind: "normal", mean: 0, deviation: 0.1 } },
    "out.U": { axes: { D, V }, inAxes: 1, start: { kind: "glorot" } },
    "layer[*2].bias": { axes: { D }, start: { kind: "constant", value: 0 } },
  },
  states: {
    "mem.M": { axes: { D }, kind: "real", gradient: "stop" },
    "mem.seen": { axes: {}, kind: "int", gradient: "stop" },
  },
  draws: { "noise.u": { axes: { D }, distribution: { kind: "normal" }, shared: false } },
  inputs: {
    tokens: { axes: { T }, kind: "int", range: V, role: "input" },
    document: { axes: {}, kind: "flag", role: "input" },
    labels: { axes: { T }, kind: "int", range: V, role: "target" },
  },
} as const;

export const model: ModelDefinition = defineModel({
  name: "Memory",
  dims,
  ...declarations,
  schedule: {
    segment: { axis: "T", tokens: T },
    batch: 2,
    batching: "streams",
    data: { labels: { source: "tokens", ahead: 1 } },
    draws: "fixed",
  },
  segment,
});

export const schedule: TrainingSchedule = {
  segment: { axis: "T", tokens: T },
  batch: 2,
  batching: "streams",
  rollout: 2,
  stride: 2,
  throughTime: "detach",
  optimizer: {
    name: "adamw",
    rate: 0.02,
    beta1: 0.9,
    beta2: 0.99,
    epsilon: 1e-8,
    weightDecay: 0.01,
    clip: 1,
    warmup: 2,
    decay: "cosine",
  },
  groups: [{ paths: ["**.bias"], weightDecay: 0 }],
  freeze: [],
  updateEvery: 1,
  data: { labels: { source: "tokens", ahead: 1 } },
  steps: 8,
};

/** The training definition, with changes to its schedule. */
export function training(changes: Partial<TrainingSchedule> = {}): TrainingDefinition {
  return defineTraining({
    name: "Memory",
    ...declarations,
    schedule: { ...schedule, ...changes },
    async rollout(run, parameters, states, segments) {
      const weight = run.scalar(1 / segments.length);
      const losses = [];
      let total: { readonly [name: string]: never } | undefined;
      let current = states;
      for (const { inputs, draws } of segments) {
        const own = run.merge(parameters, current, draws);
        const result = await run.call(replay, own, inputs, weight);
        losses.push(result.losses);
        total = (await run.add(total, result.gradients as never)) as never;
        current = result.next;
      }
      return { losses, gradients: total ?? {}, states: current };
    },
  });
}

export const documents = [
  "the quick brown fox jumps over the lazy dog",
  "pack my box with five dozen liquor jugs",
  "how vexingly quick daft zebras jump",
  "a b",
].map((text) => new TextEncoder().encode(text));
