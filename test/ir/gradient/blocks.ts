/** Functions that tests of gradients and of the graph share. */
import { FunctionBuilder } from "../../../src/ir/function-builder.ts";
import type { GraphFunction } from "../../../src/ir/graph.ts";
import { axisSize, calculate } from "../../../src/ir/symbolic.ts";
import { OPEN } from "../../../src/ops/index.ts";
import { real, type } from "../kit.ts";

const B = { batch: OPEN };

/** Single-head attention of x over context: [batch, T, D], [batch, S, D] -> [batch, T, D]. */
export function attention(T: number, S: number, D: number): GraphFunction {
  const f = new FunctionBuilder("attention");
  const x = f.input("x", real({ ...B, T, D }), { role: "argument" });
  const context = f.input("context", real({ ...B, S, D }), { role: "argument" });
  const Wq = f.input("Wq", real({ D, K: 2 }), { role: "parameter" });
  const Wk = f.input("Wk", real({ D, K: 2 }), { role: "parameter" });
  const Wo = f.input("Wo", real({ D, E: D }), { role: "parameter" });
  const q = f.op("contract", [x, Wq], { over: ["D"] }, "q");
  const k = f.op("contract", [context, Wk], { over: ["D"] }, "k");
  const scores = f.op("contract", [q, k], { over: ["K"] }, "scores");
  const root = { constant: calculate("sqrt", axisSize(q.type, "K")), kind: "real" } as const;
  const p = f.op("softmax", [f.op("div", [scores, root], {})], { over: ["S"] }, "p");
  f.probe("p", p);
  const read = f.op("contract", [p, context], { over: ["S"] }, "read");
  const out = f.op("contract", [read, Wo], { over: ["D"] }, "projected");
  const y = f.op("rename", [out], { names: { E: "D" } }, "y");
  f.result(y, { role: "return" });
  return f.finish();
}

/**
 * One layer: x + attention(x, M), with the memory M rewritten as tanh(M * gain + mean of x); x
 * counts its layer's loss.
 */
export function layer(T: number, S: number, D: number): readonly GraphFunction[] {
  const callee = attention(T, S, D);
  const f = new FunctionBuilder("layer");
  const x = f.input("x", real({ ...B, T, D }), { role: "argument" });
  const M = f.input("M", real({ ...B, S, D }), { role: "argument" });
  const shared = f.input("shared", real({ D }), { role: "argument" });
  const parameters = (["Wq", "Wk", "Wo"] as const).map((name) => {
    const port = callee.inputs.find((each) => each.value.name === name);
    if (port === undefined) throw new Error(`There is no ${name}.`);
    return f.input(name, port.value.type, { role: "parameter", path: ["attention", name] });
  });
  const gain = f.input("gain", real({ D }), { role: "parameter" });
  const [read] = f.call(callee, [x, M, ...parameters], { scope: ["attention"], hints: ["read"] });
  if (read === undefined) throw new Error("attention returns nothing.");
  const y = f.op("add", [x, f.op("mul", [read, shared], {})], {}, "y");
  const mean = f.op("mean", [y], { over: ["T"] }, "mean");
  const written = f.op(
    "tanh",
    [f.op("add", [f.op("mul", [M, gain], {}), mean], {})],
    {},
    "written",
  );
  const loss = f.op("sum", [f.op("mul", [y, y], {})], { over: ["batch", "T", "D"] }, "loss");
  f.result(y, { role: "return" });
  f.result(written, { role: "return" });
  f.result(loss, { role: "loss" });
  return [callee, f.finish()];
}

/**
 * A model of `depth` layers that carry x and M, with stacked parameters, a captured one and stacked
 * losses.
 */
export function model(depth: number, T = 3, S = 2, D = 2): readonly GraphFunction[] {
  const functions = layer(T, S, D);
  const [callee, body] = functions;
  if (callee === undefined || body === undefined) throw new Error("There is no layer.");
  const f = new FunctionBuilder("segment");
  const x = f.input("x", real({ ...B, T, D }), { role: "argument" });
  const M = f.input("M", real({ ...B, S, D }), { role: "state", path: ["mem", "M"] });
  const shared = f.input("shared", real({ D }), { role: "parameter" });
  const stacked = body.inputs
    .filter((port) => port.role === "parameter")
    .map((port) =>
      f.input(
        `layer${port.value.name}`,
        { ...port.value.type, copies: [depth] },
        { role: "parameter", path: ["layer", "*", ...port.path] },
      ),
    );
  const [y, written, losses] = f.repeat(body, "layer", {
    count: depth,
    inputs: [
      { value: x, passing: "carried" },
      { value: M, passing: "carried" },
      { value: shared, passing: "captured" },
      ...stacked.map((value) => ({ value, passing: "stacked" as const })),
    ],
    collecting: ["carried", "carried", "stacked"],
    hints: ["y", "written", "losses"],
  });
  if (y === undefined || written === undefined || losses === undefined) throw new Error("empty");
  const main = f.op("mean", [f.op("mul", [y, shared], {})], { over: ["batch", "T", "D"] }, "main");
  const total = f.op("sum", [f.stack(losses, "layer")], { over: ["layer"] }, "total");
  f.result(y, { role: "return" });
  f.result(written, { role: "next", path: ["mem", "M"] });
  f.result(f.op("add", [main, total], {}, "loss"), { role: "loss", path: ["main"] });
  return [...functions, f.finish()];
}

