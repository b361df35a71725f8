/** First-order linear recurrences along an axis. */
import { arrangement } from "./arrangement.ts";
import type { Lowering, LoweringContext } from "./lowering.ts";
import type { TensorWriter, Value } from "./tensors.ts";
import { sizeOf, storedCount, storedOrder, stores, unionAxes } from "./tensors.ts";

/** Steps up to this many are written out; more are a loop of the engine, whose node count does not grow with them. */
const UNROLLED_STEPS = 16;

/** One value for each step: the entries along `over`, or the same value each time if it has no such axis. */
function steps(w: TensorWriter, x: Value, over: string, count: number): Value[] {
  const axes = x.axes.filter(({ name }) => name !== over);
  if (!stores(x, over)) return Array.from({ length: count }, () => ({ ...x, axes }));
  const rest = storedOrder(x).filter((name) => name !== over);
  const placement = w.place(x, [over, ...rest]);
  const shape = w.fullShape(x, rest);
  const parts = w.graph.nodes("Split", [w.view(x, placement, [count, ...shape])], count, {
    attributes: { axis: 0, num_outputs: count },
  });
  return parts.map((name) => w.made(x.element, axes, rest, { name, shape: [1, ...shape] }));
}

const step = (w: TensorWriter, a: Value, y: Value, b: Value): Value =>
  w.pointwise("Add", [w.pointwise("Mul", [a, y]), b]);

export const linearScan: Lowering<"linearScan"> = (context, inputs, { over }) => {
  const [a, b, start] = inputs as readonly [Value, Value, Value];
  const { w } = context;
  const count = Math.max(sizeOf(a, over), sizeOf(b, over));
  if (count > UNROLLED_STEPS) return [loop(w, a, b, start, over, count)];
  return [unrolled(context, a, b, start, over, count)];
};

function unrolled(
  context: LoweringContext,
  a: Value,
  b: Value,
  start: Value,
  over: string,
  count: number,
): Value {
  const { w } = context;
  const factors = steps(w, a, over, count);
  const increments = steps(w, b, over, count);
  const states: Value[] = [];
  let state = start;
  for (let t = 0; t < count; t++) {
    state = step(w, factors[t] as Value, state, increments[t] as Value);
    states.push(state);
  }
  const pieces = states.map(() => null);
  return arrangement.join(context, states, { pieces, into: over })[0] as Value;
}

/** The recurrence as a `Scan` node, the steps outermost. */
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
