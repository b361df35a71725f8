/** MEM0001 to MEM0099: what can be wrong with the letters and the form of a spec. */
import type { DiagnosticEntry } from "./registry.ts";

export const syntaxCodes = {
  MEM0001: {
    title: "Character not of the language",
    explanation:
      "Outside of comments and strings a spec is written in the letters A to Z, digits, `_` and " +
      "the signs of the language. Typographic signs such as `≤`, curly quotes and no-break " +
      "spaces come in by pasting; each has a plain spelling.",
    example: "block b(x[T]) -> [T] { return where(x ≤ 1, x, 1) }",
    fix: "block b(x[T]) -> [T] { return where(x <= 1, x, 1) }",
  },
  MEM0002: {
    title: "String not closed",
    explanation:
      'A string begins and ends with `"` on one line. Strings name the files of imports and ' +
      "nothing else.",
    example: 'import slots from "slots.mem',
    fix: 'import slots from "slots.mem"',
  },
  MEM0003: {
    title: "Not a number",
    explanation:
      "Numbers are decimal: `3`, `0.5`, `1e-6`. There is a digit on both sides of the point, " +
      "nothing between the digits, and white space before a unit.",
    example: "train { segment 64tokens }",
    fix: "train { segment 64 tokens }",
  },
  MEM0004: {
    title: "Number too large",
    explanation:
      "Values are float64: the largest is about 1.8e308, and whole numbers are exact up to " +
      "9007199254740991. A number beyond that would silently become another one.",
    example: "block b(x[T]) -> [T] { return min(x, 1e999) }",
    fix: "block b(x[T]) -> [T] { return min(x, 1e300) }",
  },
  MEM0005: {
    title: "Comment of another language",
    explanation:
      "A comment is `//` to the end of the line. `///` documents the item or statement after " +
      "it. There are no block comments.",
    example: "# one layer\nblock b(x[T]) -> [T] { return x }",
    fix: "// one layer\nblock b(x[T]) -> [T] { return x }",
  },
  MEM0006: {
    title: "Operator of another language",
    explanation:
      "Logic is written in words, `and`, `or`, `not`; the remainder is `mod`; a value gets its " +
      "name by `=`.",
    example: "block b(x[T], m[T]) -> [T] { return where(m && x > 0, x, 0) }",
    fix: "block b(x[T], m[T]) -> [T] { return where(m and x > 0, x, 0) }",
  },
  MEM0007: {
    title: "File too long",
    explanation:
      "A spec is untrusted input, so the work on one file is bounded: it has at most 1,000,000 " +
      "characters. A longer one can be split into files that import each other.",
    example: "// imagine a million characters",
    fix: "// imagine fewer",
  },
  MEM0008: {
    title: "Nested too deeply",
    explanation:
      "Brackets stand within brackets at most 100 deep, and the nodes of an expression within " +
      "nodes at most 1000 deep, a sum of a thousand terms being one. The bound keeps any spec " +
      "from exhausting the compiler's stack.",
    example: `block b(x[T]) -> [T] { return ${"(".repeat(101)}x${")".repeat(101)} }`,
    fix: "block b(x[T]) -> [T] { return x }",
  },
  MEM0009: {
    title: "Bracket never closed",
    explanation:
      "Each `(`, `[` and `{` has its closing partner. The compiler goes on as if it stood at " +
      "the place of the note: before the line that can only begin a new statement or " +
      "definition, or at the end of the file.",
    example: "block b(x[T]) -> [T] {\n  y = relu(x\n  return y\n}",
    fix: "block b(x[T]) -> [T] {\n  y = relu(x)\n  return y\n}",
  },
  MEM0010: {
    title: "Bracket closes nothing",
    explanation:
      "A closing bracket stands where none of its kind is open. The compiler goes on without " +
      "it.",
    example: "block b(x[T]) -> [T] { return relu(x)) }",
    fix: "block b(x[T]) -> [T] { return relu(x) }",
  },
  MEM0011: {
    title: "Bracket of the wrong kind",
    explanation:
      "`(` is closed by `)`, `[` by `]`, `{` by `}`. Only an interval after `in` mixes them: " +
      "`real in [0, 1)`.",
    example: "block b(x[T]) -> [T] { return relu(x] }",
    fix: "block b(x[T]) -> [T] { return relu(x) }",
  },
  MEM0012: {
    title: "More errors than are listed",
    explanation:
      "Of one file the first 200 errors are listed and the rest are counted. So many come from " +
      "a file that is no spec at all, or from one early mistake.",
    example: Array.from({ length: 201 }, (_, line) => `? // ${line}`).join("\n"),
    fix: "// nothing",
  },
  MEM0020: {
    title: "Unexpected token",
    explanation:
      "At this point the grammar goes on in another way; the message says with what. " +
      "`grammar/mem.ebnf` has all rules. The compiler skips to the end of the statement and " +
      "goes on from there.",
    example: "block b(x[T]) -> [T] { return x at T 0 }",
    fix: "block b(x[T]) -> [] { return x at T = 0 }",
  },
  MEM0021: {
    title: "Expression expected",
    explanation:
      "An operator, a comma or a word before this point needs a value after it: a name, a " +
      "number, a call, something in parentheses.",
    example: "block b(x[T]) -> [T] { return x + }",
    fix: "block b(x[T]) -> [T] { return x + 1 }",
  },
  MEM0022: {
    title: "Not an item of a file",
    explanation:
      "At file level stand imports, definitions (`block`, `memory`, `model`) and programs " +
      "(`train`, `evaluate`, `generate`). Equations and declarations stand inside of them.",
    example: "modle Tiny { dim width = 8 }",
    fix: "model Tiny { dim width = 8 }",
  },
  MEM0023: {
    title: "Two statements on one line",
    explanation:
      "A statement ends with its line or with `;`. What follows on the same line is neither a " +
      "part of it nor separated from it.",
    example: "block b(x[T]) -> [T] { y = relu(x) return y }",
    fix: "block b(x[T]) -> [T] { y = relu(x); return y }",
  },
  MEM0024: {
    title: "Reserved word as a name",
    explanation:
      "Words that begin statements and clauses, such as `state`, `over` or `at`, cannot name " +
      "anything. Words with a meaning in one place only, such as `next`, `list` or `train`, " +
      "can.",
    example: "block b(x[T]) -> [T] { state = relu(x); return 2 * x }",
    fix: "block b(x[T]) -> [T] { y = relu(x); return 2 * x }",
  },
  MEM0025: {
    title: "`=` where values are compared",
    explanation:
      "`=` gives a value its name and an option its value. Two values are compared by `==`.",
    example: "model M(heads: int = 1) { when heads = 1 { dim K = 8 } }",
    fix: "model M(heads: int = 1) { when heads == 1 { dim K = 8 } }",
  },
  MEM0026: {
    title: "Contraction without `over`",
    explanation:
      "`a . b over D` sums over the axes it names; both sides have them, and every other shared " +
      "axis is aligned. There is no default: which axes are summed is what a reader most wants " +
      "to know. Each dot of a chain has its own `over`.",
    example: "block b(x[T, D], w[D, E]) -> [T, E] { return x . w }",
    fix: "block b(x[T, D], w[D, E]) -> [T, E] { return x . w over D }",
  },
  MEM0027: {
    title: "Two `over` in a row",
    explanation:
      "In the argument of a reduction a contraction stands in parentheses, so that no `over` " +
      "can be read in two ways.",
    example: "block b(x[T, D], y[S, D]) -> [T, S] { return softmax(x . y over D over S) }",
    fix: "block b(x[T, D], y[S, D]) -> [T, S] { return softmax((x . y over D) over S) }",
  },
  MEM0028: {
    title: "Comparisons do not chain",
    explanation:
      "`a < b < c` would compare a flag with a number. Comparisons, `in`, `is` and `..` take " +
      "two operands; `and` joins them.",
    example: "block b(x[T]) -> [T] { return where(0 < x < 1, x, 0) }",
    fix: "block b(x[T]) -> [T] { return where(0 < x and x < 1, x, 0) }",
  },
  MEM0029: {
    title: "`not` after a tighter operator",
    explanation:
      "`not` binds more loosely than comparison and arithmetic: `not a == b` is `not (a == b)`. " +
      "After such an operator it would take in more than it seems to, so it stands in " +
      "parentheses there.",
    example: "block b(m[T], n[T]) -> [T] { return where(m == not n, 1, 0) }",
    fix: "block b(m[T], n[T]) -> [T] { return where(m == (not n), 1, 0) }",
  },
  MEM0030: {
    title: "Parameter without a start",
    explanation:
      "Every parameter says how it starts: drawn from a distribution, `~ glorot`, or by an " +
      "expression of constants and draws, `starts 0`. One ending serves all parameters before " +
      "it that have none.",
    example: "block b(x[T, D]) -> [T, D] { param gain[D]; return x * gain }",
    fix: "block b(x[T, D]) -> [T, D] { param gain[D] starts 1; return x * gain }",
  },
  MEM0031: {
    title: "State without a start",
    explanation:
      "Every state says what it is when a stream begins or restarts: `starts` and an expression " +
      "of constants, parameters and draws.",
    example: "memory m(width: int) { dim D = width; state M[D], gradient stop }",
    fix: "memory m(width: int) { dim D = width; state M[D] starts 0, gradient stop }",
  },
  MEM0032: {
    title: "Definition and instance of a memory mixed up",
    explanation:
      "`memory name(options) { … }` defines a memory and stands at file level. `memory name = " +
      "definition(options)` makes an instance and stands in a model, a block or a `repeat`.",
    example: "memory mem = slots(count = 4)",
    fix: "model M { memory mem = slots(count = 4) }",
  },
  MEM0033: {
    title: "Unknown edition",
    explanation:
      "The first line may say which edition of the language a spec is written in. A compiler " +
      "refuses an edition it does not know rather than read it by other rules.",
    example: "mem 2\nmodel M { dim width = 8 }",
    fix: "mem 1\nmodel M { dim width = 8 }",
  },
  MEM0034: {
    title: "Choice without a value",
    explanation:
      "On the right of an equation, `when c { a } else { b }` gives one of two values, so both " +
      "branches are there. As a statement `when` needs no `else`.",
    example: "block b(x[T], wide: flag) -> [T] { y = when wide { 2 * x }; return y }",
    fix: "block b(x[T], wide: flag) -> [T] { y = when wide { 2 * x } else { x }; return y }",
  },
  MEM0037: {
    title: "Expression without effect",
    explanation:
      "A statement declares, names a value, writes a state or calls a method. An expression " +
      "alone would be computed for nothing.",
    example: "block b(x[T]) -> [T] { x + 1; return x }",
    fix: "block b(x[T]) -> [T] { y = x + 1; return y }",
  },
  MEM0038: {
    title: "Write to a part or to another's state",
    explanation:
      "`M <- value` gives a state its whole next value, once in a segment, and only the memory " +
      "that declares it writes it. A part is changed by building the whole: `where`, `join`, " +
      "`put`.",
    example: "memory m(n: int) { dim S = n; state M[S] starts 0; write(x[S]) { M[S] <- x } }",
    fix: "memory m(n: int) { dim S = n; state M[S] starts 0; write(x[S]) { M <- x } }",
  },
  MEM0039: {
    title: "Tensor where only options stand",
    explanation:
      "Models, memories and the alternatives of a choice are made with options. Tensors come " +
      "into a model by `input`, and into a memory by its methods.",
    example: "memory m(x[T, D]) { state M starts 0 }",
    fix: "memory m(width: int) { state M starts 0 }",
  },
  MEM0040: {
    title: "`use` without a call",
    explanation:
      "`use name = block(options)` makes one instance of a block, which may then be called many " +
      "times with the same parameters.",
    example: "model M { use table = embedding }",
    fix: "model M { use table = embedding(vocab = 256, width = 8) }",
  },
  MEM0041: {
    title: "State that says something twice",
    explanation:
      "What a state says after its start stands once each: `gradient through` or `gradient " +
      "stop`, `kept`, `reset when`. Two conditions of a reset are one, joined by `or`.",
    example:
      "memory m(a: flag, b: flag) { state n starts 0, gradient stop, reset when a, reset when b }",
    fix: "memory m(a: flag, b: flag) { state n starts 0, gradient stop, reset when a or b }",
  },
} as const satisfies Readonly<Record<`MEM00${string}`, DiagnosticEntry>>;
