/** A pre-norm transformer block with its backward sweep, as generated code would compute it. */
import type { TensorType } from "../../../src/ops/index.ts";
import type { Builder, Tensor } from "../../../src/runtime/builder.ts";
import type { Plan } from "../../../src/runtime/plan.ts";
import { stage } from "../../../src/runtime/stage.ts";

export interface BlockSizes {
  readonly batch: number;
  readonly T: number;
  readonly D: number;
  readonly H: number;
  readonly F: number;
}

const EPSILON = 1e-5;

/** Names of the plan's inputs, with their axes. */
export const inputs = {
  x: ["batch", "T", "D"],
  gain1: ["D"],
  bias1: ["D"],
  Wq: ["D", "H", "K"],
  Wk: ["D", "H", "K"],
  Wv: ["D", "H", "K"],
  Wo: ["H", "K", "D"],
  gain2: ["D"],
  bias2: ["D"],
  W1: ["D", "F"],
  b1: ["F"],
  W2: ["F", "D"],
  b2: ["D"],
  gradient: ["batch", "T", "D"],
} as const;

type Inputs = { readonly [Name in keyof typeof inputs]: Tensor };

/** The block's plan: the output, and the gradients with respect to x and every parameter. */
export function transformerBlock(sizes: BlockSizes): Plan {
  const all: Readonly<Record<string, number>> = { ...sizes, K: sizes.D / sizes.H };
  const types = Object.fromEntries(
    Object.entries(inputs).map(([name, axes]) => {
      const typed = axes.map((axis) => ({ name: axis, size: all[axis] ?? 0 }));
      return [name, { kind: "real", axes: typed } as TensorType];
    }),
  );
  return stage("block", (g: Builder, p: Inputs) => block(g, p), [types]).plan;
}

export function block(g: Builder, p: Inputs) {
  const { batch, T, K } = { batch: "batch", T: "T", K: g.size(p.Wq, "K") };
  const tokens = [batch, T];
  const scale = 1 / Math.sqrt(K);
  const length = g.size(p.x, "T");
  const causal = g.greaterEqual(
    g.index({ axis: "T", size: length }),
    g.index({ axis: "S", size: length }),
  );

  const [n1, mean1, inverse1] = g.layerNorm(p.x, p.gain1, p.bias1, { over: "D", epsilon: EPSILON });
  const read = g.rename(n1, { names: { T: "S" } });
  const q = g.contract(n1, p.Wq, { over: ["D"] });
  const k = g.contract(read, p.Wk, { over: ["D"] });
  const v = g.contract(read, p.Wv, { over: ["D"] });
  const [attended, weights] = g.attention(q, k, v, { width: "K", keys: "S", scale, where: causal });
  const y = g.add(p.x, g.contract(attended, p.Wo, { over: ["H", "K"] }));
  const [n2, mean2, inverse2] = g.layerNorm(y, p.gain2, p.bias2, { over: "D", epsilon: EPSILON });
  const before = g.linear(n2, p.W1, { over: ["D"], activation: "none", bias: p.b1 });
  const phi = g.mul(0.5, g.add(1, g.erf(g.mul(before, Math.SQRT1_2))));
  const hidden = g.mul(before, phi);
  const output = g.add(y, g.linear(hidden, p.W2, { over: ["F"], activation: "none", bias: p.b2 }));

  const d = p.gradient;
  const dHidden = g.contract(d, p.W2, { over: ["D"] });
  const density = g.mul(1 / Math.sqrt(2 * Math.PI), g.exp(g.mul(-0.5, g.mul(before, before))));
  const dBefore = g.mul(dHidden, g.add(phi, g.mul(before, density)));
  const dN2 = g.contract(dBefore, p.W1, { over: ["F"] });
  const dY = g.add(d, g.layerNormGradient(y, p.gain2, mean2, inverse2, dN2, { over: "D" }));
  const dAttended = g.contract(dY, p.Wo, { over: ["D"] });
  const dWeights = g.contract(dAttended, v, { over: ["K"] });
  const dScores = g.mul(scale, g.softmaxGradient(weights, dWeights, { over: ["S"] }));
  const dQ = g.contract(dScores, k, { over: ["S"] });
  const dK = g.contract(dScores, q, { over: ["T"] });
  const dV = g.contract(weights, dAttended, { over: ["T"] });
  const heads = ["H", "K"];
  const dRead = g.add(g.contract(dK, p.Wk, { over: heads }), g.contract(dV, p.Wv, { over: heads }));
  const dN1 = g.add(g.contract(dQ, p.Wq, { over: heads }), g.rename(dRead, { names: { S: "T" } }));
  const dX = g.add(dY, g.layerNormGradient(p.x, p.gain1, mean1, inverse1, dN1, { over: "D" }));
  const normal = (x: Tensor, mean: Tensor, inverse: Tensor) => g.mul(g.sub(x, mean), inverse);
  const rows = ["batch", "S"];
  return {
    output,
    x: dX,
    gain1: g.sum(g.mul(dN1, normal(p.x, mean1, inverse1)), { over: tokens }),
    bias1: g.sum(dN1, { over: tokens }),
    Wq: g.contract(n1, dQ, { over: tokens }),
    Wk: g.contract(read, dK, { over: rows }),
    Wv: g.contract(read, dV, { over: rows }),
    Wo: g.contract(attended, dY, { over: tokens }),
    gain2: g.sum(g.mul(dN2, normal(y, mean2, inverse2)), { over: tokens }),
    bias2: g.sum(dN2, { over: tokens }),
    W1: g.contract(n2, dBefore, { over: tokens }),
    b1: g.sum(dBefore, { over: tokens }),
    W2: g.contract(hidden, d, { over: tokens }),
    b2: g.sum(d, { over: tokens }),
  };
}
