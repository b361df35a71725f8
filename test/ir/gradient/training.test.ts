/**
 * What training does with the two halves: segments in a chain, residuals, the critical path,
 * probes.
 */
import { describe, expect, it } from "vitest";
import { FunctionBuilder } from "../../../src/ir/function-builder.ts";
import { criticalPath, differentiate } from "../../../src/ir/gradient/index.ts";
import type { Graph, GraphFunction, Port, Value } from "../../../src/ir/graph.ts";
import type { HostValue } from "../../../src/ir/interpret.ts";
import { interpret } from "../../../src/ir/interpret.ts";
import { verify } from "../../../src/ir/verify.ts";
import { hostTensor, OPEN } from "../../../src/ops/index.ts";
import { dot, entriesOf, gradientKey, graphOf, Random, real, runGradient } from "../kit.ts";
import { attention, embedding, model, recurrence } from "./blocks.ts";

const seed = 11;
const isTrained = (port: Port): boolean => port.role === "parameter" || port.role === "state";

function mainOf(graph: Graph): GraphFunction {
  const found = graph.functions.get(graph.main);
  if (found === undefined) throw new Error("There is no main function.");
  return found;
}

function halves(graph: Graph): {
  readonly forward: GraphFunction;
  readonly backward: GraphFunction;
} {
  const pair = differentiate(graph, { wrt: isTrained });
  const [forward, backward] = [pair.functions.get(pair.forward), pair.functions.get(pair.backward)];
  if (forward === undefined || backward === undefined) throw new Error("A half is missing.");
  return { forward, backward };
}

function close(found: HostValue | undefined, wanted: HostValue): void {
  expect(found).toBeDefined();
  const entries = entriesOf(found ?? wanted, wanted);
  for (const [index, entry] of entriesOf(wanted).entries()) {
    expect(entries[index]).toBeCloseTo(entry, 10);
  }
}

