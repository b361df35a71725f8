/**
 * Patterns that the compiler's passes make: linear layers, attention, layer norm, cross entropy.
 */
import { contraction } from "./contraction.ts";
import { float } from "./graph.ts";
import { gathered, inRange, inside, orZero, someOff } from "./indexing.ts";
import type { Lowering, LoweringTable } from "./lowering.ts";
import { MICROSOFT } from "./model.ts";
import { logSumExp, softmax, sum } from "./reduction.ts";
import { sameOrder } from "./shapes.ts";
import type { TensorWriter } from "./tensors.ts";
import type { Value } from "./values.ts";
import { primary, sizeOf, storedOrder, stores, unionAxes, wide } from "./values.ts";

const linear: Lowering<"linear"> = ({ w, wanted }, [x, weight, bias], { over, activation }) => {
  const [operand, matrix] = [x as Value, weight as Value];
  const options = { wanted: wanted[0] ?? [] };
  if (activation === "gelu") {
    const product = contraction(w, operand, matrix, over, options);
    return [bias === undefined ? gelu(w, product) : biasGelu(w, product, bias)];
  }
  const sum = contraction(
    w,
    operand,
    matrix,
    over,
    bias === undefined ? options : { ...options, bias },
  );
  switch (activation) {
    case "none":
      return [sum];
    case "relu":
      return [w.pointwise("Relu", [sum])];
    case "tanh":
      return [w.pointwise("Tanh", [sum])];
    case "sigmoid":
      return [w.pointwise("Sigmoid", [sum])];
    default:
      return activation satisfies never;
  }
};

function gelu(w: TensorWriter, x: Value): Value {
  return w.pointwise("Gelu", [x], "float32", { domain: MICROSOFT });
}

/** gelu(x + bias) in one pass, where the bias has the innermost axes of x. */
function biasGelu(w: TensorWriter, x: Value, bias: Value): Value {
  const order = storedOrder(x);
  const own = order.filter((name) => stores(bias, name));
  const innermost = sameOrder(order.slice(order.length - own.length), own);
  const fits = own.length > 0 && own.length === storedOrder(bias).length && innermost;
  if (!fits) return gelu(w, w.pointwise("Add", [x, bias]));
  const rows = w.rows(x, own);
  const vector = w.view(bias, w.place(bias, own), [rows.length]);
  const name = w.graph.node("BiasGelu", [rows.name, vector], { domain: MICROSOFT });
  return w.made("float32", x.axes, rows.order, { name, shape: rows.shape });
}

const attention: Lowering<"attention"> = (context, inputs, { width, keys, scale }) => {
  const { w, wanted } = context;
  const [query, key, value, mask] = inputs as readonly [Value, Value, Value, Value?];
  // The softmax works along the innermost axis.
  const scores = contraction(w, query, key, [width], { scale, wanted: [keys] });
  const probabilities = softmax(w, scores, [keys], mask);
  const output = contraction(w, probabilities, value, [keys], { wanted: wanted[0] ?? [] });
  return [output, probabilities];
};

/** A value that has `axis` alone, as a tensor of one dimension. */
function vector(w: TensorWriter, x: Value, axis: string): string {
  const full = w.materialize(x);
  return w.view(full, primary(full), [sizeOf(x, axis)]);
}

const layerNorm: Lowering<"layerNorm"> = ({ w }, [input, gain, bias], { over, epsilon }) => {
  const given = input as Value;
  const x = sizeOf(given, over) === 1 || stores(given, over) ? given : w.materialize(given);
  const rows = w.rows(x, [over]);
  const [scale, offset] = [gain as Value, bias as Value];
  const plain = [scale, offset].every(({ axes }) => wide(axes).every(({ name }) => name === over));
  const along = [{ name: over, size: sizeOf(x, over) }];
  const factors = plain
    ? [
        { ...scale, axes: along },
        { ...offset, axes: along },
      ]
    : [
        { ...w.number(1), axes: along },
        { ...w.number(0), axes: along },
      ];
  const names = w.graph.nodes(
    "LayerNormalization",
    [rows.name, ...factors.map((factor) => vector(w, factor, over))],
    3,
    { attributes: { axis: -1, epsilon: float(epsilon), stash_type: 1 } },
  );
  const [name = "", mean = "", inverse = ""] = names;
  const axes = x.axes.filter((axis) => axis.name !== over);
  const order = rows.order.filter((axis) => axis !== over);
  const shape = [...rows.shape.slice(0, -1), 1];
  const y = w.made("float32", x.axes, rows.order, { name, shape: rows.shape });
  return [
    plain ? y : w.pointwise("Add", [w.pointwise("Mul", [y, scale]), offset]),
    w.made("float32", axes, order, { name: mean, shape }),
    w.made("float32", axes, order, { name: inverse, shape }),
  ];
};

