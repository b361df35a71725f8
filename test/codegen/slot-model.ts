/** A checked model written by hand: two kinds of attention, a repeat, a slot memory read in every layer and written once. */
import { FunctionBuilder } from "../../src/ir/function-builder.ts";
import type { Graph, GraphFunction, SymbolicNumber } from "../../src/ir/graph.ts";
import { nameValues } from "../../src/ir/name-values.ts";
import type { CheckedModel, Program, Schedule } from "../../src/ir/program.ts";
import { calculate, formal, literal, symbolic } from "../../src/ir/symbolic.ts";
import { handsOn, trainingGraph } from "../../src/ir/training-graph.ts";
import type { Axis } from "../../src/ops/index.ts";
import { BATCH, OPEN } from "../../src/ops/index.ts";

const real = (...axes: readonly Axis[]) => ({ kind: "real", axes }) as const;
const axis = (name: string, size: number): Axis => ({ name, size });
const batch = axis(BATCH, OPEN);
const sizeOf = (name: string, size: number) => symbolic(size, { kind: "axis", name });
const file = "std/attention.mem";

export interface Sizes {
  readonly depth?: number;
  readonly width?: number;
}

/** Multi-head attention. `causal` hides what comes after each row. */
export function attention(
  name: string,
  sizes: { readonly T: number; readonly S: number; readonly D: number; readonly H: number },
  causal: boolean,
): GraphFunction {
  const { T, S, D, H } = sizes;
  const K = D / H;
  const doc = "Multi-head attention of x over context.";
  const f = new FunctionBuilder(name, { title: "attention", doc, file });
  const origin = (line: number) => ({ file, line, column: 3 });
  const x = f.input("x", real(batch, axis("T", T), axis("D", D)), { role: "argument" });
  const context = f.input("context", real(batch, axis("S", S), axis("D", D)), { role: "argument" });
  const project = (weight: string) =>
    f.input(weight, real(axis("D", D), axis("H", H), axis("K", K)), { role: "parameter" });
  const [Wq, Wk, Wv] = [project("Wq"), project("Wk"), project("Wv")];
  const Wo = f.input("Wo", real(axis("H", H), axis("K", K), axis("D", D)), { role: "parameter" });
  const q = f.op("contract", [x, Wq], { over: ["D"] }, "q", origin(10));
  const k = f.op("contract", [context, Wk], { over: ["D"] }, "k", origin(11));
  const v = f.op("contract", [context, Wv], { over: ["D"] }, "v", origin(12));
  const products = f.op("contract", [q, k], { over: ["K"] }, undefined, origin(13));
  const root = { constant: calculate("sqrt", sizeOf("K", K)), kind: "real" } as const;
  const scores = f.op("div", [products, root], {}, "scores", origin(13));
  const masked = [scores];
  if (causal) {
    const keys = f.op("index", [], { axis: "S", size: sizeOf("S", S) });
    const queries = f.op("index", [], { axis: "T", size: sizeOf("T", T) });
    masked.push(f.op("lessEqual", [keys, queries], {}, "seen", origin(14)));
  }
  const p = f.op("softmax", masked, { over: ["S"] }, "p", origin(15));
  const mixed = f.op("contract", [p, v], { over: ["S"] }, undefined, origin(16));
  const y = f.op("contract", [mixed, Wo], { over: ["H", "K"] }, undefined, origin(16));
  f.result(y, { role: "return", path: ["y"] });
  return f.finish();
}

