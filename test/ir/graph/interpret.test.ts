/** The interpreter: the meaning of calls, loops, copies and probes. */
import { describe, expect, it } from "vitest";
import { parseGraph, printGraph } from "../../../src/ir/graph-text.ts";
import type { HostValue } from "../../../src/ir/interpret.ts";
import { interpret } from "../../../src/ir/interpret.ts";
import { hostTensor } from "../../../src/ops/index.ts";
import { entriesOf } from "../kit.ts";

const step = `block step "step" {
  in h: real [batch] as argument own.h
  in x: real [batch] as argument own.x
  in w: real [] as parameter own.w
  moved: real [batch] = mul h, w
  y: real [batch] = add moved, x
  probe value y = y
  out y as return own.h
  out x as return own.seen
  out w as return own.w
}
`;
const scan = (count: number, direction = ""): string => `main f
${step}
block f "f" {
  in start: real [batch] as state own.h
  in x: real [batch, T=${count}] as argument own.x
  in w: real [] as parameter own.w
  last: real [batch], seen: real [batch, T=${count}], total: real [] = scan step over T[${count}] ${direction} (carried start, stacked x, captured w) gives (carried, stacked, summed)
  out last as next own.h
  out seen as return own.seen
  out total as return own.total
}`;
const batch = (...data: readonly number[]): HostValue =>
  hostTensor("real", { batch: data.length }, data);
const scalar = (value: number): HostValue => hostTensor("real", {}, [value]);

describe("a scan", () => {
  const x = hostTensor("real", { batch: 2, T: 3 }, [1, 2, 3, 4, 5, 6]);

  it("carries, slices, stacks and sums", () => {
    const { results, probes } = interpret(parseGraph(scan(3)), "f", [batch(0, 1), x, scalar(2)]);
    expect(results.map((value) => entriesOf(value))).toEqual([
      [(1 * 2 + 2) * 2 + 3, ((1 * 2 + 4) * 2 + 5) * 2 + 6],
      [1, 2, 3, 4, 5, 6],
      [6],
    ]);
    expect([...probes.value.keys()]).toEqual(["T[0].y", "T[1].y", "T[2].y"]);
    expect(entriesOf(probes.value.get("T[0].y") ?? [])).toEqual([1, 6]);
  });

  it("has its probes at the scope that it says", () => {
    const graph = parseGraph(scan(3, 'at i."0".T2'));
    expect(parseGraph(printGraph(graph))).toEqual(graph);
    const { probes } = interpret(graph, "f", [batch(0, 1), x, scalar(2)]);
    expect([...probes.value.keys()]).toEqual(["i.0.T2[0].y", "i.0.T2[1].y", "i.0.T2[2].y"]);
  });

  it("backwards keeps what belongs to a step at that step", () => {
    const { results } = interpret(parseGraph(scan(3, "reversed")), "f", [
      batch(0, 0),
      x,
      scalar(2),
    ]);
    expect(results.map((value) => entriesOf(value))[0]).toEqual([
      3 * 4 + 2 * 2 + 1,
      6 * 4 + 5 * 2 + 4,
    ]);
    expect(entriesOf(results[1] ?? [])).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it("over no steps returns what it was given, and zeros for sums", () => {
    const none = hostTensor("real", { batch: 2, T: 0 }, []);
    const { results } = interpret(parseGraph(scan(0)), "f", [batch(7, 8), none, scalar(2)]);
    expect(results.map((value) => entriesOf(value))).toEqual([[7, 8], [], [0]]);
  });
});

describe("a repeat", () => {
  const repeat = `main f
${step}
block f "f" {
  in x: real [batch] as argument own.x
  in ws: real*3 [] as parameter own.layer.*.w
  last: real [batch], seen: real*3 [batch], w: real*3 [] = repeat step over layer[3] (carried x, captured x, stacked ws) gives (carried, stacked, stacked)
  tensor: real [batch, layer=3] = stack seen over layer
  back: real*3 [batch] = unstack tensor over layer
  out last as return own.last
  out tensor as return own.tensor
  out back as return own.back
}`;

  it("gives each iteration its copy, and puts copies together", () => {
    const ws = [scalar(1), scalar(10), scalar(100)];
    const { results, probes } = interpret(parseGraph(repeat), "f", [batch(1, 2), ws]);
    expect(entriesOf(results[0] ?? [])).toEqual([
      ((1 + 1) * 10 + 1) * 100 + 1,
      ((2 + 2) * 10 + 2) * 100 + 2,
    ]);
    expect(entriesOf(results[1] ?? [])).toEqual([1, 1, 1, 2, 2, 2]);
    expect(entriesOf(results[2] ?? [])).toEqual([1, 2, 1, 2, 1, 2]);
    expect(probes.value.has("layer[2].y")).toBe(true);
  });
});

describe("the size of the batch", () => {
  it("is that of the inputs, also where a number mentions it", () => {
    const text = `main f
block f "f" {
  in x: real [batch] as argument own.x
  ones: real [batch] = fill { value: 1, axes: [batch=<|batch| = -1>], kind: real }
  count: real [] = sum ones { over: [batch] }
  out count as return own.count
}`;
    expect(
      interpret(parseGraph(text), "f", [batch(4, 4, 4, 4, 4)]).results.map((value) =>
        entriesOf(value),
      ),
    ).toEqual([[5]]);
  });

  it("must be the same everywhere", () => {
    const x = hostTensor("real", { batch: 3, T: 3 }, new Array<number>(9).fill(0));
    expect(() => interpret(parseGraph(scan(3)), "f", [batch(1, 2), x, scalar(1)])).toThrow(
      "x should have batch=2",
    );
  });

  it("may be 1, and axes may come in any order", () => {
    const x = hostTensor("real", { T: 3, batch: 1 }, [1, 2, 3]);
    const { results } = interpret(parseGraph(scan(3)), "f", [batch(0), x, scalar(1)]);
    expect(entriesOf(results[0] ?? [])).toEqual([6]);
  });
});

it("refuses a wrong number of inputs", () => {
  expect(() => interpret(parseGraph(scan(3)), "f", [])).toThrow("f takes 3 inputs, not 0.");
});
