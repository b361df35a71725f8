/** Operations that work entry by entry. */
import type { Lowering, LoweringTable } from "./lowering.ts";
import type { Element } from "./model.ts";
import type { TensorWriter } from "./tensors.ts";
import type { Value } from "./values.ts";
import { uniform, unionAxes } from "./values.ts";

type Unary = Lowering<"neg">;
type Operands = readonly Value[];

/** One operator of the same meaning. */
function direct(op: string, element?: Element): Unary {
  return ({ w }, inputs) => [w.pointwise(op, inputs, element)];
}

const identity: Unary = (_, inputs) => inputs;

function convert(element: Element): Unary {
  return ({ w }, [x]) => [w.cast(x as Value, element)];
}

const rsqrt: Unary = ({ w }, inputs) => [w.pointwise("Reciprocal", [w.pointwise("Sqrt", inputs)])];

/**
 * log(1 + x) exact near 0, from the logarithm of the rounded sum (Kahan; Goldberg 1991, theorem 4):
 * x log(u) / (u - 1) with u = 1 + x rounded, log(u) itself where nothing was lost, x where u is 1.
 */
const log1p: Unary = ({ w }, [input]) => {
  const x = input as Value;
  const one = w.number(1);
  const sum = w.pointwise("Add", [x, one]);
  const kept = w.pointwise("Sub", [sum, one]);
  const log = w.pointwise("Log", [sum]);
  const corrected = w.pointwise("Mul", [log, w.pointwise("Div", [x, kept])]);
  const vanished = w.pointwise("Equal", [kept, w.number(0)], "bool");
  const exact = w.pointwise("Equal", [kept, x], "bool");
  const rounded = w.pointwise("Where", [vanished, x, corrected], "float32");
  return [w.pointwise("Where", [exact, log, rounded], "float32")];
};

/** Truncation toward 0, NaN to 0, saturating: a plain Cast leaves those two open. */
const int: Unary = ({ w }, [input]) => {
  const x = input as Value;
  if (x.element !== "float32") return [w.cast(x, "int32")];
  const number = w.pointwise("Equal", [x, x], "bool");
  const finite = w.pointwise("Where", [number, x, w.number(0)], "float32");
  const wide = w.cast(finite, "float64");
  const above = w.pointwise("Max", [wide, w.number(-2147483648, "float64")]);
  return [w.cast(w.pointwise("Min", [above, w.number(2147483647, "float64")]), "int32")];
};

const notEqual: Unary = ({ w }, inputs) => [
  w.pointwise("Not", [w.pointwise("Equal", inputs, "bool")]),
];

/** What is added to zeros is the other operand, repeated along the axes it lacks: so values are given another order. */
const add: Unary = ({ w }, inputs) => {
  const [x, y] = inputs as [Value, Value];
  const other = uniform(x) === 0 ? y : uniform(y) === 0 ? x : undefined;
  if (other === undefined || x.element !== y.element) return [w.pointwise("Add", inputs)];
  return [{ ...other, axes: unionAxes(inputs) }];
};

const where: Unary = ({ w }, [condition, a, b]) => {
  const [on, x, y] = [condition as Value, a as Value, b as Value];
  if (x.element === "bool") {
    const first = w.pointwise("And", [on, x]);
    return [w.pointwise("Or", [first, w.pointwise("And", [w.pointwise("Not", [on]), y])])];
  }
  return [w.pointwise("Where", [on, x, y], x.element)];
};

const clip: Unary = ({ w }, [x, low, high]) => {
  const least = w.pointwise("Max", [x as Value, low as Value]);
  return [w.pointwise("Min", [least, high as Value])];
};

/**
 * The quotient of two ints rounded down, and what is left, in float64, where both are exact and
 * nothing traps.
 */
function divided(
  w: TensorWriter,
  [a, b]: Operands,
): { readonly quotient: Value; readonly rest: Value } {
  const divisor = b as Value;
  const dividend = w.cast(a as Value, "float64");
  const number = uniform(divisor);
  const off = w.pointwise("Equal", [divisor, w.number(0, "int32")], "bool");
  const safe =
    number === undefined
      ? w.pointwise("Where", [off, w.number(1, "int32"), divisor], "int32")
      : number === 0
        ? w.number(1, "int32")
        : divisor;
  const by = w.cast(safe, "float64");
  const floor = w.pointwise("Floor", [w.pointwise("Div", [dividend, by])]);
  const rest = w.pointwise("Sub", [dividend, w.pointwise("Mul", [floor, by])]);
  const guard = (x: Value) =>
    number !== undefined && number !== 0
      ? w.cast(x, "int32")
      : w.pointwise("Where", [off, w.number(0, "int32"), w.cast(x, "int32")], "int32");
  return { quotient: guard(floor), rest: guard(rest) };
}

const floorDiv: Unary = ({ w }, inputs) => [divided(w, inputs).quotient];

const mod: Unary = ({ w }, inputs) => {
  const divisor = uniform(inputs[1] as Value);
  // The operator traps on a divisor of 0 and on the least int by -1.
  const plain = divisor !== undefined && divisor !== 0 && divisor !== -1;
  return [plain ? w.pointwise("Mod", inputs) : divided(w, inputs).rest];
};

export const elementwise = {
  neg: direct("Neg"),
  exp: direct("Exp"),
  log: direct("Log"),
  log1p,
  sqrt: direct("Sqrt"),
  rsqrt,
  tanh: direct("Tanh"),
  sigmoid: direct("Sigmoid"),
  softplus: direct("Softplus"),
  erf: direct("Erf"),
  sin: direct("Sin"),
  cos: direct("Cos"),
  abs: direct("Abs"),
  sign: direct("Sign"),
  floor: direct("Floor"),
  round: direct("Round"),
  relu: direct("Relu"),
  not: direct("Not"),
  real: convert("float32"),
  int,
  stop: identity,
  add,
  sub: direct("Sub"),
  mul: direct("Mul"),
  div: direct("Div"),
  pow: direct("Pow"),
  minimum: direct("Min"),
  maximum: direct("Max"),
  floorDiv,
  mod,
  equal: direct("Equal", "bool"),
  notEqual,
  less: direct("Less", "bool"),
  lessEqual: direct("LessOrEqual", "bool"),
  greater: direct("Greater", "bool"),
  greaterEqual: direct("GreaterOrEqual", "bool"),
  and: direct("And"),
  or: direct("Or"),
  where,
  clip,
} satisfies Partial<LoweringTable>;