/** The whole model: `depth` layers of self-attention and memory reads, a gated write, one loss. */
export function slotModel(
  { depth = 4, width = 8 }: Sizes = {},
  changes: Partial<Schedule> = {},
): CheckedModel {
  const [T, S, V, H] = [6, 3, 11, 2];
  const D = width;
  const rows = real(batch, axis("T", T), axis("D", D));
  const slots = real(batch, axis("S", S), axis("D", D));

  const self = attention("attention", { T, S: T, D, H }, true);
  const cross = attention("attention2", { T, S, D, H }, false);

  const layer = (() => {
    const f = new FunctionBuilder("layer", { title: "layer", file: "slots.mem" });
    const x = f.input("x", rows, { role: "argument" });
    const M = f.input("M", slots, { role: "state", path: ["M"], struct: "mem" });
    const weights = (scope: string) =>
      self.inputs.slice(2).map(({ value, path }) =>
        f.input(`${scope}_${value.name}`, value.type, {
          role: "parameter",
          path: [scope, ...path],
        }),
      );
    const renamed = f.op("rename", [x], { names: { T: "S" } });
    const [a] = f.call(self, [x, renamed, ...weights("attention")], { scope: ["attention"] });
    if (a === undefined) throw new Error("attention has one result");
    const y = f.op("add", [x, a], {}, "y");
    const [b] = f.call(cross, [y, M, ...weights("read")], { scope: ["read"] });
    if (b === undefined) throw new Error("attention has one result");
    const z = f.op("add", [y, b], {});
    f.probe("out", z);
    f.result(z, { role: "return", path: ["x"] });
    return f.finish();
  })();

  const write = (() => {
    const doc = "Each slot moves toward the mean of the segment.";
    const title = "slots.write";
    const f = new FunctionBuilder("slotsWrite", {
      title,
      doc,
      file: "std/slots.mem",
      numbers: [{ name: "rate", value: 0.25 }],
    });
    const x = f.input("x", rows, { role: "argument" });
    const M = f.input("M", slots, { role: "state" });
    const gain = f.input("gain", real(axis("D", D)), { role: "parameter" });
    const mean = f.op("mean", [x], { over: ["T"] }, "mean");
    const rate: SymbolicNumber = formal("rate", 0.25);
    const step = f.op("mul", [f.op("sub", [mean, M], {}), { constant: rate, kind: "real" }], {});
    const next = f.op("mul", [f.op("add", [M, step], {}), gain], {}, "written");
    f.result(next, { role: "next", path: ["M"] });
    const drift = f.op("mean", [f.op("abs", [step], {})], { over: ["S", "D", "batch"] }, "drift");
    f.result(drift, { role: "loss", path: ["drift"] });
    return f.finish();
  })();

  const segment = (() => {
    const f = new FunctionBuilder("segment", {
      title: "SlotModel",
      doc: "A small language model with slots.",
      file: "slots.mem",
      numbers: [
        { name: "depth", value: depth },
        { name: "vocab", value: V },
      ],
    });
    const ints = { kind: "int", axes: [batch, axis("T", T)] } as const;
    const tokens = f.input("tokens", ints, { role: "argument" });
    const labels = f.input("labels", ints, { role: "argument" });
    const table = f.input("table", real(axis("V", V), axis("D", D)), {
      role: "parameter",
      path: ["table", "W"],
    });
    const copies = layer.inputs
      .slice(2)
      .map(({ value, path }) =>
        f.input(
          `layer_${value.name}`,
          { ...value.type, copies: [depth] },
          { role: "parameter", path: ["layer", "*", ...path] },
        ),
      );
    const M = f.input("M", slots, { role: "state", path: ["mem", "M"] });
    const gain = f.input("gain", real(axis("D", D)), { role: "parameter", path: ["mem", "gain"] });
    const x = f.op("gather", [table, tokens], { axis: "V" }, "x");
    const [y] = f.repeat(layer, "layer", {
      count: formal("depth", depth),
      inputs: [
        { value: x, passing: "carried" },
        { value: M, passing: "captured" },
        ...copies.map((value) => ({ value, passing: "stacked" }) as const),
      ],
      collecting: ["carried"],
      hints: ["x"],
    });
    if (y === undefined) throw new Error("layer has one result");
    const written = f.call(write, [y, M, gain], {
      scope: ["mem", "write"],
      numbers: [{ name: "rate", value: literal(0.25) }],
    });
    const [next, drift] = written;
    if (next === undefined || drift === undefined) throw new Error("write has two results");
    const logits = f.op("contract", [y, table], { over: ["D"] }, "logits");
    const cost = f.op("crossEntropy", [logits, labels], { over: "V" });
    const main = f.op("mean", [cost], { over: ["T", "batch"] }, "main");
    f.result(logits, { role: "return", path: ["logits"] });
    f.result(next, { role: "next", path: ["mem", "M"] });
    f.result(main, { role: "loss", path: ["main"] });
    f.result(drift, { role: "loss", path: ["mem", "drift"] });
    return f.finish();
  })();

  const functions = [self, cross, layer, write, segment];
  const graph: Graph = {
    functions: new Map(functions.map((written) => [written.name, written])),
    main: "segment",
  };
  const evaluate = program("evaluate", graph, depth, D);
  const train = program("train", graph, depth, D);
  const schedule = { ...train.schedule, ...changes };
  return {
    name: "SlotModel",
    doc: "A small language model with slots.",
    file: "slots.mem",
    dims: dims(depth, D),
    programs: {
      evaluate,
      train: {
        ...train,
        graph: trainingGraph(nameValues(graph), { handsOn: handsOn({ ...train, schedule }) }),
        schedule,
      },
    },
  };
}

