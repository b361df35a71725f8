/** Losses of padded segments (rules R12 and R14), by numbers worked out by hand: on both engines, with and without passes, by every schedule. */
import { describe, expect, it } from "vitest";
import { BATCH, hostTensor } from "../../src/ops/index.ts";
import {
  createOnnxEngine,
  createReferenceEngine,
  createRun,
  type DeviceTensor,
  downloadTree,
  type Engine,
  initialParameters,
  type SegmentBatch,
  type Tree,
  uploadTree,
} from "../../src/runtime/index.ts";
import { stateTypes } from "../../src/runtime/training/addresses.ts";
import { type Programs, programsOf } from "./kit.ts";

/** Three examples of 3, 1 and 0 tokens; what stands in the padding must not show. */
const x = [
  [1, 2, 4],
  [5, 70, 70],
  [70, 70, 70],
];
const lengths = [3, 1, 0];
/** A flag of each example. */
const b = [1, 0, 1];

const definitions = `
block squares(v[S, K]) -> [] { loss main = v; return sum(v over (S, K)) }
block total(v[S]) -> [] { loss main = sum(v over S where valid(S)); return sum(v over S) }
block product(v[S], w[S]) -> [] { loss main = v * w; return sum(v * w over S) }
block numbers(count: int) -> [R] { dim R = count; return real(index(R)) }
block sums(v[S]) -> [] { m = 0; scan over S { m = m + v; loss main = m }; return m }
block one(v[]) -> [] { loss main = v; return v }
block pair() {
  first(v[S]) -> [S] { loss low = v; return 2 * v }
  second(v[S]) -> [] { loss high = sum(v over S where valid(S)); return sum(v over S) }
}
memory counted() {
  state n starts 0, gradient through
  step(v[S]) -> [S] {
    loss main = n + v
    n <- n + sum(v over S where valid(S))
    return v
  }
}
`;

interface Case {
  readonly name: string;
  readonly body: string;
  readonly losses: Readonly<Record<string, number>>;
}

const sum = "s = sum(x over T where valid(T))"; // 7, 5 and, of no token, 0

/** The token before each: 0, 1, 2 and 0, 5, 70. */
const before = "before = join(0, first(x over T, T - 1 as A) over A as T)";
const other = "other = join(0, first(x over T, T - 1 as A) over A as R)";

