/** Values in equations and the primitive vocabulary: MEM0121 to MEM0159. */
import type { DiagnosticEntry } from "../../../parser/registry.ts";

export const expressionCodes = {
  MEM0121: {
    title: "Not known while compiling",
    explanation:
      "Sizes, options, counts of repeats and conditions of `when` are fixed when the model is built: numbers, options, dims and " +
      "axis sizes. What is computed from tensors is only known while the model runs.",
    example: "model M { input x[T]; repeat sum(x over T) as i { x = 2 * x }; output y = x }",
    fix: "model M { input x[T]; repeat 3 as i { x = 2 * x }; output y = x }",
  },
  MEM0122: {
    title: "A number is needed",
    explanation: "Here stands a number known while compiling, not a flag, a choice or a list.",
    example: "model M { input x[T]; repeat on as i { x = 2 * x }; output y = x }",
    fix: "model M { input x[T]; repeat 1 as i { x = 2 * x }; output y = x }",
  },
  MEM0123: {
    title: "`when` on data",
    explanation:
      "`when` is decided while compiling: the generated code holds the branch taken and no other. A choice between values that " +
      "depends on data is made for every entry, by `where(condition, a, b)`.",
    example: "model M { input x[T]; y = when x > 0 { x } else { 0 }; output z = y }",
    fix: "model M { input x[T]; y = where(x > 0, x, 0); output z = y }",
  },
  MEM0124: {
    title: "A flag is needed",
    explanation:
      "Conditions, masks and resets are flags: `on`, `off`, a comparison, an input declared `in flag`. A number is not a flag.",
    example: "model M { dim n = 3; input x[T]; y = when n { x } else { 2 * x }; output z = y }",
    fix: "model M { dim n = 3; input x[T]; y = when n > 0 { x } else { 2 * x }; output z = y }",
  },
  MEM0125: {
    title: "The chosen alternative has no such option",
    explanation:
      "`choice.option` reads an option of the alternative that was chosen. Another alternative has others, so the choice is " +
      "tested first.",
    example: `model M(noise: choice(none, scaled(amount: real = 0.1)) = none) {
  input x[T]
  output y = noise.amount * x
}`,
    fix: `model M(noise: choice(none, scaled(amount: real = 0.1)) = none) {
  input x[T]
  output y = when noise is scaled { noise.amount * x } else { x }
}`,
  },
  MEM0126: {
    title: "A value without members",
    explanation:
      "`a.b` reads a state, parameter or option of an instance, or an option of a choice. A tensor has no members.",
    example: "model M { input x[T]; output y = x.size }",
    fix: "model M { input x[T]; output y = x / T }",
  },
  MEM0127: {
    title: "Division by zero",
    explanation: "A number known while compiling is divided by zero.",
    example: "model M { dim n = 0; input x[T]; output y = x * (1 / n) }",
    fix: "model M { dim n = 2; input x[T]; output y = x * (1 / n) }",
  },
  MEM0128: {
    title: "`in` is not about a list",
    explanation: "`a in list` asks while compiling whether a number, flag or choice is in a list.",
    example:
      "model M { dim n = 3; input x[T]; y = when n in 4 { x } else { 2 * x }; output z = y }",
    fix: "model M { dim n = 3; input x[T]; y = when n in [3, 4] { x } else { 2 * x }; output z = y }",
  },
  MEM0129: {
    title: "List too long or not of whole numbers",
    explanation:
      "`a .. b` lists whole numbers, both ends included. A list has at most 100,000 items.",
    example: "model M { input x[T]; output y = x * size(1 .. 1000000) }",
    fix: "model M { input x[T]; output y = x * size(1 .. 100) }",
  },
  MEM0130: {
    title: "`is` without a choice",
    explanation: "`a is b` asks which alternative a choice has. Numbers are compared by `==`.",
    example:
      "model M { dim n = 3; input x[T]; y = when n is large { x } else { 2 * x }; output z = y }",
    fix: "model M { dim n = 3; input x[T]; y = when n == 3 { x } else { 2 * x }; output z = y }",
  },
  MEM0131: {
    title: "No such alternative",
    explanation: "A choice has the alternatives its declaration lists.",
    example: `model M(form: choice(plain, doubled) = plain) {
  input x[T]
  output y = when form is double { 2 * x } else { x }
}`,
    fix: `model M(form: choice(plain, doubled) = plain) {
  input x[T]
  output y = when form is doubled { 2 * x } else { x }
}`,
  },
  MEM0132: {
    title: "A summed axis that only one side has",
    explanation:
      "`a . b over K` multiplies entries with equal names and sums over K; both sides have K. Every other axis the sides share " +
      "is aligned, not summed.",
    example:
      "model M { dim D = 4, F = 3; input x[T, D]; param w[E: D, F] starts 1; output y = x . w over D }",
    fix: "model M { dim D = 4, F = 3; input x[T, D]; param w[D, F] starts 1; output y = x . w over D }",
  },
  MEM0133: {
    title: "A tensor without that axis",
    explanation: "Reductions, indexing, splits and renames name an axis that the tensor has.",
    example: "model M { dim D = 4; input x[T, D]; output y = sum(x over S) }",
    fix: "model M { dim D = 4; input x[T, D]; output y = sum(x over D) }",
  },
  MEM0134: {
    title: "Index is not an int",
    explanation: "`x at L = i` takes ints: positions along L from 0. Reading outside gives 0.",
    example: "model M { input x[T]; output y = x at T = index(T) / 2 }",
    fix: "model M { input x[T]; output y = x at T = index(T) div 2 }",
  },
  MEM0135: {
    title: "Piece without a name",
    explanation:
      "A piece of a split goes without a name only where it is one entry: `split E into (1, T)`.",
    example:
      "model M { dim D = 4; input x[T, D]; a, b = x split D into (2, B: 2); output y = b; output z = a }",
    fix: "model M { dim D = 4; input x[T, D]; a, b = x split D into (A: 2, B: 2); output y = b; output z = a }",
  },
  MEM0136: {
    title: "Sizes of a split unknown",
    explanation: "The sizes of all parts but one are known; the last follows from them.",
    example: "model M { dim D = 6; input x[T, D]; output y = x split D as (H, K) }",
    fix: "model M { dim D = 6; input x[T, D]; output y = x split D as (H: 2, K) }",
  },
  MEM0137: {
    title: "Parts of a split do not fit",
    explanation:
      "The product of the parts of `split … as`, and the sum of those of `split … into`, is the size of the axis.",
    example: "model M { dim D = 6; input x[T, D]; output y = x split D as (H: 4, K: 2) }",
    fix: "model M { dim D = 6; input x[T, D]; output y = x split D as (H: 3, K: 2) }",
  },
  MEM0140: {
    title: "Wrong number of arguments",
    explanation:
      "Each word of the primitive vocabulary takes the arguments that the reference lists.",
    example: "model M { input x[T]; output y = where(x > 0, x) }",
    fix: "model M { input x[T]; output y = where(x > 0, x, 0) }",
  },
  MEM0142: {
    title: "An argument lacks its word",
    explanation:
      "Words that work along an axis say which (`over T`), those that make one name it (`as S`), `shift` says `by N`, " +
      "`window` its `size =`, `add` and `put` where (`at E = i`).",
    example: "model M { input x[T]; output y = sum(x) }",
    fix: "model M { input x[T]; output y = sum(x over T) }",
  },
  MEM0143: {
    title: "More than one axis",
    explanation: "`cumsum`, `argmax`, `order`, `shift`, `scan` and their like work along one axis.",
    example: "model M { dim D = 4; input x[T, D]; output y = cumsum(x over (T, D)) }",
    fix: "model M { dim D = 4; input x[T, D]; output y = cumsum(x over D) }",
  },
  MEM0144: {
    title: "An argument has a word too many",
    explanation:
      "`over`, `by`, `at`, `where`, `as` and axes in brackets stand only after arguments that take them: `sum(x over T where m)`. " +
      "Blocks take `over` and axes in brackets, which say what binds to their axes. `as` names a call: `tanh(f(x) as gate)`.",
    example: "model M { input x[T]; output y = tanh(x where x > 0) }",
    fix: "model M { input x[T]; output y = where(x > 0, tanh(x), 0) }",
  },
  MEM0145: {
    title: "The batch outside of a loss and of training",
    explanation:
      "Equations are written for one example; examples of a batch never see each other. Only the equation of a loss may name " +
      "the batch, as the axis `batch`, and what stands under `when training`: it is not there in `evaluate` and `generate`, where " +
      "what a model says of one example must not depend on which others are beside it.",
    example: "model M { input x[T]; output y = x - mean(x over batch) }",
    fix: "model M { input x[T]; output y = x; loss spread = abs(mean(x over batch)) }",
  },
  MEM0146: {
    title: "The name of an axis is needed",
    explanation: "`index(T)` and `valid(T)` take the name of an axis and nothing else.",
    example: "model M { input x[T]; output y = x * index(x + 1) }",
    fix: "model M { input x[T]; output y = x * index(T) }",
  },
  MEM0147: {
    title: "A list is needed",
    explanation:
      "`size`, `index_of`, `values` and `[i]` take a list known while compiling. The size of an axis is its name: `T`, not " +
      "`size(T)`. An entry of a tensor is taken along an axis: `x at T = i`.",
    example: "model M { input x[T]; output y = x * size(3) }",
    fix: "model M { input x[T]; output y = x * size([1, 2, 3]) }",
  },
  MEM0148: {
    title: "Not in the list",
    explanation:
      "`index_of(list, value)` gives the position of a value that the list holds, `list[position]` the value at a position from 0 " +
      "to one less than `size(list)`.",
    example: "model M { input x[T]; output y = x * index_of([2, 4], 3) }",
    fix: "model M { input x[T]; output y = x * index_of([2, 4], 4) }",
  },
  MEM0149: {
    title: "Not a square number",
    explanation: "`root(n)` is the whole number whose square is n; `sqrt` gives a real.",
    example: "model M { dim n = 5, D = root(n); input x[T]; output y = D * x }",
    fix: "model M { dim n = 4, D = root(n); input x[T]; output y = D * x }",
  },
  MEM0151: {
    title: "More entries than there are",
    explanation: "`first`, `last` and `top` take as many entries as the axis has, or fewer.",
    example: "model M { dim D = 4; input x[T, D]; output y = first(x over D, 5 as E) }",
    fix: "model M { dim D = 4; input x[T, D]; output y = first(x over D, 3 as E) }",
  },
  MEM0155: {
    title: "A matrix lacks its two axes",
    explanation:
      "`solve`, `svd` and `eigh` work on a matrix: `over (ROW, COLUMN)` says which axes are its rows and columns.",
    example: `model M {
  dim N = 3
  input x[T]
  const a[N, J: N] = real(index(N) == index(J)), b[N] = solve(a over N, 1 + index(N)) rename J as N
  output y = x * b
}`,
    fix: `model M {
  dim N = 3
  input x[T]
  const a[N, J: N] = real(index(N) == index(J)), b[N] = solve(a over (N, J), 1 + index(N)) rename J as N
  output y = x * b
}`,
  },
  MEM0156: {
    title: "The batch reaches a state",
    explanation:
      "What training takes over the batch may reach outputs and losses, but no state: a stream's memory is its own, whichever " +
      "streams run beside it.",
    example: `memory last_rows(width: int) {
  dim D = width
  state rows[D] starts 0, gradient through
  write(x[T, D]) { rows <- mean(x over T where valid(T)) }
  read() -> [D] { return rows }
}
block centred(x[T, D]) -> [T, D] {
  return x - when training { mean(x over (batch, T) where valid(T)) } else { mean(x over T where valid(T)) }
}
model M {
  dim D = 4
  input x[T, D]
  target z[T, D]
  param w[D] starts 1
  memory m = last_rows(width = D)
  y = centred(x * w)
  m.write(y)
  output out = y + m.read()
  loss main = (out - z) ^ 2
}
train { data { z = x ahead 1 } }`,
    fix: `memory last_rows(width: int) {
  dim D = width
  state rows[D] starts 0, gradient through
  write(x[T, D]) { rows <- mean(x over T where valid(T)) }
  read() -> [D] { return rows }
}
block centred(x[T, D]) -> [T, D] {
  return x - when training { mean(x over (batch, T) where valid(T)) } else { mean(x over T where valid(T)) }
}
model M {
  dim D = 4
  input x[T, D]
  target z[T, D]
  param w[D] starts 1
  memory m = last_rows(width = D)
  y = centred(x * w)
  m.write(x * w)
  output out = y + m.read()
  loss main = (out - z) ^ 2
}
train { data { z = x ahead 1 } }`,
  },
} as const satisfies Readonly<Record<`MEM01${string}`, DiagnosticEntry>>;
