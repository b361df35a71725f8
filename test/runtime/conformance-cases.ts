/**
 * One-operation cases that every engine has to agree on with the op table: batch 1, axes of size 1,
 * odd and prime sizes, empty axes, aligned axes in shuffled order, NaN, infinities and ties.
 */
import type { OpAttributes, OpName } from "../../src/ops/index.ts";

/** How an input's entries are made; every real number is exact in 32 bits. */
export type Entries =
  | { readonly kind: "uniform"; readonly low: number; readonly high: number } // real
  | { readonly kind: "steps"; readonly low: number; readonly high: number } // real multiples of 0.5: many ties
  | { readonly kind: "whole"; readonly low: number; readonly high: number } // int, both ends included
  | { readonly kind: "flags"; readonly on: number } // share that is on
  | {
      readonly kind: "list";
      readonly of: "real" | "int" | "flag";
      readonly entries: readonly number[];
    };

export interface Input {
  readonly axes: Readonly<Record<string, number>>;
  readonly entries: Entries;
}

export type ConformanceCase = {
  readonly [Name in OpName]: {
    readonly name: string;
    readonly op: Name;
    readonly inputs: readonly Input[];
    readonly attributes: OpAttributes<number>[Name];
    /** Needs float64 and runs only while staging; no engine but the reference has to have it. */
    readonly compileTime?: true;
  };
}[OpName];

type Axes = Readonly<Record<string, number>>;

const real = (axes: Axes, low = -2, high = 2): Input => ({
  axes,
  entries: { kind: "uniform", low, high },
});
const steps = (axes: Axes, low = -1.5, high = 1.5): Input => ({
  axes,
  entries: { kind: "steps", low, high },
});
const int = (axes: Axes, low = -9, high = 9): Input => ({
  axes,
  entries: { kind: "whole", low, high },
});
const flag = (axes: Axes, on = 0.6): Input => ({ axes, entries: { kind: "flags", on } });
const list = (
  axes: Axes,
  entries: readonly number[],
  of: "real" | "int" | "flag" = "real",
): Input => ({
  axes,
  entries: { kind: "list", of, entries },
});

const cases: ConformanceCase[] = [];

function add<Name extends OpName>(
  op: Name,
  what: string,
  inputs: readonly Input[],
  attributes: OpAttributes<number>[Name],
  more: { readonly compileTime?: true } = {},
): void {
  const made = { name: `${op}: ${what}`, op, inputs, attributes, ...more };
  cases.push(made as unknown as ConformanceCase); // operation and attributes agree by the signature
}

const NONE = {};

// ---------------------------------------------------------------- elementwise, one input

const shapes: readonly (readonly [string, Axes])[] = [
  ["scalar", {}],
  ["one entry", { batch: 1, T: 1 }],
  ["odd sizes", { batch: 3, T: 7, D: 13 }],
  ["batch not alone", { batch: 2, D: 1, T: 5 }],
  ["empty", { batch: 2, T: 0, D: 3 }],
];

for (const op of [
  "neg",
  "exp",
  "tanh",
  "sigmoid",
  "softplus",
  "erf",
  "sin",
  "cos",
  "abs",
  "relu",
  "real",
  "stop",
] as const) {
  for (const [what, axes] of shapes) add(op, what, [real(axes, -4, 4)], NONE);
}
for (const op of ["log", "sqrt", "rsqrt"] as const) {
  for (const [what, axes] of shapes) add(op, what, [real(axes, 0.1, 9)], NONE);
}
for (const [what, axes] of shapes) {
  add("log1p", what, [real(axes, -0.9, 9)], NONE);
  add("sign", what, [steps(axes)], NONE);
  add("floor", what, [steps(axes, -3, 3)], NONE);
  add("round", `${what}, ties to even`, [steps(axes, -3, 3)], NONE);
  add("int", `${what}, truncates toward 0`, [real(axes, -9, 9)], NONE);
  add("neg", `${what}, int`, [int(axes)], NONE);
  add("abs", `${what}, int`, [int(axes)], NONE);
  add("sign", `${what}, int`, [int(axes, -1, 1)], NONE);
  add("real", `${what}, int`, [int(axes)], NONE);
  add("real", `${what}, flag`, [flag(axes)], NONE);
  add("int", `${what}, int`, [int(axes)], NONE);
  add("int", `${what}, flag`, [flag(axes)], NONE);
  add("not", what, [flag(axes)], NONE);
}
for (const op of ["exp", "tanh", "sigmoid", "sqrt"] as const)
  add(op, "an int becomes real", [int({ T: 5 }, 0, 9)], NONE);

