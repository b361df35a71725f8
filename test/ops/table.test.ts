import { describe, expect, it } from "vitest";
import type {
  HostTensor,
  NumberKind,
  OpAttributes,
  OpName,
  TensorType,
} from "../../src/ops/index.ts";
import {
  evaluate,
  hostTensor,
  inferTypes,
  inputCounts,
  OPEN,
  operations,
} from "../../src/ops/index.ts";
import type { Random, Sizes } from "./kit.ts";
import { expectEntries, operationNames, randomFrom, read, sizesOf } from "./kit.ts";

type Input = readonly [NumberKind, Sizes];
interface Sample<Name extends OpName> {
  readonly inputs: readonly Input[];
  readonly attributes: OpAttributes<number>[Name];
}

const x: Input = ["real", { T: 3, D: 5 }];
const row: Input = ["real", { D: 5 }];
const count: Input = ["int", { D: 5, T: 3 }];
const on: Input = ["flag", { T: 3, D: 5 }];
const one = { inputs: [x], attributes: {} };
const two = { inputs: [x, row], attributes: {} };
const masked = { inputs: [x, on], attributes: { over: ["D"] } };
const flags = { inputs: [on, on], attributes: {} };
const square: Input = ["real", { N: 3, M: 3 }];
const window = { axis: "T", from: -1, step: 1, every: 2, into: "W" };

/** A call of every operation on small tensors. */
const samples = {
  neg: one,
  exp: one,
  log: one,
  log1p: one,
  sqrt: one,
  rsqrt: one,
  tanh: one,
  sigmoid: one,
  softplus: one,
  erf: one,
  sin: one,
  cos: one,
  abs: one,
  sign: one,
  floor: one,
  round: one,
  relu: one,
  not: { inputs: [on], attributes: {} },
  real: { inputs: [on], attributes: {} },
  int: one,
  stop: one,
  add: two,
  sub: two,
  mul: two,
  div: two,
  pow: two,
  minimum: two,
  maximum: two,
  floorDiv: { inputs: [count, count], attributes: {} },
  mod: { inputs: [count, count], attributes: {} },
  equal: { inputs: [count, row], attributes: {} },
  notEqual: flags,
  less: two,
  lessEqual: two,
  greater: two,
  greaterEqual: two,
  and: flags,
  or: flags,
  where: { inputs: [on, row, x], attributes: {} },
  clip: { inputs: [x, row, row], attributes: {} },
  sum: masked,
  mean: masked,
  max: masked,
  min: masked,
  logsumexp: masked,
  any: { inputs: [on, on], attributes: { over: ["T"] } },
  all: { inputs: [on, on], attributes: { over: ["T", "D"] } },
  argmax: { inputs: [x, on], attributes: { over: "T" } },
  softmax: masked,
  cumsum: { inputs: [x], attributes: { over: "T", reverse: true } },
  contract: { inputs: [x, row], attributes: { over: ["D"] } },
  split: {
    inputs: [["real", { D: 6, T: 2 }]],
    attributes: {
      axis: "D",
      into: [
        { name: "H", size: 2 },
        { name: "K", size: 3 },
      ],
    },
  },
  merge: { inputs: [x], attributes: { axes: ["D", "T"], into: "R" } },
  rename: { inputs: [x], attributes: { names: { T: "S" } } },
  slice: { inputs: [x], attributes: { axis: "D", start: 1, size: 3, into: "D" } },
  join: { inputs: [x, row], attributes: { pieces: ["T", null], into: "R" } },
  broadcast: { inputs: [row], attributes: { axes: [{ name: "T", size: 2 }] } },
  shift: { inputs: [x], attributes: { axis: "D", by: -2, fill: 1 } },
  reverse: { inputs: [x], attributes: { axis: "T" } },
  window: { inputs: [x], attributes: { ...window, size: 3 } },
  unwindow: { inputs: [["real", { T: 2, W: 3 }]], attributes: { ...window, length: 3 } },
  index: { inputs: [], attributes: { axis: "T", size: 3 } },
  fill: { inputs: [], attributes: { value: 2, axes: [{ name: "T", size: 3 }], kind: "int" } },
  values: { inputs: [], attributes: { list: [1, 2], into: "K" } },
  gather: { inputs: [x, ["int", { E: 4, T: 3 }]], attributes: { axis: "D" } },
  scatterAdd: { inputs: [x, count], attributes: { over: ["T"], axis: "E", size: 3 } },
  scatterPut: { inputs: [x, count], attributes: { over: ["D"], axis: "E", size: 3 } },
  topK: { inputs: [x], attributes: { over: "D", k: 3, into: "I" } },
  order: { inputs: [x], attributes: { over: "T" } },
  linearScan: { inputs: [x, x, row], attributes: { over: "T" } },
  solve: { inputs: [square, ["real", { N: 3, L: 2 }]], attributes: { row: "N", column: "M" } },
  svd: { inputs: [x], attributes: { row: "T", column: "D", into: "R" } },
  eigh: { inputs: [square], attributes: { row: "N", column: "M", into: "R" } },
  linear: {
    inputs: [x, ["real", { D: 5, F: 2 }], ["real", { F: 2 }]],
    attributes: { over: ["D"], activation: "gelu" },
  },
  crossEntropy: { inputs: [x, ["int", { T: 3 }]], attributes: { over: "D" } },
  crossEntropyGradient: {
    inputs: [x, ["int", { T: 3 }], ["real", { T: 3 }]],
    attributes: { over: "D" },
  },
  softmaxGradient: { inputs: [x, x], attributes: { over: ["D"] } },
  layerNorm: { inputs: [x, row, row], attributes: { over: "D", epsilon: 1e-5 } },
  layerNormGradient: {
    inputs: [x, row, ["real", { T: 3 }], ["real", { T: 3 }], x],
    attributes: { over: "D" },
  },
  attention: {
    inputs: [x, ["real", { S: 4, D: 5 }], ["real", { D: 5, S: 4 }], ["flag", { T: 3, S: 4 }]],
    attributes: { width: "D", keys: "S", scale: 0.3 },
  },
} satisfies { readonly [Name in OpName]: Sample<Name> };