function dims(depth: number, D: number) {
  return [
    { name: "vocab", value: 11, size: literal(11) },
    { name: "width", value: D, size: literal(D) },
    { name: "heads", value: 2, size: literal(2) },
    { name: "depth", value: depth, size: literal(depth) },
    { name: "K", value: D / 2, size: calculate("/", formal("width", D), formal("heads", 2)) },
    { name: "count", value: 3, size: literal(3) },
    { name: "T", value: 6, size: literal(6) },
  ];
}

/** A program around a graph. */
function program(kind: Program["kind"], graph: Graph, depth: number, D: number): Program {
  const main = graph.functions.get(graph.main);
  if (main === undefined) throw new Error("no main");
  const sizes = new Map([
    ["D", formal("width", D)],
    ["H", formal("heads", 2)],
    ["K", formal("K", D / 2)],
    ["V", formal("vocab", 11)],
    ["S", formal("count", 3)],
  ]);
  const sized = (axes: readonly Axis[]) =>
    axes
      .filter(({ name }) => name !== BATCH)
      .map(({ name, size }) => ({ name, size: sizes.get(name) ?? literal(size) }));
  const addressed = (role: string) =>
    main.inputs
      .filter((port) => port.role === role)
      .map(({ path, value }) => ({
        path,
        copies: path.includes("*") ? [formal("depth", depth)] : [],
        axes: sized(value.type.axes),
        owner: "SlotModel",
      }));
  return {
    kind,
    graph,
    dims: dims(depth, D),
    parameters: addressed("parameter").map((each) => ({
      ...each,
      inAxes: 1,
      start: { kind: "normal", arguments: [literal(0), literal(0.02)] },
    })),
    states: addressed("state").map((each) => ({ ...each, kind: "real", gradient: "through" })),
    draws: [],
    inputs: (["tokens", "labels"] as const).map((name) => ({
      name,
      role: name === "tokens" ? "input" : "target",
      kind: "int",
      axes: [{ name: "T", size: formal("T", 6) }],
      range: formal("vocab", 11),
    })),
    outputs: [{ name: "logits" }],
    losses: [["main"], ["mem", "drift"]],
    schedule,
  };
}

const schedule: Schedule = {
  segment: { axis: "T", tokens: 6 },
  batch: 2,
  batching: "streams",
  rollout: 3,
  stride: 3,
  throughTime: { kind: "mrbp", horizon: 3 },
  segmentWeights: { kind: "uniform" },
  optimizer: {
    name: "adamw",
    rate: 3e-4,
    beta1: 0.9,
    beta2: 0.999,
    epsilon: 1e-8,
    weightDecay: 0.01,
    warmup: 20,
    decay: "cosine",
  },
  groups: [{ paths: ["**.gain"], weightDecay: 0 }],
  freeze: [],
  updateEvery: 1,
  data: [{ name: "labels", source: "tokens", ahead: 1 }],
  steps: 100,
  draws: "fresh",
};