const far = [Number.NaN, Infinity, -Infinity, 0, 80, -80, 1e-6, -1e-6];
for (const op of [
  "neg",
  "exp",
  "log",
  "sqrt",
  "tanh",
  "sigmoid",
  "softplus",
  "abs",
  "floor",
] as const) {
  add(op, "NaN, infinities and far values", [list({ n: far.length }, far)], NONE);
}
add("log1p", "the edge of its range", [list({ n: 4 }, [-1, Infinity, 1e-7, 0])], NONE);
add("erf", "tails", [list({ n: 6 }, [Infinity, -Infinity, 6, -6, 1e-6, 0])], NONE);
add("rsqrt", "0 and infinity", [list({ n: 2 }, [0, Infinity])], NONE);

// ---------------------------------------------------------------- elementwise, aligned by name

const pairs: readonly (readonly [string, Axes, Axes])[] = [
  ["scalars", {}, {}],
  ["scalar on the right", { batch: 3, T: 5 }, {}],
  ["scalar on the left", {}, { batch: 3, T: 5 }],
  ["same axes", { batch: 3, T: 5, D: 7 }, { batch: 3, T: 5, D: 7 }],
  ["shuffled axes", { batch: 3, T: 5, D: 7 }, { D: 7, batch: 3, T: 5 }],
  ["axes only on one side", { T: 5, D: 7 }, { S: 3, D: 7 }],
  ["the batch only on the right", { T: 5, D: 2 }, { D: 2, batch: 3 }],
  ["the batch only on the right, no other axis", { T: 5 }, { batch: 3 }],
  ["a middle axis missing", { batch: 2, T: 5, D: 3 }, { D: 3, batch: 2 }],
  ["axes of size 1 do not broadcast but match", { batch: 1, T: 1, D: 3 }, { D: 3, T: 1 }],
  ["four axes, shuffled", { batch: 2, H: 3, T: 5, K: 2 }, { K: 2, T: 5, H: 3, batch: 2 }],
  ["empty", { batch: 2, T: 0 }, { T: 0, D: 3 }],
];

for (const op of ["add", "sub", "mul", "minimum", "maximum"] as const) {
  for (const [what, a, b] of pairs) add(op, what, [real(a), real(b)], NONE);
  add(op, "ints", [int({ batch: 2, T: 3 }), int({ T: 3, D: 2 })], NONE);
  add(op, "int with real", [int({ batch: 2, T: 3 }), real({ T: 3, D: 2 })], NONE);
  add(op, "real with int", [real({ T: 3 }), int({ T: 3 })], NONE);
}
for (const [what, a, b] of pairs) {
  add("div", what, [real(a), real(b, 0.5, 3)], NONE);
  add("pow", what, [real(a, 0.2, 3), real(b, -2, 2)], NONE);
  add("floorDiv", what, [int(a), int(b, 1, 5)], NONE);
  add("mod", what, [int(a), int(b, 1, 5)], NONE);
  for (const op of ["less", "lessEqual", "greater", "greaterEqual", "equal", "notEqual"] as const) {
    add(op, what, [steps(a), steps(b)], NONE);
  }
  add("and", what, [flag(a), flag(b)], NONE);
  add("or", what, [flag(a, 0.3), flag(b, 0.3)], NONE);
  add("where", what, [flag(a), real(a), real(b)], NONE);
  add("clip", what, [real(a), real(b, -1, 0), real({}, 0.2, 1)], NONE);
}
add("div", "two ints divide to a real", [int({ T: 7 }), int({ T: 7 }, 1, 5)], NONE);
add("div", "by zero", [list({ n: 3 }, [1, -1, 0]), list({}, [0])], NONE);
add("pow", "whole powers of negative numbers", [real({ n: 7 }, -3, -0.5), list({}, [3])], NONE);
add("pow", "squares", [real({ n: 7 }, -3, 3), list({}, [2])], NONE);
add(
  "floorDiv",
  "signs",
  [list({ n: 4 }, [7, -7, 7, -7], "int"), list({ n: 4 }, [2, 2, -2, -2], "int")],
  NONE,
);
add(
  "mod",
  "signs",
  [list({ n: 4 }, [7, -7, 7, -7], "int"), list({ n: 4 }, [3, 3, -3, -3], "int")],
  NONE,
);
for (const op of ["less", "lessEqual", "greater", "greaterEqual", "equal", "notEqual"] as const) {
  add(op, "ints", [int({ batch: 2, T: 5 }, 0, 3), int({ T: 5 }, 0, 3)], NONE);
  add(op, "int with real", [int({ T: 9 }, -1, 1), steps({ T: 9 })], NONE);
  add(
    op,
    "NaN",
    [list({ n: 3 }, [Number.NaN, 1, Number.NaN]), list({ n: 3 }, [Number.NaN, Number.NaN, 1])],
    NONE,
  );
}
for (const op of ["equal", "notEqual"] as const)
  add(op, "flags", [flag({ T: 9 }), flag({ T: 9 })], NONE);