const sampleOf = <Name extends OpName>(op: Name): Sample<Name> =>
  (samples as { readonly [Each in OpName]: Sample<Each> })[op];

function draw(random: Random, [kind, sizes]: Input): HostTensor {
  switch (kind) {
    case "real":
      return random.reals(sizes);
    case "int":
      return random.ints(sizes, -1, 5);
    case "flag":
      return random.flags(sizes);
    default:
      return kind satisfies never;
  }
}

/** Tensors of one type stacked along a last axis `batch`, where no operation keeps it. */
function stack(examples: readonly HostTensor[]): HostTensor {
  const [first] = examples as [HostTensor];
  const entries = [...first.data].flatMap((_, i) => examples.map(({ data }) => data[i]!));
  const batch = { name: "batch", size: examples.length };
  return hostTensor(first.type.kind, [...first.type.axes, batch], entries);
}

const batched = ({ kind, axes }: TensorType, size: number): TensorType => ({
  kind,
  axes: [{ name: "batch", size }, ...axes],
});

describe("every operation", () => {
  it("says what it does in a sentence", () => {
    for (const name of operationNames) expect(operations[name].doc, name).toMatch(/[^.]\.$/);
  });

  it("takes the inputs of its sample, and as many results as it declares", () => {
    for (const name of operationNames) {
      const { inputs, attributes } = sampleOf(name);
      const { least, most } = inputCounts(name);
      expect(inputs.length, name).toBeGreaterThanOrEqual(Math.min(least, most));
      expect(inputs.length, name).toBeLessThanOrEqual(most);
      const types = inputs.map(([kind, sizes]) => ({
        kind,
        axes: Object.entries(sizes).map(([axis, size]) => ({ name: axis, size })),
      }));
      expect(inferTypes(name, types, attributes), name).toHaveLength(operations[name].results ?? 1);
    }
  });

  it("computes a batch as it computes each example, the batch first", () => {
    const random = randomFrom("batches");
    for (const name of operationNames) {
      const { inputs, attributes } = sampleOf(name);
      if (inputs.length === 0) continue;
      for (const size of [1, 3]) {
        const examples = Array.from({ length: size }, () =>
          inputs.map((input) => draw(random, input)),
        );
        const each = examples.map((example) => evaluate(name, example, attributes));
        const together = evaluate(
          name,
          inputs.map((_, i) => stack(examples.map((example) => example[i]!))),
          attributes,
        );
        together.forEach((result, r) => {
          expect(result.type.axes[0], name).toEqual({ name: "batch", size });
          const { batch: _, ...sizes } = sizesOf(result);
          each.forEach((results, b) => {
            const slice = evaluate("slice", [result], {
              axis: "batch",
              start: b,
              size: 1,
              into: null,
            });
            expectEntries(slice[0]!, sizes, (at) => read(results[r]!, at), 1e-13);
          });
        });
      }
    }
  });

  it("carries an open batch through its types, and counts it as one example", () => {
    for (const name of operationNames) {
      const { inputs, attributes } = sampleOf(name);
      if (inputs.length === 0) continue;
      const types = inputs.map(([kind, sizes]) => ({
        kind,
        axes: Object.entries(sizes).map(([axis, size]) => ({ name: axis, size })),
      }));
      const open = types.map((type) => batched(type, OPEN));
      const closed = inferTypes(name, types, attributes);
      expect(inferTypes(name, open, attributes), name).toEqual(
        closed.map((type) => batched(type, OPEN)),
      );
      const { flops } = operations[name] as {
        flops(of: readonly TensorType[], a: unknown): number;
      };
      expect(flops(open, attributes), name).toBe(flops(types, attributes));
    }
  });

  it("has nothing to do for an empty batch", () => {
    for (const name of operationNames) {
      const { inputs, attributes } = sampleOf(name);
      if (inputs.length === 0) continue;
      const empty = inputs.map(([kind, sizes]) => hostTensor(kind, { ...sizes, batch: 0 }, []));
      for (const { data } of evaluate(name, empty, attributes)) expect(data, name).toHaveLength(0);
    }
  });
});
