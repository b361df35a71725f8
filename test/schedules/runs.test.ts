/** The schedules are real: what they run, what they keep, and what they compile. */
import { describe, expect, it } from "vitest";
import {
  createReferenceEngine,
  createRun,
  type DeviceTensor,
  type Engine,
  planStep,
} from "../../src/runtime/index.ts";
import { leavesByAddress } from "../../src/runtime/training/tensors.ts";
import { programsOf, randomExample, roll, smallMemformer, specText, withTrain } from "./kit.ts";

/** A small Memformer with one rollout of `rollout` segments a step. */
async function memformer(schedule: string, rollout: number, settings = smallMemformer) {
  const text = withTrain(
    specText("memformer"),
    "data { following = tokens ahead segment }",
    `segment 3 tokens;  batch 2 streams;  rollout ${rollout} segments`,
    `through_time ${schedule}`,
  );
  return programsOf(text, settings);
}

/** Runs of each function in one rollout; sums of gradients aside. */
async function counts(schedule: string, rollout: number) {
  const programs = await memformer(schedule, rollout);
  const run = createRun(createReferenceEngine());
  await roll(programs, randomExample(programs, 1), [0, rollout], run);
  const { add: _, ...others } = Object.fromEntries(run.counts);
  return { counts: others, plans: run.plans.map(({ name }) => name) };
}

const plan = async (schedule: string, rollout: number) =>
  planStep((await memformer(schedule, rollout)).training, { realBytes: 4 });

describe("runs in a rollout of 6 segments", () => {
  it("mrbp(h): h - 1 times the critical path, h times a segment forward and back", async () => {
    const whole = await counts("mrbp(horizon = 6)", 6);
    expect(whole.counts).toEqual({ segmentCritical: 5, replay: 6 });
    const halves = await counts("mrbp(horizon = 3)", 6);
    expect(halves.counts).toEqual({ segmentCritical: 4, replay: 6 });
  });

  it("bptt(h): h times forward, h times backward", async () => {
    expect((await counts("bptt(horizon = 6)", 6)).counts).toEqual({ forward: 6, backward: 6 });
  });

  it("checkpoint(h, k): the critical path up to the last group, then as bptt", async () => {
    const { counts: runs } = await counts("checkpoint(horizon = 6, every = 2)", 6);
    expect(runs).toEqual({ segmentCritical: 4, forward: 6, backward: 6 });
  });

  it("detach: one run a segment", async () => {
    expect((await counts("detach", 6)).counts).toEqual({ replay: 6 });
  });
});

describe("what is compiled", () => {
  it("for horizon 32 is what is compiled for horizon 2, and for 1 but for the critical path", async () => {
    const long = await counts("mrbp(horizon = 32)", 32);
    const short = await counts("mrbp(horizon = 2)", 2);
    const one = await counts("mrbp(horizon = 1)", 1);
    expect([...long.plans].sort()).toEqual([...short.plans].sort());
    expect(one.plans).toEqual(["replay"]);
    expect([...long.plans].sort()).toEqual(["add", "replay", "segmentCritical"]);
  });

  it("is staged alike for every horizon", async () => {
    const [long, short] = await Promise.all([
      plan("mrbp(horizon = 8)", 8),
      plan("mrbp(horizon = 2)", 2),
    ]);
    const shapes = (plans: typeof long.plans) =>
      plans.map(({ name, nodes }) => [name, nodes.length]);
    expect(shapes(long.plans)).toEqual(shapes(short.plans));
  });

  it("does less for the critical path than for the segment", async () => {
    const { plans } = await plan("checkpoint(horizon = 4, every = 2)", 4);
    const nodes = (name: string) => plans.find((each) => each.name === name)?.nodes.length ?? 0;
    expect(nodes("segmentCritical")).toBeGreaterThan(0);
    expect(nodes("segmentCritical")).toBeLessThan(0.7 * nodes("forward"));
  });
});