add("where", "ints", [flag({ T: 5 }), int({ T: 5 }), int({})], NONE);
add("where", "int mixes into real", [flag({ T: 5 }), int({ T: 5 }), real({ D: 3 })], NONE);
add("where", "flags", [flag({ T: 5 }), flag({ T: 5 }), flag({})], NONE);
add(
  "where",
  "the branch not taken may be NaN",
  [
    list({ n: 2 }, [1, 0], "flag"),
    list({ n: 2 }, [1, Number.NaN]),
    list({ n: 2 }, [Number.NaN, 2]),
  ],
  NONE,
);
add("clip", "ints", [int({ T: 7 }), int({}, -3, -1), int({}, 1, 3)], NONE);

// ---------------------------------------------------------------- reductions

const reductions: readonly (readonly [string, Axes, readonly string[]])[] = [
  ["the last axis", { batch: 3, T: 5, D: 7 }, ["D"]],
  ["a middle axis", { batch: 3, T: 5, D: 7 }, ["T"]],
  ["two axes apart", { batch: 3, T: 5, D: 7 }, ["D", "batch"]],
  ["all axes", { batch: 3, T: 5 }, ["batch", "T"]],
  ["an axis of size 1", { batch: 1, T: 1, D: 3 }, ["T"]],
  ["one entry", { T: 1 }, ["T"]],
];
const emptyReductions: readonly (readonly [string, Axes, readonly string[]])[] = [
  ["nothing to reduce", { batch: 2, T: 0 }, ["T"]],
  ["an empty result", { T: 0, D: 3 }, ["D"]],
];

for (const op of ["sum", "mean", "max", "min", "logsumexp", "softmax"] as const) {
  for (const [what, axes, over] of [...reductions, ...emptyReductions]) {
    add(op, what, [real(axes)], { over });
    add(op, `${what}, masked`, [real(axes), flag(axes)], { over });
  }
  add(op, "a mask with fewer axes", [real({ batch: 3, T: 5, S: 4 }), flag({ S: 4 })], {
    over: ["S"],
  });
  add(op, "a mask with shuffled axes", [real({ batch: 2, T: 5, S: 3 }), flag({ S: 3, T: 5 })], {
    over: ["S"],
  });
  add(op, "nothing left by the mask", [real({ T: 3, S: 4 }), flag({ S: 4 }, 0)], { over: ["S"] });
  add(
    op,
    "one row with nothing left",
    [real({ T: 2, S: 2 }), list({ T: 2, S: 2 }, [0, 0, 0, 1], "flag")],
    { over: ["S"] },
  );
}
for (const op of ["logsumexp", "softmax"] as const) {
  add(op, "far values", [list({ T: 4 }, [1000, 999, -1000, 1000])], { over: ["T"] });
}
add(
  "softmax",
  "masked far values",
  [list({ T: 3 }, [1000, 1, 2]), list({ T: 3 }, [0, 1, 1], "flag")],
  { over: ["T"] },
);
for (const op of ["sum", "max", "min"] as const) {
  add(op, "ints", [int({ batch: 3, T: 5 })], { over: ["T"] });
  add(op, "masked ints", [int({ batch: 3, T: 5 }), flag({ T: 5 })], { over: ["T"] });
}
add("mean", "ints", [int({ batch: 3, T: 5 })], { over: ["T"] });
add("sum", "flags count", [flag({ batch: 3, T: 5 })], { over: ["T"] });
add("sum", "masked flags count", [flag({ batch: 3, T: 5 }), flag({ T: 5 })], { over: ["T"] });
for (const op of ["any", "all"] as const) {
  for (const [what, axes, over] of [...reductions, ...emptyReductions]) {
    add(op, what, [flag(axes, op === "any" ? 0.2 : 0.8)], { over });
    add(op, `${what}, masked`, [flag(axes, op === "any" ? 0.2 : 0.8), flag(axes)], { over });
  }
}
for (const [what, axes, [over = ""]] of reductions) {
  add("argmax", what, [steps(axes)], { over });
  add("argmax", `${what}, masked`, [steps(axes), flag(axes)], { over });
  add("cumsum", what, [real(axes)], { over });
  add("cumsum", `${what}, reversed`, [real(axes)], { over, reverse: true });
  add("order", `${what}, with ties`, [steps(axes)], { over });
}
add("argmax", "ties take the lowest index", [list({ T: 4 }, [1, 3, 3, 2])], { over: "T" });
add("argmax", "NaN is last", [list({ T: 4 }, [Number.NaN, -3, 2, 1])], { over: "T" });
add("argmax", "ints", [int({ batch: 3, T: 5 }, 0, 2)], { over: "T" });
add("cumsum", "ints", [int({ batch: 3, T: 5 })], { over: "T" });
add("cumsum", "empty", [real({ batch: 3, T: 0 })], { over: "T" });
add("order", "NaN is last", [list({ T: 4 }, [Number.NaN, -3, 2, -5])], { over: "T" });
add("order", "ints", [int({ batch: 2, T: 7 }, 0, 3)], { over: "T" });

