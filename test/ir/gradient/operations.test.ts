/**
 * The gradient of every operation of the table against central differences, in float64. Entries are
 * kept away from kinks and ties by a margin larger than the steps taken.
 */
import { describe, expect, it } from "vitest";
import { FunctionBuilder } from "../../../src/ir/function-builder.ts";
import { rules } from "../../../src/ir/gradient/rules.ts";
import type { ValueType } from "../../../src/ir/graph.ts";
import type { HostValue } from "../../../src/ir/interpret.ts";
import type { LooseAttributes } from "../../../src/ir/symbolic.ts";
import type { HostTensor, OpName } from "../../../src/ops/index.ts";
import { hostTensor, OPEN } from "../../../src/ops/index.ts";
import { operationNames } from "../../ops/kit.ts";
import { expectGradient, graphOf, Random, real, type } from "../kit.ts";

interface Case {
  readonly title: string;
  readonly op: OpName;
  readonly operands: readonly ValueType[];
  readonly attributes: LooseAttributes<OpName>;
  /** Operand values other than uniform in +-1. */
  readonly given?: (random: Random) => readonly (HostTensor | undefined)[];
  /** Results used, all unless said. */
  readonly results?: readonly number[];
}

const B = { batch: OPEN };
const numbers = (of: ValueType, low: number, high: number) => (random: Random) => [
  random.tensor(of, () => random.between(low, high)),
];
/** Distinct entries at least 0.05 apart, in random order. */
const apart = (of: ValueType) => (random: Random) => {
  const tensor = random.tensor(of, () => 0);
  const ranks = [...tensor.data.keys()].map((rank) => ({ rank, by: random.next() }));
  ranks.sort((a, b) => a.by - b.by);
  return [
    hostTensor(
      "real",
      tensor.type.axes,
      ranks.map(({ rank }) => rank * 0.05 - 1),
    ),
  ];
};
const X = real({ ...B, T: 3, D: 4 });
const unary = (op: OpName, low = -1, high = 1): Case => ({
  title: op,
  op,
  operands: [X],
  attributes: {},
  given: numbers(X, low, high),
});
const awayFromZero = (random: Random) => [
  random.tensor(X, () => random.between(0.1, 1) * (random.next() < 0.5 ? -1 : 1)),
];
const ints = (axes: Readonly<Record<string, number>>, data: readonly number[]): HostTensor =>
  hostTensor("int", axes, data);
const flags = (axes: Readonly<Record<string, number>>, data: readonly number[]): HostTensor =>
  hostTensor("flag", axes, data);