describe(`a chain of three segments (seed ${seed})`, () => {
  /** Three calls of the segment, the memory handed on, one loss. */
  function unrolled(segment: readonly GraphFunction[], count: number): Graph {
    const body = segment.at(-1);
    if (body === undefined) throw new Error("There is no segment.");
    const f = new FunctionBuilder("chain");
    const shared = new Map<Port, Value>();
    for (const port of body.inputs) {
      if (isTrained(port)) {
        shared.set(
          port,
          f.input(port.value.name, port.value.type, { role: port.role, path: port.path }),
        );
      }
    }
    let total: Value | undefined;
    for (let turn = 0; turn < count; turn++) {
      const inputs = body.inputs.map(
        (port) =>
          shared.get(port) ??
          f.input(`${port.value.name}${turn}`, port.value.type, { role: "argument" }),
      );
      const results = f.call(body, inputs);
      for (const [index, port] of body.results.entries()) {
        const result = results[index];
        const state = body.inputs.find(
          (each) => each.role === "state" && each.path.join() === port.path.join(),
        );
        if (result === undefined) continue;
        if (port.role === "next" && state !== undefined) shared.set(state, result);
        if (port.role === "loss")
          total = total === undefined ? result : f.op("add", [total, result], {});
      }
    }
    if (total === undefined) throw new Error("There is no loss.");
    f.result(total, { role: "loss", path: ["total"] });
    return graphOf(...segment, f.finish());
  }

  it("gives by hand, segment after segment, the gradients of the whole chain at once", () => {
    const segment = graphOf(...model(2));
    const body = mainOf(segment);
    const random = new Random(seed);
    const trained = body.inputs.filter(isTrained).map((port) => random.value(port.value.type));
    const xs = [0, 1, 2].map(() => random.value(real({ batch: OPEN, T: 3, D: 2 })));
    const chain = unrolled(model(2), 3);
    const byName = new Map(
      body.inputs.filter(isTrained).map((port, index) => [port.value.name, trained[index]]),
    );
    const whole = runGradient(
      differentiate(chain, { wrt: isTrained }),
      mainOf(chain).inputs.map(
        (port) => byName.get(port.value.name) ?? xs[Number(port.value.name.slice(1))] ?? [],
      ),
      () => hostTensor("real", {}, [1]),
    );

    const pair = differentiate(segment, { wrt: isTrained });
    const critical = criticalPath(segment);
    const inputsAt = (turn: number, M: HostValue): readonly HostValue[] =>
      body.inputs.map((port) =>
        port.role === "state" ? M : (byName.get(port.value.name) ?? xs[turn] ?? []),
      );
    // Sweep 1: the critical path alone, keeping every entering memory.
    const entering: HostValue[] = [byName.get("M") ?? []];
    for (const turn of [0, 1]) {
      const given = new Map(
        body.inputs.map((port, index) => [
          port.value.name,
          inputsAt(turn, entering[turn] ?? [])[index],
        ]),
      );
      const inputs = mainOf(critical).inputs.map((port) => given.get(port.value.name) ?? []);
      const [next] = interpret(critical, critical.main, inputs).results;
      entering.push(next ?? []);
    }
    // Sweep 2: last to first, forward and backward, handing on the gradient of the memory.
    const totals = new Map<string, number[]>();
    let handed: HostValue = hostTensor(
      "real",
      { batch: 2, S: 2, D: 2 },
      new Array<number>(8).fill(0),
    );
    for (const turn of [2, 1, 0]) {
      const arriving = handed;
      const { gradients } = runGradient(pair, inputsAt(turn, entering[turn] ?? []), (path) =>
        path[0] === "next" ? arriving : hostTensor("real", {}, [1]),
      );
      for (const [key, value] of gradients) {
        const like = whole.gradients.get(key) ?? value;
        const sums = totals.get(key) ?? entriesOf(like).map(() => 0);
        totals.set(
          key,
          entriesOf(value, like).map((entry, index) => entry + (sums[index] ?? 0)),
        );
      }
      handed = gradients.get("own.mem.M") ?? [];
    }
    for (const port of body.inputs.filter((each) => each.role === "parameter")) {
      const key = gradientKey(port);
      const wanted = entriesOf(whole.gradients.get(key) ?? []);
      expect(wanted.length).toBeGreaterThan(0);
      for (const [index, entry] of wanted.entries()) {
        expect(totals.get(key)?.[index]).toBeCloseTo(entry, 10);
      }
    }
    close(handed, whole.gradients.get("own.mem.M") ?? []);
  });
});