// ---------------------------------------------------------------- contractions

add("contract", "matrix product", [real({ T: 5, D: 7 }), real({ D: 7, F: 3 })], { over: ["D"] });
add(
  "contract",
  "projection into two axes",
  [real({ batch: 2, T: 5, D: 7 }), real({ D: 7, H: 2, K: 3 })],
  { over: ["D"] },
);
add("contract", "transposed weight", [real({ batch: 2, T: 5, D: 7 }), real({ F: 3, D: 7 })], {
  over: ["D"],
});
add(
  "contract",
  "attention scores",
  [real({ batch: 2, T: 5, H: 3, K: 4 }), real({ batch: 2, S: 7, H: 3, K: 4 })],
  { over: ["K"] },
);
add(
  "contract",
  "attention sum",
  [real({ batch: 2, T: 5, H: 3, S: 7 }), real({ batch: 2, S: 7, H: 3, K: 4 })],
  { over: ["S"] },
);
add(
  "contract",
  "two axes summed, shuffled",
  [real({ batch: 2, T: 5, H: 2, K: 3 }), real({ K: 3, D: 7, H: 2 })],
  { over: ["H", "K"] },
);
add(
  "contract",
  "weight gradient",
  [real({ batch: 2, T: 5, D: 7 }), real({ batch: 2, T: 5, F: 3 })],
  { over: ["batch", "T"] },
);
add("contract", "dot product", [real({ T: 5 }), real({ T: 5 })], { over: ["T"] });
add("contract", "aligned only", [real({ batch: 2, T: 5, D: 7 }), real({ batch: 2, T: 5, D: 7 })], {
  over: ["D"],
});
add("contract", "nothing summed is an outer product", [real({ batch: 2, T: 3 }), real({ S: 4 })], {
  over: [],
});
add("contract", "matrix by vector", [real({ batch: 2, T: 5, D: 7 }), real({ D: 7 })], {
  over: ["D"],
});
add(
  "contract",
  "the batch only on the right",
  [real({ S: 4, T: 5 }), real({ batch: 2, T: 5, D: 3 })],
  { over: ["T"] },
);
add(
  "contract",
  "the batch in the middle",
  [real({ batch: 2, T: 5, D: 3 }), real({ D: 3, batch: 2, F: 4 })],
  { over: ["D"] },
);
add("contract", "all sizes 1", [real({ batch: 1, T: 1, D: 1 }), real({ D: 1, F: 1 })], {
  over: ["D"],
});
add("contract", "an empty sum is 0", [real({ batch: 2, D: 0 }), real({ D: 0, F: 3 })], {
  over: ["D"],
});
add("contract", "an empty result", [real({ batch: 2, T: 0, D: 3 }), real({ D: 3, F: 3 })], {
  over: ["D"],
});
add("contract", "larger, prime sizes", [real({ batch: 3, T: 31, D: 37 }), real({ D: 37, F: 29 })], {
  over: ["D"],
});

// ---------------------------------------------------------------- shape