const cases: readonly Case[] = [
  ...(["neg", "exp", "tanh", "sigmoid", "softplus", "erf", "sin", "cos", "real"] as const).map(
    (op) => unary(op),
  ),
  unary("log", 0.5, 2),
  unary("log1p", -0.5, 2),
  unary("sqrt", 0.5, 2),
  unary("rsqrt", 0.5, 2),
  { ...unary("abs"), given: awayFromZero },
  { ...unary("relu"), given: awayFromZero },
  ...(["add", "sub", "mul"] as const).flatMap((op): Case[] => [
    { title: `${op}, same axes`, op, operands: [X, X], attributes: {} },
    { title: `${op}, batched by unbatched`, op, operands: [X, real({ D: 4 })], attributes: {} },
    {
      title: `${op}, each with an axis of its own`,
      op,
      operands: [real({ ...B, T: 3 }), real({ D: 1, T: 3 })],
      attributes: {},
    },
    { title: `${op}, scalar by batched`, op, operands: [real(), real(B)], attributes: {} },
  ]),
  { title: "mul by an int", op: "mul", operands: [X, type("int", { T: 3 })], attributes: {} },
  {
    title: "div",
    op: "div",
    operands: [X, real({ D: 4, S: 2 })],
    attributes: {},
    given: (random) => [
      undefined,
      random.tensor(real({ D: 4, S: 2 }), () => random.between(0.5, 2)),
    ],
  },
  {
    title: "pow",
    op: "pow",
    operands: [X, real({ D: 4 })],
    attributes: {},
    given: numbers(X, 0.5, 2),
  },
  ...(["minimum", "maximum"] as const).map(
    (op): Case => ({
      title: op,
      op,
      operands: [X, real({ D: 4 })],
      attributes: {},
      given: (random) => [
        random.tensor(X, () => random.below(2) + random.between(0, 0.4)),
        hostTensor("real", { D: 4 }, [0.5, 0.6, 0.7, 0.8]),
      ],
    }),
  ),
  {
    title: "where, condition with an axis of its own",
    op: "where",
    operands: [type("flag", { T: 3 }), real({ ...B, D: 4 }), real()],
    attributes: {},
  },
  {
    title: "clip, all three operands",
    op: "clip",
    operands: [X, real({ D: 4 }), real()],
    attributes: {},
    given: (random) => [
      random.tensor(X, () => [-0.8, 0.05, 0.9][random.below(3)] ?? 0),
      random.tensor(real({ D: 4 }), () => random.between(-0.5, -0.2)),
      hostTensor("real", {}, [0.6]),
    ],
  },
  ...(["sum", "mean", "logsumexp", "softmax"] as const)
    .flatMap((op): Case[] => [
      { title: `${op} over one axis`, op, operands: [X], attributes: { over: ["T"] } },
      { title: `${op} over several axes`, op, operands: [X], attributes: { over: ["D", "T"] } },
      { title: `${op} over the batch`, op, operands: [X], attributes: { over: ["batch", "T"] } },
      {
        title: `${op}, masked`,
        op,
        operands: [X, type("flag", { ...B, T: 3 })],
        attributes: { over: ["T"] },
      },
      {
        title: `${op}, nothing left in one row`,
        op,
        operands: [real({ ...B, T: 3 }), type("flag", { T: 3, S: 2 })],
        attributes: { over: ["T"] },
        given: () => [undefined, flags({ T: 3, S: 2 }, [0, 1, 0, 0, 0, 1])],
      },
      {
        title: `${op}, mask without an axis summed over`,
        op,
        operands: [X, type("flag", { T: 3 })],
        attributes: { over: ["T", "D"] },
        given: () => [undefined, flags({ T: 3 }, [1, 0, 1])],
      },
    ])
    .filter((each) => !(each.op === "logsumexp" && each.title.includes("nothing left"))),
  ...(["max", "min"] as const).flatMap((op): Case[] => [
    {
      title: `${op} over one axis`,
      op,
      operands: [X],
      attributes: { over: ["T"] },
      given: apart(X),
    },
    {
      title: `${op} over several axes`,
      op,
      operands: [X],
      attributes: { over: ["D", "T"] },
      given: apart(X),
    },
    {
      title: `${op} over the batch and another axis`,
      op,
      operands: [X],
      attributes: { over: ["batch", "D"] },
      given: apart(X),
    },
    {
      title: `${op} over other axes and the batch`,
      op,
      operands: [X],
      attributes: { over: ["T", "batch", "D"] },
      given: apart(X),
    },
    {
      title: `${op} over axes whose names together are a third one's`,
      op,
      operands: [real({ D: 2, K: 3, DK: 2 })],
      attributes: { over: ["D", "K"] },
      given: apart(real({ D: 2, K: 3, DK: 2 })),
    },
    {
      title: `${op}, masked`,
      op,
      operands: [X, type("flag", { T: 3 })],
      attributes: { over: ["T", "D"] },
      given: (random) => [...apart(X)(random), flags({ T: 3 }, [1, 0, 1])],
    },
  ]),
  { title: "cumsum", op: "cumsum", operands: [X], attributes: { over: "T" } },
  {
    title: "cumsum in reverse",
    op: "cumsum",
    operands: [X],
    attributes: { over: "T", reverse: true },
  },
  {
    title: "contract, projection",
    op: "contract",
    operands: [X, real({ D: 4, H: 2, K: 3 })],
    attributes: { over: ["D"] },
  },
  {
    title: "contract, scores of heads",
    op: "contract",
    operands: [real({ ...B, T: 3, H: 2, K: 2 }), real({ ...B, S: 5, H: 2, K: 2 })],
    attributes: { over: ["K"] },
  },
  {
    title: "contract over several axes",
    op: "contract",
    operands: [X, real({ T: 3, D: 4, F: 2 })],
    attributes: { over: ["T", "D"] },
  },
  {
    title: "contract over the batch",
    op: "contract",
    operands: [X, real(B)],
    attributes: { over: ["batch"] },
  },
  {
    title: "contract with itself as the other side",
    op: "contract",
    operands: [real({ ...B, D: 1 }), real({ ...B, D: 1 })],
    attributes: { over: ["D"] },
  },
  {
    title: "split",
    op: "split",
    operands: [X],
    attributes: {
      axis: "D",
      into: [
        { name: "H", size: 2 },
        { name: "K", size: 2 },
      ],
    },
  },
  { title: "merge", op: "merge", operands: [X], attributes: { axes: ["D", "T"], into: "F" } },
  {
    title: "merge with the batch",
    op: "merge",
    operands: [X],
    attributes: { axes: ["batch", "T"], into: "N" },
  },
  { title: "rename", op: "rename", operands: [X], attributes: { names: { T: "S", D: "T" } } },
  {
    title: "slice in the middle",
    op: "slice",
    operands: [X],
    attributes: { axis: "D", start: 1, size: 2, into: "D" },
  },
  {
    title: "slice of everything under another name",
    op: "slice",
    operands: [X],
    attributes: { axis: "D", start: 0, size: 4, into: "E" },
  },
  {
    title: "slice of one entry",
    op: "slice",
    operands: [X],
    attributes: { axis: "T", start: 2, size: 1, into: null },
  },
  {
    title: "slice of nothing",
    op: "slice",
    operands: [X],
    attributes: { axis: "T", start: 1, size: 0, into: "T" },
  },
  {
    title: "join",
    op: "join",
    operands: [X, real({ ...B, S: 2, D: 4 }), real({ D: 4 })],
    attributes: { pieces: ["T", "S", null], into: "R" },
  },
  {
    title: "join along an axis that another piece has too",
    op: "join",
    operands: [real({ D: 4 }), X],
    attributes: { pieces: ["D", "T"], into: "R" },
  },
  {
    title: "join along each other's axes",
    op: "join",
    operands: [X, X],
    attributes: { pieces: ["T", "D"], into: "R" },
  },
  {
    title: "join of one that counts one along an axis that others have",
    op: "join",
    operands: [X, real({ ...B, D: 4 }), real({ T: 3 })],
    attributes: { pieces: ["T", null, "T"], into: "T" },
  },
  {
    title: "broadcast",
    op: "broadcast",
    operands: [real({ ...B, D: 4 })],
    attributes: {
      axes: [
        { name: "T", size: 3 },
        { name: "S", size: 1 },
      ],
    },
  },
  { title: "shift later", op: "shift", operands: [X], attributes: { axis: "T", by: 1, fill: 7 } },
  {
    title: "shift earlier",
    op: "shift",
    operands: [X],
    attributes: { axis: "T", by: -2, fill: 0 },
  },
  { title: "reverse", op: "reverse", operands: [X], attributes: { axis: "T" } },
  {
    title: "window",
    op: "window",
    operands: [real({ ...B, T: 7 })],
    attributes: { axis: "T", size: 3, from: -1, step: 2, every: 2, into: "W" },
  },
  {
    title: "unwindow",
    op: "unwindow",
    operands: [real({ ...B, T: 4, W: 3 })],
    attributes: { axis: "T", length: 7, from: -1, step: 2, every: 2, into: "W" },
  },
  {
    title: "gather of rows",
    op: "gather",
    operands: [real({ V: 5, D: 2 }), type("int", { ...B, T: 3 })],
    attributes: { axis: "V" },
    given: () => [undefined, ints({ batch: 2, T: 3 }, [0, 4, 4, 7, -1, 2])],
  },
  {
    title: "gather with aligned axes",
    op: "gather",
    operands: [X, type("int", { ...B, T: 3 })],
    attributes: { axis: "D" },
  },
  {
    title: "gather along the index's own axis",
    op: "gather",
    operands: [real({ ...B, L: 4 }), type("int", { L: 4 })],
    attributes: { axis: "L" },
    given: () => [undefined, ints({ L: 4 }, [3, 3, 0, 9])],
  },
  {
    title: "gather at one place",
    op: "gather",
    operands: [X, type("int")],
    attributes: { axis: "T" },
  },
  {
    title: "scatterAdd",
    op: "scatterAdd",
    operands: [X, type("int", { ...B, T: 3 })],
    attributes: { over: ["T"], axis: "E", size: 4 },
    given: () => [undefined, ints({ batch: 2, T: 3 }, [0, 3, 3, 1, 8, -1])],
  },
  {
    title: "scatterAdd of what lacks an axis of the index",
    op: "scatterAdd",
    operands: [real({ D: 2 }), type("int", { ...B, T: 3 })],
    attributes: { over: ["T"], axis: "E", size: 3 },
  },
  {
    title: "scatterAdd over two axes",
    op: "scatterAdd",
    operands: [real({ T: 2, S: 2 }), type("int", { T: 2, S: 2 })],
    attributes: { over: ["T", "S"], axis: "T", size: 3 },
  },
  {
    title: "scatterPut",
    op: "scatterPut",
    operands: [X, type("int", { ...B, T: 3 })],
    attributes: { over: ["T"], axis: "E", size: 4 },
    given: () => [undefined, ints({ batch: 2, T: 3 }, [3, 0, 3, 1, 8, -1])],
  },
  {
    title: "scatterPut over two axes",
    op: "scatterPut",
    operands: [real({ T: 2, S: 2 }), type("int", { T: 2, S: 2 })],
    attributes: { over: ["S", "T"], axis: "E", size: 3 },
    given: () => [undefined, ints({ T: 2, S: 2 }, [0, 0, 0, 2])],
  },
  {
    title: "scatterPut over an axis that the index lacks, into one of its name",
    op: "scatterPut",
    operands: [X, type("int", { D: 4 })],
    attributes: { over: ["T"], axis: "T", size: 3 },
    given: () => [undefined, ints({ D: 4 }, [2, 0, 5, 2])],
  },
  {
    title: "scatterPut of what lacks an axis of the index",
    op: "scatterPut",
    operands: [real({ D: 2 }), type("int", { ...B, T: 3 })],
    attributes: { over: ["T", "D"], axis: "D", size: 4 },
    given: () => [undefined, ints({ batch: 2, T: 3 }, [3, 0, 3, 1, 8, -1])],
  },
  {
    title: "topK",
    op: "topK",
    operands: [X],
    attributes: { over: "D", k: 2, into: "I" },
    given: apart(X),
    results: [0],
  },
  {
    title: "topK into an axis of the same name",
    op: "topK",
    operands: [X],
    attributes: { over: "D", k: 3, into: "D" },
    given: apart(X),
    results: [0],
  },
  {
    title: "topK of none",
    op: "topK",
    operands: [X],
    attributes: { over: "D", k: 0, into: "I" },
    given: apart(X),
    results: [0],
  },
  {
    title: "linearScan",
    op: "linearScan",
    operands: [X, X, real({ ...B, D: 4 })],
    attributes: { over: "T" },
  },
  {
    title: "linearScan, constant decay, one start for all",
    op: "linearScan",
    operands: [real({ D: 4 }), X, real()],
    attributes: { over: "T" },
  },
  {
    title: "linearScan over one step",
    op: "linearScan",
    operands: [real({ T: 1 }), real({ ...B, T: 1 }), real(B)],
    attributes: { over: "T" },
  },
  ...(["none", "relu", "tanh", "sigmoid", "gelu"] as const).map(
    (activation): Case => ({
      title: `linear, ${activation}`,
      op: "linear",
      operands: [X, real({ D: 4, F: 3 }), real({ F: 3 })],
      attributes: { over: ["D"], activation },
    }),
  ),
  {
    title: "linear without bias",
    op: "linear",
    operands: [X, real({ D: 4, F: 3 })],
    attributes: { over: ["D"], activation: "tanh" },
  },
  {
    title: "crossEntropy",
    op: "crossEntropy",
    operands: [X, type("int", { ...B, T: 3 })],
    attributes: { over: "D" },
  },
  {
    title: "layerNorm",
    op: "layerNorm",
    operands: [X, real({ D: 4 }), real({ D: 4 })],
    attributes: { over: "D", epsilon: 0.01 },
  },
  {
    title: "layerNorm, the result alone",
    op: "layerNorm",
    operands: [X, real({ D: 4 }), real({ D: 4 })],
    attributes: { over: "D", epsilon: 0.01 },
    results: [0],
  },
  {
    title: "attention",
    op: "attention",
    operands: [
      real({ ...B, T: 3, H: 2, K: 2 }),
      real({ ...B, S: 4, H: 2, K: 2 }),
      real({ ...B, S: 4, H: 2, V: 3 }),
    ],
    attributes: { width: "K", keys: "S", scale: 0.7 },
  },
  {
    title: "attention, masked, one head's keys for all",
    op: "attention",
    operands: [
      real({ ...B, T: 3, H: 2, K: 2 }),
      real({ ...B, S: 4, K: 2 }),
      real({ ...B, S: 4, K: 2 }),
      type("flag", { T: 3, S: 4 }),
    ],
    attributes: { width: "K", keys: "S", scale: 0.7 },
    results: [0],
  },
];