describe("residuals", () => {
  it("are never what the backward function can be handed again", () => {
    for (const functions of [model(3), recurrence(3), embedding(4), [attention(3, 4, 2)]]) {
      const { forward, backward } = halves(graphOf(...functions));
      const inputs = new Set(forward.inputs.map((port) => port.value.name));
      const residuals = forward.results.filter((port) => port.role === "residual");
      expect(residuals.filter((port) => inputs.has(port.value.name))).toEqual([]);
      const taken = backward.inputs.filter((port) => port.role === "residual");
      expect(taken.map((port) => port.path)).toEqual(residuals.map((port) => port.path));
    }
  });

  it("are what derivatives need and no more: of attention, not the scores", () => {
    const f = attention(3, 4, 2);
    const pair = differentiate(graphOf(f), { wrt: () => true, cotangents: () => true });
    const kept = pair.functions
      .get(pair.forward)
      ?.results.filter((port) => port.role === "residual");
    expect(kept?.map((port) => port.path.join("."))).toEqual(["q", "k", "p", "read"]);
  });

  it("constants and changes of names are made again", () => {
    const f = new FunctionBuilder("main");
    const x = f.input("x", real({ T: 3 }), { role: "argument" });
    const scale = f.op(
      "real",
      [f.op("add", [f.op("index", [], { axis: "T", size: 3 }), 1], {})],
      {},
    );
    const again = f.op("rename", [x], { names: { T: "S" } }, "again");
    f.result(f.op("mul", [f.op("mul", [x, scale], {}), again], {}, "y"), { role: "return" });
    const pair = differentiate(graphOf(f.finish()), { wrt: () => true, cotangents: () => true });
    const kept = pair.functions
      .get(pair.forward)
      ?.results.filter((port) => port.role === "residual");
    expect(kept?.map((port) => port.path.join("."))).toEqual(["mul"]);
  });

  it("a function whose gradient needs none serves as its own forward function", () => {
    const f = new FunctionBuilder("main");
    const x = f.input("x", real({ T: 3 }), { role: "parameter" });
    f.result(f.op("sum", [f.op("mul", [x, x], {})], { over: ["T"] }, "loss"), { role: "loss" });
    const pair = differentiate(graphOf(f.finish()), { wrt: isTrained });
    expect([...pair.functions.keys()]).toEqual(["main", "mainBackward"]);
  });

  it("of two calls under one scope have addresses that do not clash", () => {
    const callee = attention(2, 2, 2);
    const f = new FunctionBuilder("main");
    const x = f.input("x", real({ batch: OPEN, T: 2, D: 2 }), { role: "argument" });
    const context = f.input("context", real({ batch: OPEN, S: 2, D: 2 }), { role: "argument" });
    const own = callee.inputs
      .slice(2)
      .map((port) => f.input(port.value.name, port.value.type, { role: "parameter" }));
    const [once = x] = f.call(callee, [x, context, ...own], { scope: ["read"] });
    const [twice = x] = f.call(callee, [once, context, ...own], { scope: ["read"] });
    f.result(twice, { role: "return", path: ["y"] });
    const pair = differentiate(graphOf(callee, f.finish()), {
      wrt: () => true,
      cotangents: () => true,
    });
    expect(verify(pair)).toEqual([]);
    const paths = pair.functions.get(pair.forward)?.results.map((port) => port.path.join("."));
    expect(paths).toContain("read.p");
    expect(paths).toContain("read2.p");
  });
});

describe(`the critical path (seed ${seed})`, () => {
  it.each([
    ["layers", model(3)],
    ["a scan", recurrence(4)],
  ] as const)("of %s gives the same next states", (_, functions) => {
    const graph = graphOf(...functions);
    const critical = criticalPath(graph);
    expect(verify(critical)).toEqual([]);
    const random = new Random(seed);
    const body = mainOf(graph);
    const inputs = body.inputs.map((port) => random.value(port.value.type));
    const given = new Map(body.inputs.map((port, index) => [port.value.name, inputs[index]]));
    const all = interpret(graph, graph.main, inputs).results;
    const wanted = body.results.flatMap((port, index) =>
      port.role === "next" ? [all[index]] : [],
    );
    const found = interpret(
      critical,
      critical.main,
      mainOf(critical).inputs.map((port) => given.get(port.value.name) ?? []),
    );
    expect(found.results.map((value) => entriesOf(value))).toEqual(
      wanted.map((value) => entriesOf(value ?? [])),
    );
  });

  it("drops losses, labels and probes", () => {
    const critical = criticalPath(graphOf(...model(3)));
    const text = [...critical.functions.values()];
    expect(text.every((each) => each.results.every((port) => port.role !== "loss"))).toBe(true);
    expect(text.every((each) => each.nodes.every((node) => node.kind !== "probe"))).toBe(true);
  });

  it("of layers whose memory ends before the last readers stops there", () => {
    const f = new FunctionBuilder("segment");
    const x = f.input("x", real({ batch: OPEN, D: 2 }), { role: "argument" });
    const M = f.input("M", real({ batch: OPEN, D: 2 }), { role: "state" });
    const W = f.input("W", real({ D: 2 }), { role: "parameter" });
    f.result(f.op("add", [M, x], {}, "next"), { role: "next", path: ["M"] });
    f.result(f.op("mul", [M, W], {}, "y"), { role: "return" });
    const critical = mainOf(criticalPath(graphOf(f.finish())));
    expect(critical.inputs.map((port) => port.value.name)).toEqual(["x", "M"]);
    expect(critical.nodes.length).toBe(1);
    expect(critical.kind).toBe("critical");
  });
});