for (const [kind, make] of [
  ["real", real],
  ["int", int],
  ["flag", flag],
] as const) {
  const x = (axes: Axes) => make(axes);
  add("split", kind, [x({ batch: 2, D: 6, T: 3 })], {
    axis: "D",
    into: [
      { name: "H", size: 2 },
      { name: "K", size: 3 },
    ],
  });
  add("merge", kind, [x({ batch: 2, H: 2, T: 3, K: 5 })], { axes: ["H", "K"], into: "D" });
  add("merge", `${kind}, the later axis slowest`, [x({ batch: 2, H: 2, T: 3, K: 5 })], {
    axes: ["K", "H"],
    into: "D",
  });
  add("rename", kind, [x({ batch: 2, T: 3, D: 5 })], { names: { T: "S" } });
  add("slice", kind, [x({ batch: 2, T: 7, D: 3 })], { axis: "T", start: 2, size: 3, into: "T" });
  add("slice", `${kind}, drops the axis`, [x({ batch: 2, T: 7, D: 3 })], {
    axis: "T",
    start: 6,
    size: 1,
    into: null,
  });
  add("join", kind, [x({ batch: 2, P: 3, D: 2 }), x({ batch: 2, L: 5, D: 2 })], {
    pieces: ["P", "L"],
    into: "R",
  });
  add("broadcast", kind, [x({ T: 3 })], {
    axes: [
      { name: "D", size: 2 },
      { name: "batch", size: 5 },
    ],
  });
  add("shift", kind, [x({ batch: 2, T: 5 })], { axis: "T", by: 1, fill: 0 });
  add("reverse", kind, [x({ batch: 2, T: 5, D: 2 })], { axis: "T" });
  add("gather", kind, [x({ N: 5, D: 3 }), int({ batch: 2, T: 4 }, 0, 4)], { axis: "N" });
}
add("split", "into one entry and the rest", [real({ batch: 1, T: 5 })], {
  axis: "T",
  into: [
    { name: "A", size: 1 },
    { name: "T", size: 5 },
  ],
});
add("split", "an empty axis", [real({ T: 0, D: 3 })], {
  axis: "T",
  into: [
    { name: "A", size: 0 },
    { name: "B", size: 4 },
  ],
});
add("merge", "one axis", [real({ batch: 2, T: 3 })], { axes: ["T"], into: "N" });
add("merge", "the batch", [real({ batch: 2, T: 3 })], { axes: ["batch", "T"], into: "N" });
add("merge", "three axes out of order", [real({ A: 2, B: 3, C: 5 })], {
  axes: ["C", "A", "B"],
  into: "N",
});
add("rename", "a swap", [real({ T: 3, S: 3, D: 2 })], { names: { T: "S", S: "T" } });
add("slice", "renamed", [real({ batch: 2, T: 7 })], { axis: "T", start: 0, size: 4, into: "S" });
add("slice", "nothing", [real({ batch: 2, T: 7 })], { axis: "T", start: 3, size: 0, into: "T" });
add(
  "join",
  "a piece without the axis counts one",
  [real({ batch: 2, D: 3 }), real({ batch: 2, T: 4, D: 3 })],
  { pieces: [null, "T"], into: "T" },
);
add(
  "join",
  "pieces without an axis become one",
  [real({ batch: 2 }), real({ batch: 2 }), real({ batch: 2 })],
  { pieces: [null, null, null], into: "T" },
);
add(
  "join",
  "a piece that lacks the batch is repeated",
  [real({ M: 3, D: 2 }), real({ batch: 2, T: 4, D: 2 })],
  { pieces: ["M", "T"], into: "R" },
);
add("join", "shuffled axes", [real({ batch: 2, P: 3, D: 2 }), real({ D: 2, T: 4, batch: 2 })], {
  pieces: ["P", "T"],
  into: "R",
});
add("join", "an empty piece", [real({ batch: 2, P: 0 }), real({ batch: 2, T: 4 })], {
  pieces: ["P", "T"],
  into: "R",
});
add("join", "one piece", [real({ batch: 2, P: 3 })], { pieces: ["P"], into: "R" });
add("join", "int mixes into real", [int({ P: 3 }), real({ T: 4 })], {
  pieces: ["P", "T"],
  into: "R",
});
add("broadcast", "a scalar", [real({})], {
  axes: [
    { name: "T", size: 3 },
    { name: "D", size: 1 },
  ],
});
add("broadcast", "to nothing", [real({ T: 3 })], { axes: [{ name: "D", size: 0 }] });
add("shift", "by more than there is", [real({ T: 3 })], { axis: "T", by: 5, fill: 2 });
add("shift", "backwards", [real({ batch: 2, T: 5, D: 3 })], { axis: "T", by: -2, fill: -1 });
add("shift", "by nothing", [real({ T: 3 })], { axis: "T", by: 0, fill: 2 });
add("shift", "fills with -infinity", [real({ T: 3 })], { axis: "T", by: 1, fill: -Infinity });
add("shift", "an empty axis", [real({ T: 0, D: 2 })], { axis: "T", by: 1, fill: 1 });
add("reverse", "one entry", [real({ batch: 2, T: 1 })], { axis: "T" });