const cases: readonly Case[] = [
  { name: "along the segment", body: "loss main = x", losses: { main: 12 / 4 } },
  {
    name: "along the segment and another axis",
    body: "loss main = x * index(D)",
    losses: { main: (12 * 1) / (4 * 2) },
  },
  {
    name: "along the segment, weighted by a flag",
    body: "loss main = x weighted by x > 1",
    losses: { main: 11 / 3 },
  },
  {
    name: "along the segment, weighted by a number",
    body: "loss main = x weighted by x",
    losses: { main: (1 + 4 + 16 + 25) / 12 },
  },
  {
    name: "along the segment, weighted by a flag of the example",
    body: "loss main = x weighted by b",
    losses: { main: 7 / 3 },
  },
  {
    name: "one number an example",
    body: `${sum}; loss main = s`,
    losses: { main: (7 + 5) / 2 },
  },
  {
    name: "one number an example and entry of another axis",
    body: `${sum}; loss main = s * index(D)`,
    losses: { main: (7 + 5) / 4 },
  },
  {
    name: "one number an example, weighted by a flag",
    body: `${sum}; loss main = s weighted by b`,
    losses: { main: 7 },
  },
  {
    name: "one number an example, weighted by a number",
    body: `${sum}; loss main = s weighted by where(b, 3, 1)`,
    losses: { main: (3 * 7 + 5) / 4 },
  },
  {
    name: "one number for all, weighted by a number of the example",
    body: "loss main = size weighted by where(b, 3, 1)",
    losses: { main: 1 },
  },
  { name: "one number for all", body: "loss main = size ^ 2", losses: { main: 1 } },
  {
    name: "a number of no token that is not finite",
    body: "loss main = 1 / sum(real(valid(T)) over T)",
    losses: { main: (1 / 3 + 1) / 2 },
  },
  {
    name: "the batch by name",
    body: "loss main = sum(where(valid(T), x, 0) over batch)",
    // 6, 2 and 4 at the three tokens: the first is there for two examples.
    losses: { main: (2 * 6 + 2 + 4) / 4 },
  },
  {
    name: "the segment's axis under another name",
    body: "loss main = (x rename T as S)",
    losses: { main: 12 / 4 },
  },
  {
    name: "of pairs of tokens",
    body: "loss main = x * (x rename T as S)",
    // All pairs of 1, 2, 4, and of 5.
    losses: { main: (7 * 7 + 5 * 5) / (9 + 1) },
  },
  {
    name: "of pairs of tokens, weighted",
    body: "loss main = x * (x rename T as S) weighted by x",
    losses: { main: ((1 + 4 + 16) * 7 + 5 * 5 * 5) / (3 * 7 + 5) },
  },
  {
    name: "of a joined axis that is called as the segment's is",
    body: `${before}; loss main = before`,
    losses: { main: (0 + 1 + 2 + 0) / 4 },
  },
  {
    name: "of a joined operand, first",
    body: `${before}; loss main = (before - x) ^ 2`,
    losses: { main: (1 + 1 + 4 + 25) / 4 },
  },
  {
    name: "of a joined operand, last",
    body: `${before}; loss main = (x - before) ^ 2`,
    losses: { main: (1 + 1 + 4 + 25) / 4 },
  },
  {
    name: "of a joined operand under a name of its own",
    body: `${other}; loss main = (other - (x rename T as R)) ^ 2; loss back = ((x rename T as R) - other) ^ 2`,
    losses: { main: (1 + 1 + 4 + 25) / 4, back: (1 + 1 + 4 + 25) / 4 },
  },
  {
    name: "of a joined argument",
    body: `${before}; u = total(before + x); v = total(x + before) as again; w = total(before) as alone`,
    losses: { "total.main": (7 + 3 + 5) / 2, "again.main": (7 + 3 + 5) / 2, "alone.main": 3 / 2 },
  },
  {
    name: "of arguments of which one is joined",
    body: `${other}; u = product(other, x); v = product(x, other) as again`,
    losses: { "product.main": (2 + 8) / 4, "again.main": (2 + 8) / 4 },
  },
  {
    name: "of a joined value that a repeat carries",
    body: `${other}; repeat 2 as i { other = other + (x rename T as R) }; loss main = other`,
    losses: { main: (3 + 2 * 12) / 4 },
  },
  {
    name: "of valid tokens, after a block made an axis of the segment's name and size",
    body: "u = numbers(count = T); loss main = sum(x over T where valid(T)) + 0 * sum(u over T)",
    losses: { main: 6 },
  },
  {
    name: "of valid tokens, after an axis was joined under the segment's name",
    body: `${before}; loss main = sum(x over T where valid(T)) + 0 * sum(before over T)`,
    losses: { main: 6 },
  },
  {
    name: "in a repeat",
    body: "u = x; repeat 2 as i { u = 2 * u; loss main = u }",
    losses: { "i.main": 2 * 3 + 4 * 3 },
  },
  {
    name: "in a repeat, one number an example",
    body: `${sum}; repeat 2 as i { s = 2 * s; loss main = s }`,
    losses: { "i.main": 2 * 6 + 4 * 6 },
  },
  {
    name: "in a repeat that is written out",
    body: `${sum}; repeat 2 as i { s = (i + 2) * s; loss main = s }`,
    losses: { "i.0.main": 2 * 6, "i.1.main": 6 * 6 },
  },
  {
    name: "in blocks",
    body: "u = squares(x * index(D)) + total(x)",
    losses: { "squares.main": 12 / 8, "total.main": 6 },
  },
  {
    name: "in a scan",
    body: "m = 0; scan over T { m = m + x; loss main = m }",
    // The sums so far: 1, 3, 7 and 5.
    losses: { main: 16 / 4 },
  },
  {
    name: "in a scan, weighted",
    body: "m = 0; scan over T { m = m + x; loss main = m weighted by x }",
    losses: { main: (1 * 1 + 3 * 2 + 7 * 4 + 5 * 5) / 12 },
  },
  {
    name: "in a scan, weighted by a flag",
    body: "scan over T { loss main = x weighted by x > 1 }",
    losses: { main: 11 / 3 },
  },
  {
    name: "in a scan, of another axis, of all examples alike",
    body: "scan over T { loss main = x * index(D); loss alike = size }",
    losses: { main: 12 / 8, alike: 1 },
  },
  {
    name: "in a scan over another axis",
    body: "k = index(D); scan over D { loss main = x * k }",
    losses: { main: 12 / 8 },
  },
  {
    name: "in a scan in a scan",
    body: "y = x rename T as R; scan over T { scan over R { loss main = x * y } }",
    losses: { main: (7 * 7 + 5 * 5) / 10 },
  },
  {
    name: "in a repeat in a scan",
    body: "scan over T { u = x; repeat 2 as i { u = 2 * u; loss main = u } }",
    losses: { "i.main": 2 * 3 + 4 * 3 },
  },
  {
    name: "in a scan in a repeat",
    body: "u = x; repeat 2 as i { u = 2 * u; scan over T { loss main = u } }",
    losses: { "i.main": 2 * 3 + 4 * 3 },
  },
  {
    name: "in a block in a scan",
    body: "scan over T { u = one(x) }",
    losses: { "one.main": 12 / 4 },
  },
  {
    name: "in an instance in a scan",
    body: "use k = one(); scan over T { u = k(x) }",
    losses: { "k.main": 12 / 4 },
  },
  {
    name: "in a block in a scan, and outside of it",
    body: "y = x rename T as R; scan over T { u = product(y, x * y) }; v = product(x, x) as again",
    losses: {
      "product.main": (7 * (1 + 4 + 16) + 5 * 25) / 10,
      "again.main": (1 + 4 + 16 + 25) / 4,
    },
  },
  {
    name: "in a scan in a block",
    body: "u = sums(x)",
    losses: { "sums.main": 16 / 4 },
  },
  {
    name: "in methods of a block",
    body: "use k = pair(); u = k.second(k.first(x))",
    losses: { "k.low": 12 / 4, "k.high": (14 + 10) / 2 },
  },
  {
    name: "in a method of a memory",
    body: "memory m = counted(); u = m.step(x)",
    losses: { "m.main": 12 / 4 },
  },
];

