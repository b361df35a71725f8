/**
 * Functions with every kind of loop, written by hand: a scan inside a repeat, states and draws of each layer, values
 * yielded and stacked, copies taken apart again, results of operations that have several.
 */
import { FunctionBuilder } from "../../src/ir/function-builder.ts";
import type { Graph, Port } from "../../src/ir/graph.ts";
import { nameValues } from "../../src/ir/name-values.ts";
import type { CheckedModel, Program, Schedule } from "../../src/ir/program.ts";
import { formal, int, literal } from "../../src/ir/symbolic.ts";
import { handsOn, trainingGraph } from "../../src/ir/training-graph.ts";
import type { Axis } from "../../src/ops/index.ts";
import { BATCH, OPEN } from "../../src/ops/index.ts";
import { slotModel } from "./slot-model.ts";

const axis = (name: string, size: number): Axis => ({ name, size });
const batch = axis(BATCH, OPEN);
const real = (...axes: readonly Axis[]) => ({ kind: "real", axes }) as const;

/** A checked model around the graph: `train` hands on the gradient of each layer's `h`, `seen` counts segments. */
export function loopModel(
  sizes: { depth: number; T: number },
  changes: Partial<Schedule> = {},
): CheckedModel {
  const graph = loopGraph(sizes);
  const { evaluate } = slotModel().programs;
  const dims = [
    { name: "depth", value: sizes.depth, size: literal(sizes.depth) },
    { name: "T", value: sizes.T, size: literal(sizes.T) },
  ];
  const inputs = graph.functions.get(graph.main)?.inputs ?? [];
  const addressed = (role: Port["role"]) =>
    inputs
      .filter((port) => port.role === role)
      .map(({ path, value }) => ({
        path,
        copies: path.includes("*") ? [formal("depth", sizes.depth)] : [],
        axes: value.type.axes
          .filter(({ name }) => name !== BATCH)
          .map(({ name, size }) => ({
            name,
            size: name === "T" ? formal(name, size) : literal(size),
          })),
        owner: "Loops",
        kind: value.type.kind,
      }));
  const program: Program = {
    ...evaluate,
    graph,
    dims,
    inputs: [],
    losses: [["layer", "*", "choice"], ["level"]],
    parameters: addressed("parameter").map((each) => ({
      ...each,
      start: { kind: "uniform", arguments: [literal(-1), literal(1)] },
    })),
    states: addressed("state").map((each) => ({
      ...each,
      gradient: each.kind === "real" ? "through" : "stop",
    })),
    draws: addressed("draw").map((each) => ({
      ...each,
      distribution: { kind: "normal", arguments: [] },
      shared: false,
    })),
  };
  const schedule = { ...program.schedule, ...changes };
  const handed = { handsOn: handsOn({ ...program, schedule }) };
  const train: Program = {
    ...program,
    kind: "train",
    graph: trainingGraph(nameValues(graph), handed),
    schedule,
  };
  return { name: "Loops", file: "loops.mem", dims, programs: { evaluate: program, train } };
}