const spans: readonly (readonly [string, number, number, number, number, number])[] = [
  // what, T, size, from, step, every
  ["a causal window", 7, 3, -2, 1, 1],
  ["a centred window", 7, 3, -1, 1, 1],
  ["dilated", 7, 3, -4, 2, 1],
  ["strided", 7, 3, 0, 1, 3],
  ["backwards", 5, 3, 0, -1, 1],
  ["wholly before the start", 3, 2, -9, 1, 1],
  ["one entry", 1, 3, -1, 1, 1],
  ["of size 1", 5, 1, 0, 1, 1],
];
for (const [what, length, size, from, step, every] of spans) {
  const attributes = { axis: "T", size, from, step, every, into: "W" };
  add("window", what, [real({ batch: 2, T: length, D: 3 })], attributes);
  add("unwindow", what, [real({ batch: 2, T: Math.ceil(length / every), W: size, D: 3 })], {
    axis: "T",
    length,
    from,
    step,
    every,
    into: "W",
  });
}
add("window", "ints", [int({ T: 5 })], {
  axis: "T",
  size: 2,
  from: -1,
  step: 1,
  every: 1,
  into: "W",
});

// ---------------------------------------------------------------- made from nothing

add("index", "along an axis", [], { axis: "T", size: 7 });
add("index", "one entry", [], { axis: "T", size: 1 });
add("index", "nothing", [], { axis: "T", size: 0 });
add("fill", "a real scalar", [], { value: 0.5, axes: [], kind: "real" });
add("fill", "reals", [], {
  value: -1.5,
  axes: [
    { name: "batch", size: 3 },
    { name: "T", size: 5 },
  ],
  kind: "real",
});
add("fill", "infinity", [], { value: -Infinity, axes: [{ name: "T", size: 2 }], kind: "real" });
add("fill", "ints", [], { value: 7, axes: [{ name: "T", size: 5 }], kind: "int" });
add("fill", "flags", [], { value: 1, axes: [{ name: "T", size: 5 }], kind: "flag" });
add("fill", "nothing", [], { value: 1, axes: [{ name: "T", size: 0 }], kind: "real" });
add("values", "a list", [], { list: [0.5, -2, 8], into: "N" });
add("values", "nothing", [], { list: [], into: "N" });

// ---------------------------------------------------------------- indexing