const model = (body: string, way: string) => `mem 1
${definitions}
model M {
  dim D = 2
  input x[T]
  input b in flag
  param size starts 1
  ${body}
  loss weigh = size * x
}
train { segment 3 tokens; batch 3 streams; rollout 2 segments; through_time ${way} }
`;

const ways = [
  "detach",
  "bptt(horizon = 2)",
  "checkpoint(horizon = 2, every = 1)",
  "mrbp(horizon = 2)",
];

interface Run {
  readonly engine: Engine;
  readonly lengths: readonly number[];
}

const batch = { name: BATCH, size: x.length };
const along = { name: "T", size: 3 };

/** Every segment starts afresh, so that each gives what the first one does. */
function inputsOf({ engine, lengths }: Run) {
  const valid = lengths.flatMap((length) => [0, 1, 2].map((t) => Number(t < length)));
  return {
    x: engine.upload(hostTensor("real", [batch, along], x.flat())),
    b: engine.upload(hostTensor("flag", [batch], b)),
    fresh: engine.upload(hostTensor("flag", [batch], [1, 1, 1])),
    valid: engine.upload(hostTensor("flag", [batch, along], valid)),
  };
}

function ownOf({ training }: Programs, engine: Engine) {
  const zeros = Array.from(stateTypes(training, 3), ([address, { kind, axes }]) => {
    const count = axes.reduce((product, { size }) => product * size, 1);
    return [address, hostTensor(kind, axes, new Array(count).fill(0))] as const;
  });
  return {
    parameters: uploadTree(engine, initialParameters(training, 1)),
    states: uploadTree(engine, new Map(zeros)),
  };
}

type Losses = Readonly<Record<string, number>>;

const lossesOf = (engine: Engine, terms: Tree<DeviceTensor>): Losses =>
  Object.fromEntries(
    Array.from(downloadTree(engine, terms), ([address, { data }]) => [address, data[0] as number]),
  );

async function ofSegment(programs: Programs, run: Run): Promise<Losses> {
  const { parameters, states } = ownOf(programs, run.engine);
  const engineRun = createRun(run.engine);
  const own = engineRun.merge(parameters, states);
  const { segment } = programs.model;
  const result = await engineRun.call(segment as never, own as object, inputsOf(run));
  return lossesOf(run.engine, (result as { readonly losses: Tree<DeviceTensor> }).losses);
}

async function ofRollout(programs: Programs, run: Run): Promise<readonly Losses[]> {
  const { parameters, states } = ownOf(programs, run.engine);
  const tokens = run.lengths.reduce((all, length) => all + length, 0);
  const segments = [0, 1].map((): SegmentBatch => ({ inputs: inputsOf(run), draws: {}, tokens }));
  const { rollout } = programs.training;
  const result = await rollout(createRun(run.engine), parameters, states, segments);
  return result.losses.map((terms) => lossesOf(run.engine, terms));
}

function expectNear(losses: Losses, wanted: Losses, what: string): void {
  expect(Object.keys(losses).sort(), what).toEqual(Object.keys(wanted).sort());
  for (const [address, loss] of Object.entries(wanted)) {
    expect(losses[address], `${what}: ${address}`).toBeCloseTo(loss, 5);
  }
}

describe("a loss of a padded segment is the mean over what exists", () => {
  it.each(cases)("$name", async ({ body, losses }) => {
    const engines = { reference: createReferenceEngine(), onnx: await createOnnxEngine() };
    const whole = { ...losses, weigh: 3 };
    const nothing = Object.fromEntries(Object.keys(whole).map((address) => [address, 0]));
    for (const way of ways) {
      // Sessions take time to make, so that not every schedule is run on both engines and without passes, but those that differ most.
      const ends = way === ways[0] || way === ways.at(-1);
      for (const passes of ends ? ([{}, "none"] as const) : [{}]) {
        const programs = await programsOf(model(body, way), {}, [], passes);
        for (const [name, engine] of Object.entries(engines)) {
          if (name === "onnx" && !(ends && passes !== "none")) continue;
          const what = `${way} on ${name}, passes ${JSON.stringify(passes)}`;
          for (const rolled of await ofRollout(programs, { engine, lengths })) {
            expectNear(rolled, whole, what);
          }
          if (way !== "detach") continue;
          expectNear(await ofSegment(programs, { engine, lengths }), whole, what);
          const empty = await ofSegment(programs, { engine, lengths: [0, 0, 0] });
          if (!body.includes("size ^ 2")) expectNear(empty, nothing, `${what}, without a token`);
        }
      }
    }
  });
});