/** Seeds are fixed, so that a failure is found again; the title says which case. */
const seed = 20240607;

describe(`gradients of operations (seed ${seed})`, () => {
  it.each(cases)("$title", ({ op, operands, attributes, given, results }) => {
    for (const batch of [2, 1]) {
      const random = new Random(seed);
      const f = new FunctionBuilder("main");
      const inputs = operands.map((of, index) => f.input(`x${index}`, of, { role: "argument" }));
      const made = f.ops(op, inputs, attributes);
      for (const [index, value] of made.entries()) {
        if (results === undefined || results.includes(index)) {
          f.result(value, { role: "return", path: [`y${index}`] });
        }
      }
      const values: Record<string, HostValue> = {};
      if (batch === 2) {
        for (const [index, value] of (given?.(random) ?? []).entries()) {
          if (value !== undefined) values[`x${index}`] = value;
        }
      } else if (given !== undefined) return;
      expectGradient(graphOf(f.finish()), { seed, inputs: values, sizes: { batch } });
    }
  });

  it.each(cases)(
    "$title, summed along each axis",
    ({ op, operands, attributes, given, results }) => {
      const random = new Random(seed);
      const f = new FunctionBuilder("main");
      const inputs = operands.map((of, index) => f.input(`x${index}`, of, { role: "argument" }));
      // Along an axis that is summed, the cotangent is the same and lacks it.
      for (const { name } of f.ops(op, inputs, attributes)[0]?.type.axes ?? []) {
        for (const [index, value] of f.ops(op, inputs, attributes).entries()) {
          if (results !== undefined && !results.includes(index)) continue;
          const entries = value.type.axes.some((axis) => axis.name === name)
            ? f.op("sum", [value], { over: [name] })
            : value;
          f.result(entries, { role: "return", path: [`${name}${index}`] });
        }
      }
      const values: Record<string, HostValue> = {};
      for (const [index, value] of (given?.(random) ?? []).entries()) {
        if (value !== undefined) values[`x${index}`] = value;
      }
      expectGradient(graphOf(f.finish()), { seed, inputs: values, sizes: { batch: 2 } });
    },
  );

  it("covers every operation that has a gradient", () => {
    const withRule = operationNames.filter((name) => typeof rules[name] === "function");
    const covered = new Set(cases.map((each) => each.op));
    expect(withRule.filter((name) => !covered.has(name))).toEqual([]);
  });
});