add("gather", "out of range reads 0", [real({ N: 5, D: 3 }), int({ T: 9 }, -3, 7)], { axis: "N" });
add("gather", "flags out of range are off", [flag({ N: 5 }, 1), int({ T: 9 }, -3, 7)], {
  axis: "N",
});
add("gather", "a scalar index", [real({ batch: 2, N: 5, D: 3 }), list({}, [3], "int")], {
  axis: "N",
});
add(
  "gather",
  "shared axes align",
  [real({ batch: 2, N: 5, D: 3 }), int({ batch: 2, T: 4 }, -1, 5)],
  { axis: "N" },
);
add(
  "gather",
  "shared axes align, shuffled",
  [real({ batch: 2, H: 3, N: 5 }), int({ T: 4, H: 3, batch: 2 }, 0, 4)],
  { axis: "N" },
);
add("gather", "the batch only in the index", [real({ N: 5, D: 3 }), int({ batch: 2 }, 0, 4)], {
  axis: "N",
});
add("gather", "relative distances", [real({ batch: 2, T: 4, R: 7 }), int({ T: 4, S: 4 }, -2, 8)], {
  axis: "R",
});
add("gather", "a middle axis", [real({ A: 3, N: 5, D: 2 }), int({ T: 4 }, 0, 4)], { axis: "N" });
add("gather", "no indices", [real({ N: 5, D: 3 }), int({ T: 0 })], { axis: "N" });
add("gather", "from nothing", [real({ N: 0, D: 3 }), int({ T: 2 }, 0, 2)], { axis: "N" });
for (const op of ["scatterAdd", "scatterPut"] as const) {
  add(op, "repeats", [real({ T: 9, D: 3 }), int({ T: 9 }, 0, 4)], {
    over: ["T"],
    axis: "N",
    size: 5,
  });
  add(op, "out of range is dropped", [real({ T: 9, D: 3 }), int({ T: 9 }, -2, 6)], {
    over: ["T"],
    axis: "N",
    size: 5,
  });
  add(op, "an example at a time", [real({ batch: 2, T: 7 }), int({ batch: 2, T: 7 }, 0, 3)], {
    over: ["T"],
    axis: "N",
    size: 4,
  });
  add(op, "two axes", [real({ batch: 2, T: 5, D: 3 }), int({ batch: 2, T: 5 }, 0, 3)], {
    over: ["batch", "T"],
    axis: "N",
    size: 4,
  });
  add(op, "two axes, listed the other way", [real({ A: 2, T: 5 }), int({ T: 5, A: 2 }, 0, 3)], {
    over: ["T", "A"],
    axis: "N",
    size: 4,
  });
  add(op, "values without an axis of the index", [real({ D: 3 }), int({ T: 5 }, 0, 3)], {
    over: ["T"],
    axis: "N",
    size: 4,
  });
  add(op, "ints", [int({ T: 9 }), int({ T: 9 }, 0, 4)], { over: ["T"], axis: "N", size: 5 });
  add(op, "nothing to write", [real({ T: 0, D: 3 }), int({ T: 0 })], {
    over: ["T"],
    axis: "N",
    size: 5,
  });
  add(op, "one entry", [real({ T: 1 }), list({ T: 1 }, [0], "int")], {
    over: ["T"],
    axis: "N",
    size: 1,
  });
}
add("topK", "the last axis", [real({ batch: 3, T: 5, J: 11 })], { over: "J", k: 4, into: "I" });
add("topK", "a middle axis", [real({ batch: 3, J: 11, D: 2 })], { over: "J", k: 3, into: "I" });
add("topK", "ties take the lowest index", [steps({ batch: 2, J: 13 })], {
  over: "J",
  k: 7,
  into: "I",
});
add("topK", "all of them", [steps({ J: 5 })], { over: "J", k: 5, into: "J" });
add("topK", "the largest", [real({ T: 3, J: 1 })], { over: "J", k: 1, into: "I" });
add("topK", "none", [real({ batch: 2, J: 3 })], { over: "J", k: 0, into: "I" });
add("topK", "NaN is last", [list({ J: 4 }, [Number.NaN, 1, -2, 5])], {
  over: "J",
  k: 4,
  into: "I",
});
add("topK", "ints", [int({ batch: 2, J: 7 }, 0, 4)], { over: "J", k: 3, into: "I" });

for (const [what, a, b, start] of [
  ["plain", { batch: 2, T: 7, D: 3 }, { batch: 2, T: 7, D: 3 }, { batch: 2, D: 3 }],
  ["a long axis", { T: 67, D: 2 }, { T: 67, D: 2 }, { D: 2 }],
  ["one step", { batch: 1, T: 1 }, { batch: 1, T: 1 }, { batch: 1 }],
  ["a decay for every channel", { D: 3 }, { batch: 2, T: 5, D: 3 }, { D: 3 }],
  ["shuffled axes", { T: 5, batch: 2 }, { D: 3, T: 5 }, { D: 3, batch: 2 }],
  ["no steps", { T: 0, D: 2 }, { T: 0, D: 2 }, { D: 2 }],
] as const) {
  if (what === "a decay for every channel") {
    add("linearScan", what, [real({ ...a, T: 5 }, -1, 1), real(b), real(start)], { over: "T" });
  } else add("linearScan", what, [real(a, -1, 1), real(b), real(start)], { over: "T" });
}

// ---------------------------------------------------------------- linear algebra, while staging only

add(
  "solve",
  "one right side",
  [real({ I: 5, J: 5 }), real({ I: 5 })],
  { row: "I", column: "J" },
  { compileTime: true },
);
add(
  "solve",
  "many",
  [real({ I: 5, J: 5 }), real({ I: 5, D: 3 })],
  { row: "I", column: "J" },
  { compileTime: true },
);
add(
  "svd",
  "a tall matrix",
  [real({ I: 5, J: 3 })],
  { row: "I", column: "J", into: "R" },
  { compileTime: true },
);
add(
  "eigh",
  "a diagonal matrix",
  [list({ I: 2, J: 2 }, [2, 0, 0, -1])],
  { row: "I", column: "J", into: "R" },
  { compileTime: true },
);

// ---------------------------------------------------------------- fused operations

for (const activation of ["none", "relu", "tanh", "sigmoid", "gelu"] as const) {
  const x = real({ batch: 2, T: 5, D: 7 });
  const weight = real({ D: 7, F: 3 });
  add("linear", activation, [x, weight], { over: ["D"], activation });
  add("linear", `${activation}, with bias`, [x, weight, real({ F: 3 })], {
    over: ["D"],
    activation,
  });
}
add(
  "linear",
  "two axes in, two out",
  [real({ batch: 2, T: 5, H: 2, K: 3 }), real({ K: 3, H: 2, E: 2, G: 3 }), real({ G: 3, E: 2 })],
  { over: ["H", "K"], activation: "none" },
);
add("linear", "one entry", [real({ batch: 1, D: 1 }), real({ D: 1, F: 1 }), real({ F: 1 })], {
  over: ["D"],
  activation: "relu",
});