describe("what is kept between runs", () => {
  const most = async (schedule: string, role: "residuals" | "states") => {
    const { calls } = await plan(schedule, 6);
    return Math.max(...calls.map(({ held }) => held[role]));
  };
  /** One segment's residuals, as its forward hands them over. */
  const residualsOfOne = () => most("checkpoint(horizon = 6, every = 1)", "residuals");

  it("bptt(h): the residuals of h segments", async () => {
    const one = await residualsOfOne();
    expect(one).toBeGreaterThan(0);
    expect(await most("bptt(horizon = 6)", "residuals")).toBe(6 * one);
    expect(await most("bptt(horizon = 2)", "residuals")).toBe(2 * one);
  });

  it("checkpoint(h, k): the residuals of k segments", async () => {
    const one = await residualsOfOne();
    expect(await most("checkpoint(horizon = 6, every = 3)", "residuals")).toBe(3 * one);
  });

  it("mrbp(h): h memories, and no residuals beyond a segment's run", async () => {
    expect(await most("mrbp(horizon = 6)", "residuals")).toBe(0);
    const memory = 2 * 3 * 6 * 4; // batch, slots, width, bytes
    expect(await most("mrbp(horizon = 6)", "states")).toBe(6 * memory);
  });

  it.each([
    "detach",
    "bptt(horizon = 3)",
    "bptt(horizon = 6)",
    "checkpoint(horizon = 6, every = 2)",
    "checkpoint(horizon = 5, every = 2)",
    "mrbp(horizon = 3)",
    "mrbp(horizon = 6)",
  ])(
    "after it is nothing but the rollout's results: the rest was discarded. %s",
    async (schedule) => {
      for (const stride of ["", "; stride 4"]) {
        const plain = createReferenceEngine();
        const held = new Set<DeviceTensor>();
        const engine: Engine = {
          ...plain,
          async compile(plan) {
            const executable = await plain.compile(plan);
            const run = async (inputs: readonly DeviceTensor[]) => {
              const results = await executable.run(inputs);
              for (const tensor of results) held.add(tensor);
              return results;
            };
            return { plan, run, release: () => executable.release() };
          },
          discard(tensors) {
            plain.discard(tensors);
            for (const tensor of tensors) held.delete(tensor);
          },
        };
        const programs = await memformer(schedule + stride, 6);
        const example = randomExample(programs, 1);
        const { result } = await roll(programs, example, [0, 6], createRun(engine));
        const results = [...result.losses, result.gradients, result.states].flatMap((tree) => [
          ...leavesByAddress(tree).values(),
        ]);
        for (const tensor of results) engine.download(tensor); // or it would throw
        expect([...held].filter((tensor) => !results.includes(tensor))).toEqual([]);
      }
    },
  );
});

describe("sums of weights", () => {
  const model = `mem 1
memory m(width: int) {
  state s[D: width] starts 0, gradient through
  get(x[T, D]) -> [T, D] { return tanh(x + s) }
  put(x[T, D]) { s <- mean(x over T) }
}
model M {
  dim D = 3
  input x[T, D]
  target answer[T] in 2
  memory a = m(width = D)
  y = a.get(x)
  a.put(y)
  output z = y
  loss main = sum(y over D) weighted by answer == 1
  loss other = y
}
`;

  it.each([
    "detach",
    "bptt(horizon = 4)",
    "checkpoint(horizon = 4, every = 2)",
    "mrbp(horizon = 4)",
  ])("of losses that the spec weighs come with them: %s", async (schedule) => {
    const entries = ["segment 5 tokens", "batch 2 streams", "rollout 4 segments"];
    const programs = await programsOf(withTrain(model, ...entries, `through_time ${schedule}`));
    const example = randomExample(programs, 3);
    const { result, run } = await roll(programs, example);
    const answers = example.segments.map(({ inputs }) => {
      const data = inputs.get("answer")?.data ?? [];
      const valid = inputs.get("valid")?.data ?? [];
      return [...data].filter((value, i) => value === 1 && valid[i] === 1).length;
    });
    const counted = result.counts?.map((tree) => {
      return [...leavesByAddress(tree)].map(([address, tensor]) => [
        address,
        run.engine.download(tensor).data[0],
      ]);
    });
    expect(counted).toEqual(answers.map((count) => [["main", count]]));
    expect(new Set(answers).size).toBeGreaterThan(1);
  });
});
