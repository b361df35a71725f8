/** First-order linear recurrences along an axis. */
import type { Lowering } from "./lowering.ts";
import type { TensorWriter } from "./tensors.ts";
import type { Value } from "./values.ts";
import { sizeOf, storedCount, storedOrder, unionAxes } from "./values.ts";

export const linearScan: Lowering<"linearScan"> = ({ w }, inputs, { over }) => {
  const [a, b, start] = inputs as readonly [Value, Value, Value];
  const count = Math.max(sizeOf(a, over), sizeOf(b, over));
  if (count > 1) return [loop(w, a, b, start, over, count)];
  const axes = unionAxes([a, b, start]);
  const state = w.pointwise("Add", [w.pointwise("Mul", [a, start]), b]);
  return [{ ...state, axes }];
};

/**
 * The recurrence as a `Scan` node, the steps outermost. Written out it is no faster, and doubling
 * strides (Hillis and Steele 1986) reads whole tensors too often to pay on a few cores.
 */
function loop(
  w: TensorWriter,
  a: Value,
  b: Value,
  start: Value,
  over: string,
  count: number,
): Value {
  const all = unionAxes([a, b, start]);
  const kept = all.filter(({ name }) => name !== over);
  const largest = storedCount(a) > storedCount(b) ? a : b;
  const base = storedOrder(largest).filter((name) => name !== over);
  const others = kept.filter(({ name, size }) => size !== 1 && !base.includes(name));
  const order = [...others.map(({ name }) => name), ...base];
  const shape = w.fullShape({ ...a, axes: all }, order);
  const laidOut = (x: Value) => {
    const full = w.materialize({ ...x, axes: all });
    return w.view(full, w.place(full, [over, ...order]), [count, ...shape]);
  };
  const begin = w.materialize({ ...start, axes: kept });
  const { element } = b;
  const [y, factor, increment] = [w.graph.fresh(), w.graph.fresh(), w.graph.fresh()];
  const inputs = [y, factor, increment].map((name) => ({ name, element, dims: shape }));
  const body = w.graph.subgraph(inputs, () => {
    const next = w.graph.node("Add", [w.graph.node("Mul", [factor, y]), increment]);
    const result = w.graph.node("Identity", [next]);
    return [next, result].map((name) => ({ name, element, dims: shape }));
  });
  const [, states = ""] = w.graph.nodes(
    "Scan",
    [w.view(begin, w.place(begin, order), shape), laidOut(a), laidOut(b)],
    2,
    { attributes: { body, num_scan_inputs: 2 } },
  );
  return w.made(element, all, [over, ...order], { name: states, shape: [count, ...shape] });
}