add("crossEntropy", "tokens", [real({ batch: 2, T: 5, V: 11 }), int({ batch: 2, T: 5 }, 0, 10)], {
  over: "V",
});
add(
  "crossEntropy",
  "classes not last",
  [real({ batch: 2, V: 11, T: 5 }), int({ T: 5, batch: 2 }, 0, 10)],
  { over: "V" },
);
add("crossEntropy", "far values", [list({ V: 3 }, [1000, -1000, 999]), list({}, [1], "int")], {
  over: "V",
});
add(
  "crossEntropyGradient",
  "tokens",
  [real({ batch: 2, T: 5, V: 11 }), int({ batch: 2, T: 5 }, 0, 10), real({ batch: 2, T: 5 })],
  { over: "V" },
);
add(
  "crossEntropyGradient",
  "one weight for all",
  [real({ batch: 2, T: 5, V: 11 }), int({ batch: 2, T: 5 }, 0, 10), real({})],
  { over: "V" },
);
add(
  "softmaxGradient",
  "the last axis",
  [real({ batch: 2, T: 5, S: 7 }, 0, 1), real({ batch: 2, T: 5, S: 7 })],
  { over: ["S"] },
);
add(
  "softmaxGradient",
  "a middle axis",
  [real({ batch: 2, S: 7, T: 5 }, 0, 1), real({ batch: 2, S: 7, T: 5 })],
  { over: ["S"] },
);
add(
  "softmaxGradient",
  "two axes",
  [real({ batch: 2, T: 5, S: 7 }, 0, 1), real({ batch: 2, T: 5, S: 7 })],
  { over: ["S", "T"] },
);

add(
  "layerNorm",
  "the last axis",
  [real({ batch: 2, T: 5, D: 7 }), real({ D: 7 }), real({ D: 7 })],
  { over: "D", epsilon: 1e-5 },
);
add(
  "layerNorm",
  "a middle axis",
  [real({ batch: 2, D: 7, T: 5 }), real({ D: 7 }), real({ D: 7 })],
  { over: "D", epsilon: 1e-5 },
);
add("layerNorm", "one example", [real({ batch: 1, D: 3 }), real({ D: 3 }), real({ D: 3 })], {
  over: "D",
  epsilon: 1e-5,
});
add("layerNorm", "one channel", [real({ T: 3, D: 1 }), real({ D: 1 }), real({ D: 1 })], {
  over: "D",
  epsilon: 1e-3,
});
for (const [what, rest, axes] of [
  ["the last axis", { batch: 2, T: 5 }, { batch: 2, T: 5, D: 7 }],
  ["a middle axis", { batch: 2, T: 5 }, { batch: 2, D: 7, T: 5 }],
] as const) {
  add(
    "layerNormGradient",
    what,
    [real(axes), real({ D: 7 }), real(rest, -0.5, 0.5), real(rest, 0.5, 1.5), real(axes)],
    { over: "D" },
  );
}

const heads = { batch: 2, T: 5, H: 3, K: 4 };
const keys = { batch: 2, S: 7, H: 3, K: 4 };
const scaled = { width: "K", keys: "S", scale: 0.5 };
add("attention", "heads", [real(heads), real(keys), real(keys)], scaled);
add(
  "attention",
  "a causal mask",
  [real(heads), real(keys), real(keys), flag({ T: 5, S: 7 })],
  scaled,
);
add(
  "attention",
  "a mask for each example",
  [real(heads), real(keys), real(keys), flag({ batch: 2, S: 7 })],
  scaled,
);
add(
  "attention",
  "nothing left gives 0",
  [real(heads), real(keys), real(keys), flag({ S: 7 }, 0)],
  scaled,
);
add(
  "attention",
  "one key",
  [real({ batch: 1, T: 1, K: 3 }), real({ S: 1, K: 3 }), real({ S: 1, K: 3 })],
  scaled,
);
add(
  "attention",
  "memory without the batch",
  [real(heads), real({ S: 7, H: 3, K: 4 }), real({ S: 7, H: 3, K: 4 })],
  scaled,
);

export const conformanceCases: readonly ConformanceCase[] = cases;
