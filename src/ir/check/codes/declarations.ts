/** Parameters, draws, options, memories and states: MEM0160 to MEM0199. */
import type { DiagnosticEntry } from "../../../parser/registry.ts";

export const declarationCodes = {
  MEM0160: {
    title: "Two of one name",
    explanation:
      "Everything with parameters, states or draws has an address; so have losses. Two calls of one block in one place would " +
      "share it, and numbering them silently would permute checkpoints: one gets a name of its own by `as`. No tensor and no loss has " +
      "an address below another's, and the name of a `repeat` with tensors is that of nothing else with tensors. An instance gives one " +
      "loss of a name: calling it twice would give two.",
    example: "model M { dim D = 4; input x[T, D]; output y = norm(norm(x)) + norm(x) }",
    fix: "model M { dim D = 4; input x[T, D]; output y = norm(norm(x)) + norm(x) as third }",
  },
  MEM0161: {
    title: "Unknown initialiser",
    explanation:
      "A parameter starts `~ normal(mean, deviation)`, `uniform(low, high)`, `constant(value)`, `glorot`, `uniform_fan`, " +
      "`normal_fan` or `orthogonal`, or `starts` with an expression.",
    example:
      "model M { dim D = 4, F = 3; input x[T, D]; param w[D -> F] ~ xavier; output y = x . w over D }",
    fix: "model M { dim D = 4, F = 3; input x[T, D]; param w[D -> F] ~ glorot; output y = x . w over D }",
  },
  MEM0162: {
    title: "Arguments of a distribution",
    explanation:
      "Each distribution takes its own numbers: `normal(0, 0.02)`, `bernoulli(0.1)`, `uniform` none when drawn.",
    example: "model M { dim D = 4; input x[T, D]; param w[D] ~ normal(0.02); output y = x * w }",
    fix: "model M { dim D = 4; input x[T, D]; param w[D] ~ normal(0, 0.02); output y = x * w }",
  },
  MEM0163: {
    title: "Initialiser that needs to know what comes in",
    explanation:
      "`glorot` and its like scale by the number of entries that come in and go out. The arrow says which axes are which: " +
      "`[D -> H, K]`.",
    example:
      "model M { dim D = 4, F = 3; input x[T, D]; param w[D, F] ~ glorot; output y = x . w over D }",
    fix: "model M { dim D = 4, F = 3; input x[T, D]; param w[D -> F] ~ glorot; output y = x . w over D }",
  },
  MEM0165: {
    title: "Unknown distribution",
    explanation:
      "A draw is `uniform` on [0, 1), `normal`, `bernoulli(p)` or `integer(n)` from 0 to n - 1; others are made of these.",
    example: "model M { input x[T]; output y = x + draw u[T] ~ gaussian }",
    fix: "model M { input x[T]; output y = x + draw u[T] ~ normal }",
  },
  MEM0166: {
    title: "Number outside of a distribution's range",
    explanation:
      "A probability is between 0 and 1, a deviation at least 0, `low` at most `high`, and `integer(n)` has n of at least 1.",
    example: "model M { input x[T]; output y = where(draw u[T] ~ bernoulli(1.5), x, 0) }",
    fix: "model M { input x[T]; output y = where(draw u[T] ~ bernoulli(0.5), x, 0) }",
  },
  MEM0170: {
    title: "Option missing",
    explanation: "An option without a default is given at every use.",
    example: "model M { dim D = 4; input x[T, D]; output y = ffn(x) }",
    fix: "model M { dim D = 4; input x[T, D]; output y = ffn(x, hidden = 8) }",
  },
  MEM0171: {
    title: "Unknown option",
    explanation:
      "Options go by name and are those of the declaration. A bare name `heads` is short for `heads = heads`.",
    example: "model M { dim D = 4; input x[T, D]; output y = ffn(x, hiden = 8) }",
    fix: "model M { dim D = 4; input x[T, D]; output y = ffn(x, hidden = 8) }",
  },
  MEM0172: {
    title: "Option outside of its range",
    explanation: "An option has the type and the range that its declaration gives it.",
    example: "model M { input x[T]; output y = dropout(x, rate = 1.5) }",
    fix: "model M { input x[T]; output y = dropout(x, rate = 0.5) }",
  },
  MEM0173: {
    title: "Value of a setting cannot be read",
    explanation:
      "`--set ADDRESS=VALUE` takes a value as a spec writes it: `16`, `4 * width`, `on`, `sticky(bins = 64)`, `[1, 2]`; for an entry " +
      "of a schedule what stands after its word: `--set train.batch=8`. What is read is checked like the value in the spec.",
    example: "// imagine: memc check model.mem --set 'mem.count=16)'",
    fix: "// imagine: memc check model.mem --set 'mem.count=16'",
  },
  MEM0180: {
    title: "`use` or `memory` without a definition",
    explanation:
      "The right side names a block or memory and gives its options: `memory mem = slots(count = 64, width = D)`.",
    example: "model M { input x[T]; use half = x.half(); output y = half(x) }",
    fix: `block half(x[...]) -> [...] { return 0.5 * x }
model M { input x[T]; use halved = half(); output y = halved(x) }`,
  },
  MEM0181: {
    title: "`use` and `memory` mixed up",
    explanation:
      "`memory` makes an instance of what is defined as a memory, with states; `use` one of a block, without.",
    example:
      "model M { dim D = 4; input x[T, D]; use mem = slots(count = 2, width = D); output y = mem.read(x, heads = 1) }",
    fix: "model M { dim D = 4; input x[T, D]; memory mem = slots(count = 2, width = D); output y = mem.read(x, heads = 1); mem.write(x) }",
  },
  MEM0182: {
    title: "State of another kind",
    explanation:
      "A state is real, int or flag (`in int`, `in 0 .. M`, `in flag`), and starts and is written as that.",
    example: `memory counter(step: int) {
  state n in int starts 0
  tick() { n <- n + 0.5 * step }
}
model M { input x[T]; memory c = counter(step = 1); c.tick(); output y = x }`,
    fix: `memory counter(step: int) {
  state n in int starts 0
  tick() { n <- n + step }
}
model M { input x[T]; memory c = counter(step = 1); c.tick(); output y = x }`,
  },
  MEM0183: {
    title: "State of other axes",
    explanation:
      "A state has the axes it is declared with; what is written or started has these or fewer, and is then repeated.",
    example: `memory total(width: int) {
  dim D = width
  state s[D] starts 0, gradient stop
  step(x[T, D]) { s <- s + x }
}
model M { dim D = 4; input x[T, D]; memory m = total(width = D); m.step(x); output y = x }`,
    fix: `memory total(width: int) {
  dim D = width
  state s[D] starts 0, gradient stop
  step(x[T, D]) { s <- s + sum(x over T where valid(T)) }
}
model M { dim D = 4; input x[T, D]; memory m = total(width = D); m.step(x); output y = x }`,
  },
  MEM0184: {
    title: "State without a word on gradient",
    explanation:
      "Whether gradient crosses the edge between two segments is a decision of the method, so a real state says " +
      "`gradient through` or `gradient stop`. Ints and flags have no gradient.",
    example: `memory total(width: int) {
  dim D = width
  state s[D] starts 0
  step(x[T, D]) { s <- s + sum(x over T where valid(T)) }
}
model M { dim D = 4; input x[T, D]; memory m = total(width = D); m.step(x); output y = x }`,
    fix: `memory total(width: int) {
  dim D = width
  state s[D] starts 0, gradient stop
  step(x[T, D]) { s <- s + sum(x over T where valid(T)) }
}
model M { dim D = 4; input x[T, D]; memory m = total(width = D); m.step(x); output y = x }`,
  },
  MEM0185: {
    title: "Write or `next` in a reset",
    explanation:
      "A reset says how states enter a segment, so it comes before all that the segment writes: no method that writes, nor one with a " +
      "memory in it, is called there, and `next M` is not known. A state's name is, in a reset, what was carried over from the segment before.",
    example: `memory rounds() {
  state n in int starts 0
  step() -> [] { n <- n + 1; return n }
}
model M {
  input x[T]
  memory count = rounds()
  memory mem = rounds() reset when count.step() >= 8
  output y = x * mem.step()
}`,
    fix: `memory rounds() {
  state n in int starts 0
  step() -> [] { n <- n + 1; return n }
}
model M {
  input x[T]
  memory count = rounds()
  memory mem = rounds() reset when count.n >= 8
  output y = x * mem.step() + count.step()
}`,
  },
  MEM0186: {
    title: "A reset of other axes",
    explanation:
      "A reset is a flag of the whole segment, or one with the segment's axis: then it acts before its step in every `scan` " +
      "and `linear_scan` that starts from the state, and along no other axis. So one has to start from each state that is not " +
      "`kept`.",
    example: `memory total(width: int) {
  dim D = width
  state s[D] starts 0, gradient stop
  step(x[T, D]) { s <- s + sum(x over T where valid(T)) }
}
model M {
  dim D = 4
  input x[T, D]; input switch[D] in flag
  memory m = total(width = D) reset when switch
  m.step(x)
  output y = x
}`,
    fix: `memory total(width: int) {
  dim D = width
  state s[D] starts 0, gradient stop
  step(x[T, D]) { s <- s + sum(x over T where valid(T)) }
}
model M {
  dim D = 4
  input x[T, D]; input switch[D] in flag
  memory m = total(width = D) reset when any(switch over D)
  m.step(x)
  output y = x
}`,
  },
  MEM0187: {
    title: "One tensor, two sizes",
    explanation:
      "A state or a parameter of an instance may have an axis of its methods or of its block (`state mu[H, T]`, `param gain[D]`); " +
      "every call then gives that axis the same size. For other sizes there is another instance.",
    example: `memory recent(scale: real = 1) {
  state row[T] starts 0, gradient stop
  step(x[T]) -> [T] { return scale * (x + row) }
  write(x[T]) { row <- x }
}
model M {
  dim A = 4
  input x[T]; input y[A]
  memory m = recent()
  m.write(x)
  output z = m.step(y)
}`,
    fix: `memory recent(scale: real = 1) {
  state row[T] starts 0, gradient stop
  step(x[T]) -> [T] { return scale * (x + row) }
  write(x[T]) { row <- x }
}
model M {
  input x[T]; input y[T]
  memory m = recent()
  m.write(x)
  output z = m.step(y)
}`,
  },
  MEM0188: {
    title: "No such member",
    explanation: "`mem.name` reads an entering state, a parameter or an option of an instance.",
    example:
      "model M { dim D = 4; input x[T, D]; memory mem = slots(count = 2, width = D); output y = x . mem.N over D; mem.write(x) }",
    fix: "model M { dim D = 4; input x[T, D]; memory mem = slots(count = 2, width = D); output y = x . mem.M over D; mem.write(x) }",
  },
  MEM0189: {
    title: "No such sibling",
    explanation:
      "`mem[i]` is the memory, or the block made by `use`, of iteration i of a `repeat` that declares one in every iteration: i is " +
      "from 0 to one less than their number.",
    example: `model M {
  dim D = 4
  input x[T, D]
  repeat 2 as layer {
    memory past = fifo(length = 3, width = D)
    x = x + sum(past[layer + 1].rows over M)
    past.write(x)
  }
  output y = x
}`,
    fix: `model M {
  dim D = 4
  input x[T, D]
  repeat 2 as layer {
    memory past = fifo(length = 3, width = D)
    x = x + sum(past[(layer + 1) mod 2].rows over M)
    past.write(x)
  }
  output y = x
}`,
  },
  MEM0190: {
    title: "`next` before the write",
    explanation:
      "A state's name is its value when the segment begins, wherever it stands. `next M` is the value written, and stands after " +
      "the write.",
    example: `memory total(width: int) {
  dim D = width
  state s[D] starts 0, gradient stop
  step(x[T, D]) -> [D] { y = next s; s <- s + sum(x over T where valid(T)); return y }
}
model M { dim D = 4; input x[T, D]; memory m = total(width = D); output y = m.step(x) }`,
    fix: `memory total(width: int) {
  dim D = width
  state s[D] starts 0, gradient stop
  step(x[T, D]) -> [D] { s <- s + sum(x over T where valid(T)); return next s }
}
model M { dim D = 4; input x[T, D]; memory m = total(width = D); output y = m.step(x) }`,
  },
  MEM0191: {
    title: "Memory never used",
    explanation:
      "A warning: no method of the memory is called and no state of it read, so it changes nothing.",
    example:
      "model M { dim D = 4; input x[T, D]; memory mem = slots(count = 2, width = D); output y = x }",
    fix: "model M { dim D = 4; input x[T, D]; memory mem = slots(count = 2, width = D); output y = mem.read(x, heads = 1); mem.write(x) }",
  },
  MEM0192: {
    title: "Memory takes in padding",
    explanation:
      "A warning: the last segment of a document may be shorter than the others and is then padded. A state is written from all " +
      "tokens of the segment without asking `valid(T)`, so padding enters the memory.",
    example: `memory total(width: int) {
  dim D = width
  state s[D] starts 0, gradient stop
  step(x[T, D]) { s <- s + sum(x over T) }
}
model M { dim D = 4; input x[T, D]; memory m = total(width = D); m.step(x); output y = x }`,
    fix: `memory total(width: int) {
  dim D = width
  state s[D] starts 0, gradient stop
  step(x[T, D]) { s <- s + sum(x over T where valid(T)) }
}
model M { dim D = 4; input x[T, D]; memory m = total(width = D); m.step(x); output y = x }`,
  },
  MEM0193: {
    title: "Memory never written",
    explanation:
      "A warning: the memory is read, but nothing calls a method that writes it, so in every segment it is what it starts as. A call in a " +
      "branch that is not taken is enough: `when writes { mem.write(x) }`.",
    example:
      "model M { dim D = 4; input x[T, D]; memory mem = slots(count = 2, width = D); output y = mem.read(x, heads = 1) }",
    fix: "model M { dim D = 4; input x[T, D]; memory mem = slots(count = 2, width = D); output y = mem.read(x, heads = 1); mem.write(x) }",
  },
  MEM0194: {
    title: "State never written",
    explanation:
      "A warning: no method of the memory writes this state, or one writes only what it enters as. `=` in a method makes a local of the " +
      "state's name, `<-` writes the state. A name of a scan's `from` is the scan's own: one of the same name before it keeps its value.",
    example: `memory total() {
  state s starts 0, gradient stop
  step(x[T]) -> [] { s = s + sum(x over T where valid(T)); return s }
}
model M { input x[T]; memory m = total(); output y = x + m.step(x) }`,
    fix: `memory total() {
  state s starts 0, gradient stop
  step(x[T]) -> [] { s <- s + sum(x over T where valid(T)); return next s }
}
model M { input x[T]; memory m = total(); output y = x + m.step(x) }`,
  },
  MEM0195: {
    title: "Never used",
    explanation:
      "A warning: nothing needs this value, neither an equation nor an output, a loss, a result or a state; or nothing in the " +
      "definition mentions this option, dim, parameter, input or target. A name that begins with `_` is never warned about, and `_` leaves out one " +
      "of several values.",
    example: "model M { input x[T]; y = 2 * x; output z = x }",
    fix: "model M { input x[T]; y = 2 * x; output z = y }",
  },
} as const satisfies Readonly<Record<`MEM01${string}`, DiagnosticEntry>>;
