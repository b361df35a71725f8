/** What the fusing passes make of patterns, and what they leave alone. */
import { describe, expect, it } from "vitest";
import { FunctionBuilder } from "../../../src/ir/function-builder.ts";
import type { Value } from "../../../src/ir/graph.ts";
import { attention } from "../../../src/ir/passes/attention.ts";
import { crossEntropy } from "../../../src/ir/passes/cross-entropy.ts";
import { layerNorm } from "../../../src/ir/passes/layer-norm.ts";
import { linear } from "../../../src/ir/passes/linear.ts";
import { flag } from "../../../src/ir/symbolic.ts";
import { OPEN } from "../../../src/ops/index.ts";
import { graphOf, real, type } from "../kit.ts";
import { nodesOf, runPass } from "./kit.ts";

const seed = 5;
const argument = { role: "argument" } as const;
const parameter = { role: "parameter" } as const;
const returned = { role: "return" } as const;

describe("layer normalisation", () => {
  /** x normalised over D; `mask` leaves entries out of the mean, `keep` returns the centred x as well. */
  function norm(D: number, { masked = false, keep = false, wide = false } = {}) {
    const f = new FunctionBuilder("norm");
    const x = f.input("x", real({ batch: OPEN, D }), argument);
    const gain = f.input("gain", real(wide ? { D, W: 2 } : { D }), parameter);
    const bias = f.input("bias", real({ D }), parameter);
    const seen = masked ? [f.input("seen", type("flag", { D }), argument)] : [];
    const mean = f.op("mean", [x, ...seen], { over: ["D"] }, "mean");
    const centred = f.op("sub", [x, mean], {}, "centred");
    const variance = f.op(
      "mean",
      [f.op("mul", [centred, centred], {})],
      { over: ["D"] },
      "variance",
    );
    const inverse = f.op("rsqrt", [f.op("add", [variance, 1e-5], {})], {});
    const scaled = f.op("mul", [gain, f.op("mul", [centred, inverse], {})], {});
    f.result(f.op("add", [bias, scaled], {}, "y"), returned);
    if (keep) f.result(centred, returned);
    return graphOf(f.finish());
  }

  it("becomes one operation", () => {
    expect(nodesOf(norm(4))).toEqual([
      "mean: real [batch] = mean x { over: [D] }",
      "centred: real [batch, D=4] = sub x, mean",
      "$mul: real [batch, D=4] = mul centred, centred",
      "variance: real [batch] = mean $mul { over: [D] }",
      "$add: real [batch] = add variance, real(0.00001)",
      "$rsqrt: real [batch] = rsqrt $add",
      "$mul2: real [batch, D=4] = mul centred, $rsqrt",
      "$mul3: real [batch, D=4] = mul gain, $mul2",
      "y: real [batch, D=4] = add bias, $mul3",
    ]);
    expect(nodesOf(runPass(layerNorm, norm(4), seed))).toEqual([
      "y: real [batch, D=4], $mean: real [batch], $inverse: real [batch] = layerNorm x, gain, bias { over: D, epsilon: 0.00001 }",
    ]);
  });

  it("holds along an axis of one entry and of a prime count", () => {
    for (const D of [1, 7]) expect(nodesOf(runPass(layerNorm, norm(D), seed)).length).toBe(1);
  });

  it("stays as written if the mean leaves entries out, a part is used elsewhere, or the gain has axes of its own", () => {
    for (const option of [{ masked: true }, { keep: true }, { wide: true }]) {
      const graph = norm(3, option);
      expect(layerNorm.run(graph)).toBe(graph);
    }
  });
});