/**
 * With g = d gain, c = x - mean, r the inverse deviation and n entries: dx = r g - r / n sum(g) -
 * r^3 / n sum(g c) c (Ba, Kiros, Hinton 2016), grouped so that whole tensors are passed over least.
 */
const layerNormGradient: Lowering<"layerNormGradient"> = ({ w }, inputs, { over }) => {
  const [x, gain, mean, inverse, d] = inputs as readonly [Value, Value, Value, Value, Value];
  const n = w.number(sizeOf(x, over));
  const g = w.pointwise("Mul", [d, gain]);
  const centred = w.pointwise("Sub", [x, mean]);
  const gradientSum = sum(w, g, [over]);
  const covariance = contraction(w, g, centred, [over]);
  const perEntry = w.pointwise("Div", [inverse, n]);
  const shift = w.pointwise("Mul", [perEntry, gradientSum]);
  const square = w.pointwise("Mul", [inverse, inverse]);
  const slope = w.pointwise("Mul", [w.pointwise("Mul", [square, perEntry]), covariance]);
  const scaled = w.pointwise("Mul", [g, inverse]);
  const removed = w.pointwise("Mul", [centred, slope]);
  return [w.pointwise("Sub", [w.pointwise("Sub", [scaled, removed]), shift])];
};

/** Logits with the class axis innermost, and labels checked against it. */
const crossEntropy: Lowering<"crossEntropy"> = ({ w }, [logits, labels], { over }) => {
  const [x, label] = [logits as Value, labels as Value];
  const size = sizeOf(x, over);
  const full = size === 1 || stores(x, over) ? x : w.materialize(x);
  const rows = w.rows(full, [over]);
  const name = w.graph.node("LogSoftmax", [rows.name], { attributes: { axis: -1 } });
  const logs = w.made("float32", full.axes, rows.order, { name, shape: rows.shape });
  const loss = w.pointwise("Neg", [gathered(w, logs, label, over)]);
  if (inside(label, size)) return [loss];
  // A label out of range, which takes nothing away from logsumexp, is rare.
  const on = inRange(w, label, size);
  return [
    w.branch(
      someOff(w, on),
      "float32",
      () => w.pointwise("Where", [on, loss, logSumExp(w, full, [over])], "float32"),
      () => w.pointwise("Identity", [loss]),
    ),
  ];
};

const crossEntropyGradient: Lowering<"crossEntropyGradient"> = (
  { w },
  [logits, labels, gradient],
  { over },
) => {
  const [x, label, d] = [logits as Value, labels as Value, gradient as Value];
  const scaled = w.materialize(w.pointwise("Mul", [softmax(w, x, [over]), d]));
  const size = sizeOf(x, over);
  const all = unionAxes([scaled, label]);
  if (size === 1 || storedOrder(label).some((name) => !stores(scaled, name))) {
    const classes = w.list(
      Array.from({ length: size }, (_, i) => i),
      over,
      "int32",
    );
    const hit = w.pointwise("Equal", [label, classes], "bool");
    return [w.pointwise("Where", [hit, w.pointwise("Sub", [scaled, d]), scaled], "float32")];
  }
  const rows = w.rows(scaled, [over]);
  const outer = rows.order.slice(0, -1);
  const perRow = (value: Value) => {
    const axes = all.filter(({ name }) => outer.includes(name));
    const full = w.materialize({ ...value, axes });
    return w.view(full, w.place(full, outer), [...rows.shape.slice(0, -1), 1]);
  };
  const negative = w.pointwise("Neg", [d]);
  const on = inside(label, size) ? undefined : inRange(w, label, size);
  const zero = w.number(0, "int32");
  const place = on === undefined ? label : w.pointwise("Where", [on, label, zero], "int32");
  const added = on === undefined ? negative : orZero(w, on, negative);
  const name = w.graph.node("ScatterElements", [rows.name, perRow(place), perRow(added)], {
    attributes: { axis: -1, reduction: { kind: "string", value: "add" } },
  });
  return [w.made("float32", all, rows.order, { name, shape: rows.shape })];
};

export const fused = {
  linear,
  attention,
  layerNorm,
  layerNormGradient,
  crossEntropy,
  crossEntropyGradient,
} satisfies Partial<LoweringTable>;