/**
 * h[t] = tanh(h[t - 1] * W + x[t]), read at the flagged steps; returns every h and the last one.
 */
export function recurrence(T: number): readonly GraphFunction[] {
  const s = new FunctionBuilder("step");
  const h = s.input("h", real({ ...B, D: 2 }), { role: "argument" });
  const xt = s.input("xt", real({ ...B, D: 2 }), { role: "argument" });
  const reset = s.input("reset", type("flag", B), { role: "argument" });
  const W = s.input("W", real({ D: 2, E: 2 }), { role: "parameter" });
  const kept = s.op("where", [reset, 0, h], {}, "kept");
  const moved = s.op("contract", [kept, W], { over: ["D"] });
  const back = s.op("rename", [moved], { names: { E: "D" } });
  const next = s.op("tanh", [s.op("add", [back, xt], {})], {}, "next");
  s.result(next, { role: "return", path: ["h"] });
  s.result(s.op("mul", [next, next], {}, "energy"), { role: "return", path: ["energy"] });
  const step = s.finish();

  const f = new FunctionBuilder("recurrence");
  const x = f.input("x", real({ ...B, T, D: 2 }), { role: "argument" });
  const resets = f.input("reset", type("flag", { ...B, T }), { role: "argument" });
  const start = f.input("start", real({ ...B, D: 2 }), { role: "state", path: ["h"] });
  const weights = f.input("W", real({ D: 2, E: 2 }), { role: "parameter" });
  const [last, energy] = f.scan(step, "T", {
    count: axisSize(x.type, "T"),
    inputs: [
      { value: start, passing: "carried" },
      { value: x, passing: "stacked" },
      { value: resets, passing: "stacked" },
      { value: weights, passing: "captured" },
    ],
    collecting: ["carried", "stacked"],
    hints: ["last", "energy"],
  });
  if (last === undefined || energy === undefined) throw new Error("The scan returns nothing.");
  f.result(last, { role: "next", path: ["h"] });
  f.result(energy, { role: "return" });
  return [step, f.finish()];
}

/** Rows of a table by token, and scores against the same table: tied weights. */
export function embedding(vocab: number): readonly GraphFunction[] {
  const look = new FunctionBuilder("look");
  const tokens = look.input("tokens", type("int", { ...B, T: 3 }), { role: "argument" });
  const E = look.input("E", real({ V: vocab, D: 2 }), { role: "parameter" });
  look.result(look.op("gather", [E, tokens], { axis: "V" }, "rows"), { role: "return" });
  const score = new FunctionBuilder("score");
  const x = score.input("x", real({ ...B, T: 3, D: 2 }), { role: "argument" });
  const again = score.input("E", real({ V: vocab, D: 2 }), { role: "parameter" });
  score.result(score.op("contract", [x, again], { over: ["D"] }, "logits"), { role: "return" });
  const f = new FunctionBuilder("model");
  const input = f.input("tokens", type("int", { ...B, T: 3 }), { role: "argument" });
  const labels = f.input("labels", type("int", { ...B, T: 3 }), { role: "argument" });
  const table = f.input("E", real({ V: vocab, D: 2 }), { role: "parameter", path: ["table", "E"] });
  const functions = [look.finish(), score.finish()] as const;
  const [rows] = f.call(functions[0], [input, table], { scope: ["table"], hints: ["rows"] });
  if (rows === undefined) throw new Error("look returns nothing.");
  const squashed = f.op("tanh", [rows], {}, "squashed");
  const [logits] = f.call(functions[1], [squashed, table], { scope: ["table"], hints: ["logits"] });
  if (logits === undefined) throw new Error("score returns nothing.");
  const total = f.op("logsumexp", [logits], { over: ["V"] });
  const right = f.op("gather", [logits, labels], { axis: "V" });
  const loss = f.op("mean", [f.op("sub", [total, right], {})], { over: ["batch", "T"] }, "loss");
  f.result(loss, { role: "loss" });
  return [...functions, f.finish()];
}

/** A block of nothing but a product, and blocks that each call the one before twice. */
export function chain(links: number): readonly GraphFunction[] {
  const functions: GraphFunction[] = [];
  for (let link = 0; link <= links; link++) {
    const f = new FunctionBuilder(`link${link}`);
    const x = f.input("x", real({ ...B, D: 2 }), { role: "argument" });
    const before = functions.at(-1);
    const again = (value: typeof x, scope: string): typeof x => {
      const called = before && f.call(before, [value], { scope: [scope], hints: [scope] })[0];
      return called ?? f.op("mul", [value, 2], {}, scope);
    };
    f.op("add", [f.op("sin", [x], {}), f.op("sin", [x], {})], {}, "unread");
    f.result(again(again(x, "left"), "right"), { role: "return" });
    functions.push(f.finish());
  }
  return functions;
}
