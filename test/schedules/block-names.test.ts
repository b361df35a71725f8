/** A spec may call its blocks what the compiler would call their halves: a name is no part of what is trained. */
import { it } from "vitest";
import { expectSame, padded, programsOf, randomExample, roll, withTrain } from "./kit.ts";

/** Two blocks with a memory after them; `side` returns something that only the loss reads. */
const model = (first: string, second: string, name: string) => `mem 1
block ${first}(x[T, D]) -> a[T, D], side[T, D] {
  param u[D] ~ normal(0, 1)
  a = tanh(x * u)
  side = sin(x)
}
block ${second}(x[T, D], y[T, D]) -> [T, D] { param u[D] ~ normal(0, 1); return sin(x * u) * y }
memory rows() {
  state s[D: 3] starts 0, gradient through
  write(x[T, D]) -> [T, D] { s <- 0.5 * s + mean(x over T where valid(T)); return x * s }
}
model ${name} {
  dim D = 3
  input x[T, D]
  target z[T, D]
  param w[D] ~ normal(0, 1)
  memory m = rows()
  a, side = ${first}(x * w) as one
  b = ${second}(a, x) as two
  y = m.write(b)
  c = ${second}(side, y) as three
  output o = y
  loss main = (y - z + c + side) ^ 2
}
`;

const schedule = [
  "segment 5 tokens; batch 2 streams; rollout 4 segments",
  "through_time mrbp(horizon = 4)",
] as const;

it.each([
  ["f", "fForward", "M"],
  ["fBackward", "f", "M"],
  ["fCritical", "f", "M"],
  ["f", "fForward2", "M"],
  ["fCritical", "fCriticalCritical", "M"],
  ["segment", "segmentForward", "M"],
  ["segmentBackward", "segmentCritical", "M"],
  ["segmentBackward", "segment", "SegmentCritical"],
  ["M", "MBackward", "M"],
] as const)(
  "blocks %s and %s of a model %s are trained as under other names",
  async (first, second, name) => {
    const wanted = await programsOf(withTrain(model("plain", "other", "Model"), ...schedule));
    const found = await programsOf(withTrain(model(first, second, name), ...schedule));
    const example = randomExample(wanted, 5, padded);
    expectSame(await roll(found, example), await roll(wanted, example));
  },
);

/** A loss of every step and one of every layer, in the words that generated code has for loops. */
const looping = (name: string) => `mem 1
block cell(x[T, D]) -> [T, D] {
  param u[D] ~ normal(0, 1)
  loss ${name} = x ^ 2
  return tanh(x * u)
}
model M {
  dim D = 3
  input x[T, D]
  param w[D] ~ normal(0, 1)
  h = scan over T from h = w yield h { h = tanh(h * w + x); loss ${name} = h ^ 2 }
  repeat 3 as part { h = cell(h); loss ${name} = h ^ 3 }
  output o = h
}
`;

it.each(["t", "i", "out", "each", "back", "h"])(
  "a loss called %s in loops is summed as under another name",
  async (name) => {
    const wanted = await programsOf(withTrain(looping("plain"), ...schedule));
    const found = await programsOf(withTrain(looping(name), ...schedule));
    const example = randomExample(wanted, 6, padded);
    expectSame(await roll(found, example), await roll(wanted, example));
  },
);
