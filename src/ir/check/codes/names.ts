/** Names, imports, axes and dims: MEM0100 to MEM0119. */
import type { DiagnosticEntry } from "../../../parser/registry.ts";

export const nameCodes = {
  MEM0101: {
    title: "Nothing of that name to import",
    explanation:
      '`import name from "file.mem"` takes a block or memory that the file itself defines. What that file imports in turn is ' +
      "imported from where it is defined.",
    example:
      'import slot from "parts.mem"\nmodel M { input x[T]; output y = x }\n// parts.mem: block twice(x[...]) -> [...] { return 2 * x }',
    fix: 'import twice from "parts.mem"\nmodel M { input x[T]; output y = twice(x) }\n// parts.mem: block twice(x[...]) -> [...] { return 2 * x }',
  },
  MEM0102: {
    title: "Two definitions of one name",
    explanation:
      "A file sees the library, its imports and its own blocks and memories; each name means one of them. Only a name of the " +
      "library may be used again.",
    example: `block twice(x[...]) -> [...] { return 2 * x }
block twice(x[...]) -> [...] { return x + x }
model M { input x[T]; output y = twice(x) }`,
    fix: `block twice(x[...]) -> [...] { return 2 * x }
model M { input x[T]; output y = twice(x) }`,
  },
  MEM0103: {
    title: "Second model in a file",
    explanation:
      "A file describes one model. Blocks that several models share stand in a file that both import.",
    example: `model A { input x[T]; output y = x }
model B { input x[T]; output y = 2 * x }`,
    fix: "model A { input x[T]; output y = x }",
  },
  MEM0104: {
    title: "A definition replaces the library's",
    explanation:
      "A warning: a block of your own has the name of one of the library and is used instead of it in this file, and nowhere " +
      "else. The library's own blocks keep using the library's.",
    example: `block silu(x[...]) -> [...] { return x * sigmoid(1.7 * x) }
model M { input x[T]; output y = silu(x) }`,
    fix: `block quick_gelu(x[...]) -> [...] { return x * sigmoid(1.7 * x) }
model M { input x[T]; output y = quick_gelu(x) }`,
  },
  MEM0105: {
    title: "Imported file missing",
    explanation:
      "The file that an import names is not part of the project. Its path starts at the importing file's folder.",
    example:
      'import twice from "part.mem"\nmodel M { input x[T]; output y = x }\n// parts.mem: block twice(x[...]) -> [...] { return 2 * x }',
    fix: 'import twice from "parts.mem"\nmodel M { input x[T]; output y = twice(x) }\n// parts.mem: block twice(x[...]) -> [...] { return 2 * x }',
  },
  MEM0106: {
    title: "Block never used",
    explanation:
      "A warning: nothing of the model calls this block or memory. Its axes and sizes are only known where it is called, so " +
      "only the names in it have been checked.",
    example: `block twice(x[...]) -> [...] { return 2 * x }
model M { input x[T]; output y = x }`,
    fix: `block twice(x[...]) -> [...] { return 2 * x }
model M { input x[T]; output y = twice(x) }`,
  },
  MEM0110: {
    title: "Unknown name",
    explanation:
      "A block sees its arguments, its options, what it declares itself, and the blocks of its file, its imports and the " +
      "library; it never sees the names of its caller. An equation sees what stands before it.",
    example: "model M { input x[T]; output y = tanhh(x) }",
    fix: "model M { input x[T]; output y = tanh(x) }",
  },
  MEM0111: {
    title: "Unknown axis",
    explanation:
      "An axis is known where some tensor has it, or where a `dim` of its name gives its size.",
    example: "model M { input x[T]; param w[D] starts 1; output y = x * w }",
    fix: "model M { dim D = 4; input x[T]; param w[D] starts 1; output y = x * w }",
  },
  MEM0112: {
    title: "Axis twice in one tensor",
    explanation:
      "The axes of a tensor have different names. A second axis of the same size gets its own name: `[H, J: H]`.",
    example: "model M { dim H = 4; input x[T]; param w[H, H] starts 1; output y = x * w }",
    fix: "model M { dim H = 4; input x[T]; param w[H, J: H] starts 1; output y = x * w }",
  },
  MEM0113: {
    title: "Size of an axis is not a whole number",
    explanation:
      "An axis has a whole number of entries, at least 0: `W: width / 2` needs an even width.",
    example: "model M { dim D = 5; input x[T]; param w[W: D / 2] starts 1; output y = x * w }",
    fix: "model M { dim D = 6; input x[T]; param w[W: D / 2] starts 1; output y = x * w }",
  },
  MEM0114: {
    title: "Dim is not a whole number",
    explanation:
      "A `dim` is the size of an axis: a whole number, at least 0. Division is exact: `div` rounds down where that is meant.",
    example:
      "model M { dim width = 10, heads = 4, K = width / heads; input x[T]; output y = K * x }",
    fix: "model M { dim width = 12, heads = 4, K = width / heads; input x[T]; output y = K * x }",
  },
  MEM0115: {
    title: "Not known before anything runs",
    explanation:
      "Consts, starts of parameters and the operands of `solve`, `svd` and `eigh` are computed once, before the first step: " +
      "from numbers, dims, `index(…)`, `values(…)` and other consts. Inputs, parameters, states and draws are not known then.",
    example: "model M { input x[T]; const g[T] = 2 * x; output y = g }",
    fix: "model M { input x[T]; const g[T] = 2 * index(T); output y = g * x }",
  },
  MEM0116: {
    title: "Axes on the left and on the right differ",
    explanation:
      "What stands on the left of `=` with axes says which axes the value has: the same ones in any order, or new names for " +
      "all of them in order.",
    example: "model M { dim D = 4; input x[T, D]; y[T] = 2 * x; output z = y }",
    fix: "model M { dim D = 4; input x[T, D]; y[T, E] = 2 * x; output z = y }",
  },
  MEM0117: {
    title: "Definition in a circle",
    explanation:
      "Dims and consts of a block or memory may stand in any order, but none may depend on itself.",
    example: `memory m(size: int) {
  dim A = B, B = A
  state s[A] starts 0, gradient stop
  step(x[T]) { s <- s + sum(x over T where valid(T)) }
}
model M { input x[T]; memory mem = m(size = 4); mem.step(x); output y = x }`,
    fix: `memory m(size: int) {
  dim A = B, B = size
  state s[A] starts 0, gradient stop
  step(x[T]) { s <- s + sum(x over T where valid(T)) }
}
model M { input x[T]; memory mem = m(size = 4); mem.step(x); output y = x }`,
  },
} as const satisfies Readonly<Record<`MEM01${string}`, DiagnosticEntry>>;