export function loopGraph(sizes: { depth: number; T: number }): Graph {
  const { depth, T } = sizes;
  const D = axis("D", 3);
  const row = real(batch, D);
  const rows = real(batch, axis("T", T), D);

  // One time step of a recurrent cell: h = tanh(W x + decay * h), and its square.
  const step = (() => {
    const f = new FunctionBuilder("step", {
      title: "cell.step",
      numbers: [{ name: "decay", value: 0.5 }],
    });
    const x = f.input("x", row, { role: "argument" });
    const h = f.input("h", row, { role: "argument" });
    const W = f.input("W", real(D, axis("E", 3)), { role: "parameter" });
    const mixed = f.op("rename", [f.op("contract", [x, W], { over: ["D"] })], {
      names: { E: "D" },
    });
    const decay = { constant: formal("decay", 0.5), kind: "real" } as const;
    const next = f.op("tanh", [f.op("add", [mixed, f.op("mul", [decay, h], {})], {})], {}, "next");
    f.probe("gate", next);
    f.result(next, { role: "return", path: ["h"] });
    f.result(f.op("mul", [next, next], {}, "energy"), { role: "return", path: ["energy"] });
    return f.finish();
  })();

  // A layer: the cell over time from this layer's state, noise, a count of segments, the two largest entries.
  const layer = (() => {
    const f = new FunctionBuilder("layer", { numbers: [{ name: "decay", value: 0.5 }] });
    const x = f.input("x", rows, { role: "argument" });
    const shared = f.input("shared", real(D), { role: "parameter", struct: "scale" });
    const W = f.input("W", real(D, axis("E", 3)), { role: "parameter", path: ["cell", "W"] });
    const h = f.input("h", row, { role: "state", path: ["cell", "h"] });
    const seen = f.input("seen", { kind: "int", axes: [batch] }, { role: "state" });
    const noise = f.input("noise", rows, { role: "draw" });
    const noisy = f.op("add", [f.op("mul", [x, shared], {}), noise], {}, "noisy");
    const [last, energies] = f.scan(step, "T", {
      count: { value: T, text: { kind: "axis", name: "T" } },
      numbers: [{ name: "decay", value: formal("decay", 0.5) }],
      inputs: [
        { value: noisy, passing: "stacked" },
        { value: h, passing: "carried" },
        { value: W, passing: "captured" },
      ],
      collecting: ["carried", "stacked"],
      hints: ["last", "energies"],
    });
    if (last === undefined || energies === undefined) throw new Error("the cell has two results");
    const [top, which] = f.ops("topK", [energies], { over: "D", k: 2, into: "I" }, [
      "top",
      "which",
    ]);
    if (top === undefined || which === undefined) throw new Error("topK has two results");
    f.result(f.op("add", [x, energies], {}), { role: "return", path: ["x"] });
    f.result(f.op("sum", [top], { over: ["I"] }, "best"), { role: "return", path: ["best"] });
    f.result(last, { role: "next", path: ["cell", "h"] });
    f.result(f.op("add", [seen, int(1)], {}), { role: "next", path: ["seen"] });
    const lowest = f.op("sum", [which], { over: ["I", "T"] });
    f.result(f.op("mean", [lowest], { over: ["batch"] }), { role: "loss", path: ["choice"] });
    return f.finish();
  })();

  const segment = (() => {
    const f = new FunctionBuilder("segment", { numbers: [{ name: "depth", value: depth }] });
    const x = f.input("x", rows, { role: "argument" });
    const shared = f.input("shared", real(D), { role: "parameter", path: ["scale", "shared"] });
    const own = layer.inputs
      .slice(2)
      .map(({ value, path, role }) =>
        f.input(
          `layer_${value.name}`,
          { ...value.type, copies: [depth] },
          { role, path: ["layer", "*", ...path] },
        ),
      );
    const [y, best, h, seen, choice] = f.repeat(layer, "layer", {
      count: formal("depth", depth),
      numbers: [{ name: "decay", value: { value: 0.5, text: { kind: "literal", value: 0.5 } } }],
      inputs: [
        { value: x, passing: "carried" },
        { value: shared, passing: "captured" },
        ...own.map((value) => ({ value, passing: "stacked" }) as const),
      ],
      collecting: ["carried", "stacked", "stacked", "stacked", "stacked"],
      hints: ["y", "best"],
    });
    if (!y || !best || !h || !seen || !choice) throw new Error("a layer has five results");
    f.result(y, { role: "return", path: ["y"] });
    f.result(f.stack(best, "layer", "stacked"), { role: "return", path: ["stacked"] });
    const parts = f.unstack(f.op("exp", [y], {}, "grown"), "T", "parts");
    f.result(f.stack(parts, "again"), { role: "return", path: ["again"] });
    f.result(h, { role: "next", path: ["layer", "*", "cell", "h"] });
    f.result(seen, { role: "next", path: ["layer", "*", "seen"] });
    f.result(choice, { role: "loss", path: ["layer", "*", "choice"] });
    const level = f.op("mean", [f.op("mul", [y, y], {})], { over: ["T", "D", "batch"] }, "level");
    f.result(level, { role: "loss", path: ["level"] });
    return f.finish();
  })();

  return {
    functions: new Map([step, layer, segment].map((written) => [written.name, written])),
    main: "segment",
  };
}
