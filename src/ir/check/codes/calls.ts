/** Alignment, calls, results, statements and loops: MEM0200 to MEM0249. */
import type { DiagnosticEntry } from "../../../parser/registry.ts";

export const callCodes = {
  MEM0200: {
    title: "Operation does not take these values",
    explanation:
      "Every operation says which kinds of numbers and which axes it takes. Ints become reals where a real stands beside them; " +
      "flags never become numbers (`sum` counts them, `real(…)` makes 0 and 1).",
    example: "model M { input x[T] in flag; output y = x + 1 }",
    fix: "model M { input x[T] in flag; output y = real(x) + 1 }",
  },
  MEM0201: {
    title: "Not a tensor",
    explanation:
      "Lists, choices, blocks and instances are not numbers: `values(list as W)` makes a tensor of a list, a choice is tested by " +
      "`is`, a block is called, an instance has methods. A probe shows a tensor or a loss; what is known while compiling has none.",
    example:
      "model M { dim D = 4; input x[T, D]; memory mem = slots(count = 2, width = D); output y = x . mem over D; mem.write(x) }",
    fix: "model M { dim D = 4; input x[T, D]; memory mem = slots(count = 2, width = D); output y = x . mem.M over D; mem.write(x) }",
  },
  MEM0202: {
    title: "Several values where one is needed",
    explanation:
      "`top`, `split … into` and blocks with several results give several tensors: each gets a name, or `_`.",
    example: "model M { dim D = 4; input x[T, D]; output y = top(x over D, 2 as E) }",
    fix: "model M { dim D = 4; input x[T, D]; best, _ = top(x over D, 2 as E); output y = best }",
  },
  MEM0203: {
    title: "A whole number that no int holds",
    explanation:
      "Ints have 32 bits: they hold -2147483648 to 2147483647. A number of the spec beyond that stands among ints here or is an index, " +
      "or ints that are known while compiling make one. Among reals it would be a real. Arithmetic on data is not checked: it wraps.",
    example: "model M { input n[T] in int; output y = n < 3000000000 }",
    fix: "model M { input n[T] in int; output y = real(n) < 3000000000 }",
  },
  MEM0204: {
    title: "One axis, two sizes",
    explanation:
      "Axes of one name are one axis, so their sizes agree. Nothing is aligned by position, and a size of 1 does not stretch: an " +
      "axis that a tensor lacks is repeated.",
    example: "model M { dim D = 4; input x[T, D]; param w[D: 3] starts 1; output y = x * w }",
    fix: "model M { dim D = 4; input x[T, D]; param w[D] starts 1; output y = x * w }",
  },
  MEM0210: {
    title: "Call of something with methods",
    explanation:
      "Memories, and blocks with methods, are instances first: `use table = embedding(…)`, then `table.look(x)`.",
    example: "model M { input t[T] in 10; output y = embedding(t, vocab = 10, width = 4) }",
    fix: "model M { input t[T] in 10; use table = embedding(vocab = 10, width = 4); output y = table.look(t) }",
  },
  MEM0211: {
    title: "This cannot be called",
    explanation:
      "Blocks, methods of instances and the words of the primitive vocabulary are called. Multiplication is written `*`.",
    example: "model M { input x[T]; output y = x(2) }",
    fix: "model M { input x[T]; output y = x * 2 }",
  },
  MEM0212: {
    title: "No such method",
    explanation: "An instance has the methods that its block or memory declares.",
    example:
      "model M { dim D = 4; input x[T, D]; memory mem = slots(count = 2, width = D); output y = mem.reed(x, heads = 1); mem.write(x) }",
    fix: "model M { dim D = 4; input x[T, D]; memory mem = slots(count = 2, width = D); output y = mem.read(x, heads = 1); mem.write(x) }",
  },
  MEM0213: {
    title: "Given twice",
    explanation: "An argument or option is given once.",
    example: "model M { dim D = 4; input x[T, D]; output y = ffn(x, hidden = 8, hidden = 9) }",
    fix: "model M { dim D = 4; input x[T, D]; output y = ffn(x, hidden = 8) }",
  },
  MEM0214: {
    title: "Too many tensors",
    explanation:
      "Positional arguments are tensors, in the order of the declaration; options go by name.",
    example: "model M { dim D = 4; input x[T, D]; output y = ffn(x, 8) }",
    fix: "model M { dim D = 4; input x[T, D]; output y = ffn(x, hidden = 8) }",
  },
  MEM0215: {
    title: "Argument missing",
    explanation: "Every tensor of the declaration is given.",
    example: "model M { dim D = 4; input x[T, D]; output y = attention(x, heads = 2) }",
    fix: "model M { dim D = 4; input x[T, D]; output y = attention(x, x, heads = 2) }",
  },
  MEM0216: {
    title: "Argument with other axes",
    explanation:
      "Formal axes bind the argument's in order: `x[T, D]` takes two. `x[..., D]` takes the last, or the one named at the call " +
      "(`rms(x over K)`), and lets the others pass.",
    example: "model M { input x[T]; output y = attention(x, x, heads = 2) }",
    fix: "model M { dim D = 4; input x[T, D]; output y = attention(x, x, heads = 2) }",
  },
  MEM0217: {
    title: "Formal axis bound to two sizes",
    explanation:
      "A formal axis that several arguments have is one axis inside the block, so they agree in its size.",
    example: `block gated(x[T, D], y[T, D]) -> [T, D] { return x * sigmoid(y) }
model M { dim D = 4, E = 3; input x[T, D]; input y[T, E]; output z = gated(x, y) }`,
    fix: `block gated(x[T, D], y[T, D]) -> [T, D] { return x * sigmoid(y) }
model M { dim D = 4; input x[T, D]; input y[T, D]; output z = gated(x, y) }`,
  },
  MEM0218: {
    title: "Block calls itself",
    explanation:
      "Blocks are laid out before anything runs, so none contains itself. Repetition is `repeat` or `scan`.",
    example: `block twice(x[...]) -> [...] { return 2 * twice(x) }
model M { input x[T]; output y = twice(x) }`,
    fix: `block twice(x[...]) -> [...] { return 2 * x }
model M { input x[T]; output y = twice(twice(x) as first) }`,
  },
  MEM0220: {
    title: "State written more than once a segment: by a repeat",
    explanation:
      "A memory declared outside of a `repeat` is one for all iterations and is written once a segment, by none of them.",
    example: `model M {
  dim D = 4
  input x[T, D]
  memory past = fifo(length = 3, width = D)
  repeat 2 as layer { x = 2 * x; past.write(x) }
  output y = x
}`,
    fix: `model M {
  dim D = 4
  input x[T, D]
  repeat 2 as layer {
    memory past = fifo(length = 3, width = D)
    x = 2 * x
    past.write(x)
  }
  output y = x
}`,
  },
  MEM0221: {
    title: "State written twice a segment",
    explanation:
      "All writes take effect together at the end of a segment, so each state has one. A condition goes into the value: `M <- where(c, new, M)`.",
    example:
      "model M { dim D = 4; input x[T, D]; memory past = fifo(length = 3, width = D); past.write(x); past.write(2 * x); output y = x }",
    fix: "model M { dim D = 4; input x[T, D]; memory past = fifo(length = 3, width = D); past.write(2 * x); output y = x }",
  },
  MEM0222: {
    title: "Two axes of one name in a result",
    explanation:
      "The axes of a result get back the caller's names. Where one tensor stands for two arguments these may meet: one is renamed " +
      "before the call.",
    example: `block outer(x[A], y[B]) -> [A, B] { return x * y }
model M { input x[T]; output y = outer(x, x) }`,
    fix: `block outer(x[A], y[B]) -> [A, B] { return x * y }
model M { input x[T]; output y = outer(x, x rename T as S) }`,
  },
  MEM0223: {
    title: "Formal axis of a fixed size",
    explanation:
      "`x[H, J: H]`, or an axis that a dim of the memory names, says how many entries the argument has.",
    example: `block trace(x[H, J: H]) -> [] { return sum(where(index(H) == index(J), x, 0) over (H, J)) }
model M { dim A = 3, B = 4; input x[A, B]; output y = trace(x) }`,
    fix: `block trace(x[H, J: H]) -> [] { return sum(where(index(H) == index(J), x, 0) over (H, J)) }
model M { dim A = 4, B = 4; input x[A, B]; output y = trace(x) }`,
  },
  MEM0224: {
    title: "Result without a declaration",
    explanation:
      "A block that returns something declares the axes: `-> [T, D]`, `-> [...]`, `-> []` for a number.",
    example: `block twice(x[T]) { return 2 * x }
model M { input x[T]; output y = twice(x) }`,
    fix: `block twice(x[T]) -> [T] { return 2 * x }
model M { input x[T]; output y = twice(x) }`,
  },
  MEM0225: {
    title: "Other number of results than declared",
    explanation: "`return` gives as many values as the signature declares.",
    example: `block both(x[T]) -> a[T], b[T] { return 2 * x }
model M { input x[T]; a, b = both(x); output y = a + b }`,
    fix: `block both(x[T]) -> a[T], b[T] { return 2 * x, 3 * x }
model M { input x[T]; a, b = both(x); output y = a + b }`,
  },
  MEM0226: {
    title: "Result never given",
    explanation:
      "A declared result is returned, or assigned under the name the signature gives it.",
    example: `block twice(x[T]) -> [T] { y = 2 * x }
model M { input x[T]; output y = twice(x) }`,
    fix: `block twice(x[T]) -> [T] { return 2 * x }
model M { input x[T]; output y = twice(x) }`,
  },
  MEM0227: {
    title: "Result of other axes than declared",
    explanation:
      "A result has the axes of the signature; one that it lacks is repeated, one more is an error.",
    example: `block rows(x[T, D]) -> [T] { return 2 * x }
model M { dim D = 4; input x[T, D]; output y = rows(x) }`,
    fix: `block rows(x[T, D]) -> [T] { return sum(x over D) }
model M { dim D = 4; input x[T, D]; output y = rows(x) }`,
  },
  MEM0228: {
    title: "`return` that ends nothing",
    explanation:
      "A `return` ends a block, a method or a branch of one: nothing stands after it, and it does not stand in a loop, whose iterations give values by `yield`.",
    example: `block powers(x[T]) -> [T] { repeat 3 as i { x = x * x; return x } }
model M { input x[T]; output y = powers(x) }`,
    fix: `block powers(x[T]) -> [T] { repeat 3 as i { x = x * x }; return x }
model M { input x[T]; output y = powers(x) }`,
  },
  MEM0230: {
    title: "State outside of a memory",
    explanation:
      "States are declared at the top level of a memory, so that all its methods see them.",
    example: "model M { input x[T]; state s starts 0, gradient stop; output y = x }",
    fix: `memory total() {
  state s starts 0, gradient stop
  step(x[T]) { s <- s + sum(x over T where valid(T)) }
}
model M { input x[T]; memory m = total(); m.step(x); output y = x }`,
  },
  MEM0231: {
    title: "Input or output outside of the model's top level",
    explanation: "Inputs and outputs are the model's; a block has arguments and results.",
    example: "model M { input x[T]; repeat 2 as i { x = 2 * x; output y = x } }",
    fix: "model M { input x[T]; repeat 2 as i { x = 2 * x }; output y = x }",
  },
  MEM0232: {
    title: "`yield` as a statement",
    explanation:
      "What a loop hands out of every iteration stands in its header: `repeat depth as layer yield x { … }`.",
    example: "model M { input x[T]; repeat 2 as i { x = 2 * x; yield x }; output y = x }",
    fix: "model M { input x[T]; repeat 2 as i yield x { x = 2 * x }; output y = x }",
  },
  MEM0233: {
    title: "Name already taken",
    explanation:
      "Equations may give a name a new value. Declarations (`dim`, `param`, `const`, `use`, `memory`, `input`) may not share one. `training` is always taken; `fresh` and `valid` come with every segment, so no input has these names.",
    example: "model M { dim D = 4; input x[T, D]; param x[D] starts 1; output y = x }",
    fix: "model M { dim D = 4; input x[T, D]; param w[D] starts 1; output y = x * w }",
  },
  MEM0234: {
    title: "Names and values do not match in number",
    explanation: "`a, b = f(x)` names every result; `_` leaves one out.",
    example: "model M { dim D = 4; input x[T, D]; a, b, c = top(x over D, 2 as E); output y = a }",
    fix: "model M { dim D = 4; input x[T, D]; a, _ = top(x over D, 2 as E); output y = a }",
  },
  MEM0235: {
    title: "Instance made by `=`",
    explanation:
      "Instances have parameters and states with an address, so they are declared: `use`, `memory`.",
    example:
      "model M { dim D = 4; input x[T, D]; memory a = slots(count = 2, width = D); b = a; output y = b.read(x, heads = 1); a.write(x) }",
    fix: "model M { dim D = 4; input x[T, D]; memory a = slots(count = 2, width = D); output y = a.read(x, heads = 1); a.write(x) }",
  },
  MEM0236: {
    title: "Write to something that is no state",
    explanation:
      "`M <- value` gives a state of this memory its next value. A local is assigned by `=`.",
    example: `memory total() {
  state s starts 0, gradient stop
  step(x[T]) { n <- sum(x over T where valid(T)); s <- s + n }
}
model M { input x[T]; memory m = total(); m.step(x); output y = x }`,
    fix: `memory total() {
  state s starts 0, gradient stop
  step(x[T]) { n = sum(x over T where valid(T)); s <- s + n }
}
model M { input x[T]; memory m = total(); m.step(x); output y = x }`,
  },
  MEM0237: {
    title: "Weight with an axis that the loss has not",
    explanation: "`loss name = e weighted by w` weighs the entries of e; w has axes of e only.",
    example:
      "model M { dim D = 4; input x[T, D]; output y = x; loss main = sum(x * x over D) weighted by x > 0 }",
    fix: "model M { dim D = 4; input x[T, D]; output y = x; loss main = x * x weighted by x > 0 }",
  },
  MEM0238: {
    title: "Nothing that methods could share",
    explanation:
      "The body of a memory, or of a block with methods, declares what the methods share: dims, consts, parameters, states, instances by " +
      "`use` and `memory`, and equations for what is known while the model is built, also under `when`. It computes nothing and is " +
      "never run.",
    example: `memory total() {
  state s starts 0, gradient stop
  twice = 2 * s
  step(x[T]) -> [T] { s <- s + sum(x over T where valid(T)); return x + twice }
}
model M { input x[T]; memory m = total(); output y = m.step(x) }`,
    fix: `memory total() {
  state s starts 0, gradient stop
  step(x[T]) -> [T] { twice = 2 * s; s <- s + sum(x over T where valid(T)); return x + twice }
}
model M { input x[T]; memory m = total(); output y = m.step(x) }`,
  },
  MEM0239: {
    title: "Weighted losses of a repeat in a scan",
    explanation:
      "A loss in a scan is one mean over what all its steps count, and the iterations of a `repeat` that does not mention its index are one " +
      "term. Where iterations weigh differently there is no such mean: a repeat that mentions its index has a term for each of them.",
    example:
      "model M { input x[T]; scan over T { repeat 2 as i { loss main = x weighted by x } }; output y = x }",
    fix: "model M { input x[T]; scan over T { repeat 2 as i { loss main = x weighted by x + i } }; output y = x }",
  },
  MEM0240: {
    title: "Number of iterations",
    explanation: "A `repeat` runs a whole number of times, 0 to 10,000.",
    example: "model M { input x[T]; repeat 0.5 as i { x = 2 * x }; output y = x }",
    fix: "model M { input x[T]; repeat 2 as i { x = 2 * x }; output y = x }",
  },
  MEM0241: {
    title: "Nothing to yield",
    explanation:
      "A `repeat` of 0 iterations and a `scan` over an axis of 0 entries have no values to hand out.",
    example:
      "model M { dim n = 0; input x[T]; repeat n as i yield z { z = 2 * x }; output y = sum(z over i) }",
    fix: "model M { dim n = 2; input x[T]; repeat n as i yield z { z = 2 * x }; output y = sum(z over i) }",
  },
  MEM0242: {
    title: "Yielded name without a value",
    explanation: "A name after `yield` gets a value in every iteration.",
    example: "model M { input x[T]; repeat 2 as i yield z { y = 2 * x }; output y = x }",
    fix: "model M { input x[T]; repeat 2 as i yield z { z = 2 * x }; output y = sum(z over i) }",
  },
  MEM0243: {
    title: "Carried value changes its type",
    explanation:
      "A name that is bound before a loop and bound again inside is carried from one iteration to the next, so it has the same " +
      "axes, sizes and kind after each.",
    example:
      "model M { dim D = 4; input x[T, D]; repeat 2 as i { x = sum(x over D) }; output y = x }",
    fix: "model M { dim D = 4; input x[T, D]; repeat 2 as i { x = x - mean(x over D) }; output y = x }",
  },
  MEM0244: {
    title: "Scan without a result",
    explanation:
      "A `scan` used as a value yields something: `scan over T from m = M yield m { … }`.",
    example: "model M { input x[T]; y = scan over T from m = 0 * 0.5 { m = m + x }; output z = y }",
    fix: "model M { input x[T]; y = scan over T from m = 0 * 0.5 yield m { m = m + x }; output z = y }",
  },
  MEM0245: {
    title: "Carried value with the scanned axis",
    explanation:
      "Inside `scan over T` a value with axis T is seen at the current step; what is carried from step to step has no T.",
    example:
      "model M { input x[T]; y = scan over T from m = x yield m { m = m + x }; output z = y }",
    fix: "model M { input x[T]; y = scan over T from m = 0 * 0.5 yield m { m = m + x }; output z = y }",
  },
  MEM0246: {
    title: "Draw inside a scan",
    explanation:
      "A draw has one address, so it would be the same number at every step. It is drawn before, with the scanned axis.",
    example:
      "model M { input x[T]; y = scan over T from m = 0 * 0.5 yield m { m = m + x * draw u[] ~ uniform }; output z = y }",
    fix: `model M {
  input x[T]
  noise = draw u[T] ~ uniform
  y = scan over T from m = 0 * 0.5 yield m { m = m + x * noise }
  output z = y
}`,
  },
  MEM0247: {
    title: "Memory inside a scan",
    explanation:
      "A state changes once a segment. What changes at every step is carried by the `scan`, and written once after it.",
    example: `model M {
  dim D = 4
  input x[T, D]
  y = scan over T from m = 0 * 0.5 yield m {
    memory past = fifo(length = 3, width = D)
    m = m + sum(x over D) + sum(past.rows over (M, D))
  }
  output z = y
}`,
    fix: `model M {
  dim D = 4
  input x[T, D]
  memory past = fifo(length = 3, width = D)
  before = sum(past.rows over (M, D))
  y = scan over T from m = 0 * 0.5 yield m { m = m + sum(x over D) + before }
  past.write(x)
  output z = y
}`,
  },
} as const satisfies Readonly<Record<`MEM02${string}`, DiagnosticEntry>>;