describe(`probes of gradients (seed ${seed})`, () => {
  it("show the gradient of every probed value, layer by layer", () => {
    const graph = graphOf(...model(2));
    const random = new Random(seed);
    const inputs = mainOf(graph).inputs.map((port) => random.value(port.value.type));
    const pair = differentiate(graph, { wrt: isTrained, gradientProbes: true });
    expect(verify(pair)).toEqual([]);
    const cotangent = (path: readonly string[]): HostValue =>
      path[0] === "loss"
        ? hostTensor("real", {}, [1])
        : random.value(real({ batch: OPEN, S: 2, D: 2 }));
    const run = runGradient(pair, inputs, cotangent);
    expect([...run.forward.probes.value.keys()]).toEqual([
      "layer[0].attention.p",
      "layer[1].attention.p",
    ]);
    expect([...run.backward.probes.gradient.keys()].sort()).toEqual([
      ...run.forward.probes.value.keys(),
    ]);
  });

  it("are zeros where no gradient arrives", () => {
    const f = new FunctionBuilder("main");
    const x = f.input("x", real({ batch: OPEN }), { role: "parameter" });
    const aside = f.op("exp", [x], {}, "aside");
    f.probe("aside", aside);
    f.result(f.op("sum", [x], { over: ["batch"] }, "loss"), { role: "loss" });
    const pair = differentiate(graphOf(f.finish()), { wrt: isTrained, gradientProbes: true });
    const run = runGradient(pair, [hostTensor("real", { batch: 3 }, [1, 2, 3])], () =>
      hostTensor("real", {}, [1]),
    );
    expect(entriesOf(run.backward.probes.gradient.get("aside") ?? [])).toEqual([0, 0, 0]);
  });

  it("reach values that no trained input leads to", () => {
    const f = new FunctionBuilder("main");
    const x = f.input("x", real({ T: 2 }), { role: "argument" });
    const w = f.input("w", real({ T: 2 }), { role: "parameter" });
    f.probe("x", x);
    f.result(f.op("sum", [f.op("mul", [x, w], {})], { over: ["T"] }, "loss"), { role: "loss" });
    const pair = differentiate(graphOf(f.finish()), { wrt: isTrained, gradientProbes: true });
    const w_ = hostTensor("real", { T: 2 }, [3, 4]);
    const run = runGradient(pair, [hostTensor("real", { T: 2 }, [1, 2]), w_], () =>
      hostTensor("real", {}, [1]),
    );
    expect(entriesOf(run.backward.probes.gradient.get("x") ?? [])).toEqual([3, 4]);
    expect(dot(w_, run.gradients.get("own.w") ?? [])).toBe(11);
  });
});

describe("what has no gradient", () => {
  it("a parameter that nothing depends on has none, a state gets zeros", () => {
    const f = new FunctionBuilder("main");
    const w = f.input("w", real({ T: 2 }), { role: "parameter" });
    f.input("idle", real({ T: 2 }), { role: "parameter" });
    f.input("M", real({ batch: OPEN, T: 2 }), { role: "state" });
    f.result(f.op("sum", [w], { over: ["T"] }, "loss"), { role: "loss" });
    const pair = differentiate(graphOf(f.finish()), { wrt: isTrained });
    const backward = pair.functions.get(pair.backward);
    expect(backward?.results.map((port) => port.path.join("."))).toEqual(["w", "M"]);
  });

  it("an int state and a flag input never have one", () => {
    const { backward } = halves(graphOf(...recurrence(2)));
    const roles = backward.results.map((port) => port.value.type.kind);
    expect(new Set(roles)).toEqual(new Set(["real"]));
  });
});
