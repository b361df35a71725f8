/** Limits on what a spec may ask for, since a spec is untrusted input: MEM0260 to MEM0269. */
import type { DiagnosticEntry } from "../../../parser/registry.ts";

export const limitCodes = {
  MEM0260: {
    title: "Tensor too large",
    explanation: "A tensor has at most 2147483647 entries an example.",
    example:
      "model M { dim D = 1000000; input x[T]; param w[D, E: D] starts 1; output y = x * sum(w over (D, E)) }",
    fix: "model M { dim D = 1000; input x[T]; param w[D, E: D] starts 1; output y = x * sum(w over (D, E)) }",
  },
  MEM0261: {
    title: "Constant too large",
    explanation:
      "What is known before anything runs is computed when the model is loaded: a constant has at most 268435456 entries, and " +
      "the matrix of `solve`, `svd` or `eigh` at most 8192 rows.",
    example: `model M {
  dim N = 10000
  input x[T]
  const a[N, J: N] = real(index(N) == index(J)), b[N] = solve(a over (N, J), 1 + index(N)) rename J as N
  output y = x * sum(b over N)
}`,
    fix: `model M {
  dim N = 100
  input x[T]
  const a[N, J: N] = real(index(N) == index(J)), b[N] = solve(a over (N, J), 1 + index(N)) rename J as N
  output y = x * sum(b over N)
}`,
  },
  MEM0262: {
    title: "Model too large",
    explanation:
      "The functions of a model hold at most 20,000 operations together. A `repeat` whose body uses its index is written out " +
      "once an iteration; one that does not is a loop.",
    example:
      "model M { input x[T]; repeat 200 as i { repeat 200 as j { x = i * j + x } }; output y = x }",
    fix: "model M { input x[T]; repeat 10 as i { repeat 10 as j { x = i * j + x } }; output y = x }",
  },
  MEM0263: {
    title: "Too many different blocks",
    explanation:
      "A block is checked once for each set of options and sizes it is called with: at most 2,000 times in one model.",
    example: `block scaled(x[...], factor: int) -> [...] { return factor * x }
model M { input x[T]; repeat 3000 as i { x = scaled(x, factor = i) as s }; output y = x }`,
    fix: `block scaled(x[...], factor: int) -> [...] { return factor * x }
model M { input x[T]; repeat 60 as i { x = scaled(x, factor = i) as s }; output y = x }`,
  },
  MEM0264: {
    title: "Nested too deeply",
    explanation:
      "Blocks that call blocks, repeats within repeats, and dims that depend on dims nest at most 64 deep.",
    example: "// imagine 65 blocks, each of which calls the next",
    fix: "// imagine three",
  },
  MEM0265: {
    title: "Too much to work out",
    explanation:
      "Working out numbers, lists and conditions while compiling takes at most 500,000 steps.",
    example: `model M {
  input x[T]
  n = 0
  repeat 1000 as i { repeat 1000 as j { n = n + i * j } }
  output y = x
}`,
    fix: `model M {
  input x[T]
  n = 0
  repeat 10 as i { repeat 10 as j { n = n + i * j } }
  output y = n * x
}`,
  },
} as const satisfies Readonly<Record<`MEM026${string}`, DiagnosticEntry>>;