describe("attention", () => {
  type Scale = (f: FunctionBuilder, scores: Value) => Value;
  const scales = {
    divided: (f, scores) => f.op("div", [scores, 2], {}, "scores"),
    multiplied: (f, scores) => f.op("mul", [0.25, scores], {}, "scores"),
    plain: (_, scores) => scores,
  } satisfies Readonly<Record<string, Scale>>;

  function attend(scale: Scale, { mask = "none", keep = false, keyFirst = false } = {}) {
    const f = new FunctionBuilder("attend");
    const q = f.input("q", real({ batch: OPEN, T: 3, H: 2, K: 4 }), argument);
    const k = f.input("k", real({ batch: OPEN, S: 5, H: 2, K: 4 }), argument);
    const v = f.input("v", real({ batch: OPEN, S: 5, H: 2, K: 4 }), argument);
    const product = f.op("contract", keyFirst ? [k, q] : [q, k], { over: ["K"] });
    const scores = scale(f, product);
    const seen =
      mask === "none"
        ? []
        : [
            mask === "on"
              ? flag(true)
              : f.input("seen", type("flag", { batch: OPEN, S: 5, T: 3 }), argument),
          ];
    const p = f.op("softmax", [scores, ...seen], { over: ["S"] }, "p");
    f.result(f.op("contract", [p, v], { over: ["S"] }, "y"), returned);
    if (keep) f.result(p, returned);
    return graphOf(f.finish());
  }

  it("becomes one operation, with the mask last and the scale as it was written", () => {
    const graph = attend(scales.divided, { mask: "given" });
    expect(nodesOf(graph)).toEqual([
      "$contract: real [batch, T=3, H=2, S=5] = contract q, k { over: [K] }",
      "scores: real [batch, T=3, H=2, S=5] = div $contract, real(2)",
      "p: real [batch, T=3, H=2, S=5] = softmax scores, seen { over: [S] }",
      "y: real [batch, T=3, H=2, K=4] = contract p, v { over: [S] }",
    ]);
    expect(nodesOf(runPass(attention, graph, seed))).toEqual([
      "y: real [batch, T=3, H=2, K=4], p: real [batch, T=3, H=2, S=5] = attention q, k, v, seen { width: K, keys: S, scale: 0.5 }",
    ]);
  });

  it("holds for every way to write scale and factors", () => {
    for (const scale of Object.values(scales)) {
      for (const keyFirst of [false, true]) {
        for (const mask of ["none", "given", "on"]) {
          const nodes = nodesOf(runPass(attention, attend(scale, { keyFirst, mask }), seed));
          // Adding to zeros gives the axes the order they had, where that was another.
          expect(nodes.filter((node) => !/= (fill|add) /.test(node)).length).toBe(1);
        }
      }
    }
  });

  it("stays as written if the probabilities are used elsewhere", () => {
    const graph = attend(scales.plain, { keep: true });
    expect(attention.run(graph)).toBe(graph);
  });
});

describe("a linear layer", () => {
  function layer(
    activation: "relu" | "tanh" | "sigmoid" | undefined,
    bias = parameter.role as "parameter" | "argument",
  ) {
    const f = new FunctionBuilder("layer");
    const x = f.input("x", real({ batch: OPEN, D: 3 }), argument);
    const W = f.input("W", real({ D: 3, F: 5 }), parameter);
    const b = f.input("b", real({ F: 5 }), { role: bias });
    const sum = f.op("add", [f.op("contract", [x, W], { over: ["D"] }), b], {}, "h");
    f.result(activation === undefined ? sum : f.op(activation, [sum], {}, "a"), returned);
    return graphOf(f.finish());
  }

  it("becomes one operation with bias and activation", () => {
    expect(nodesOf(runPass(linear, layer("relu"), seed))).toEqual([
      "a: real [batch, F=5] = linear x, W, b { over: [D], activation: relu }",
    ]);
    expect(nodesOf(runPass(linear, layer(undefined), seed))).toEqual([
      "h: real [batch, F=5] = linear x, W, b { over: [D], activation: none }",
    ]);
    for (const activation of ["tanh", "sigmoid"] as const) {
      expect(nodesOf(runPass(linear, layer(activation), seed)).length).toBe(1);
    }
  });

  it("stays as written if what is added is no parameter: a residual is not a bias", () => {
    const graph = layer("relu", "argument");
    expect(linear.run(graph)).toBe(graph);
  });
});

describe("cross-entropy", () => {
  function loss(labels: Readonly<Record<string, number>>, masked = false) {
    const f = new FunctionBuilder("loss");
    const logits = f.input("logits", real({ batch: OPEN, T: 3, V: 4 }), argument);
    const label = f.input("labels", type("int", { batch: OPEN, ...labels }), argument);
    const seen = masked ? [f.input("seen", type("flag", { V: 4 }), argument)] : [];
    const total = f.op("logsumexp", [logits, ...seen], { over: ["V"] });
    f.result(
      f.op("sub", [total, f.op("gather", [logits, label], { axis: "V" })], {}, "nll"),
      returned,
    );
    return graphOf(f.finish());
  }

  it("becomes one operation, also with several labels for a row of logits", () => {
    expect(nodesOf(runPass(crossEntropy, loss({ T: 3 }), seed))).toEqual([
      "nll: real [batch, T=3] = crossEntropy logits, labels { over: V }",
    ]);
    expect(nodesOf(runPass(crossEntropy, loss({ T: 3, N: 2 }), seed)).length).toBe(1);
  });

  it("stays as written if classes are left out", () => {
    const graph = loss({ T: 3 }, true);
    expect(crossEntropy.run(graph)).toBe(graph);
  });
});
