import { describe, expect, it } from "vitest";
import {
  flatten,
  isNumber,
  keysOf,
  mapTree,
  mergeTrees,
  nest,
  TreeError,
} from "../../src/runtime/tree.ts";

const scalar = { kind: "real", axes: [] } as const;
const leaf = (id: string) => ({ type: scalar, id });

describe("Trees", () => {
  it("name their leaves by address", () => {
    const tree = { layer: [{ W: 1 }, { W: 2, sub: { b: 3 } }], gain: 4 };
    expect(flatten(tree, isNumber).map(({ name, leaf: n }) => `${name}=${n}`)).toEqual([
      "layer[0].W=1",
      "layer[1].W=2",
      "layer[1].sub.b=3",
      "gain=4",
    ]);
    expect(flatten(7, isNumber)).toEqual([{ name: "", leaf: 7 }]);
  });

  it("keep their form when leaves change", () => {
    expect(mapTree({ a: [1, { b: 2 }], c: {} }, isNumber, (n) => -n)).toEqual({
      a: [-1, { b: -2 }],
      c: {},
    });
  });

  it("take members that are undefined as absent, and nothing else as no leaf", () => {
    expect(mapTree({ a: 1, b: undefined }, isNumber, (n) => n)).toEqual({ a: 1 });
    expect(() => mapTree({ a: [null] }, isNumber, (n) => n)).toThrow("`a[0]` should be a tensor");
  });

  it("tell a tensor from a record with parameters called type, kind and axes", () => {
    const tree = { type: leaf("a"), kind: leaf("b"), axes: leaf("c") };
    expect(Object.keys(mergeTrees(tree) as object)).toEqual(["type", "kind", "axes"]);
  });

  it("survive names that objects treat specially", () => {
    const tree = nest([["__proto__.x", 1]]);
    expect(flatten(tree, isNumber)).toEqual([{ name: "__proto__.x", leaf: 1 }]);
    expect(({} as Record<string, unknown>).x).toBeUndefined();
  });
});

describe("Merging trees", () => {
  it("lays parameters, states and draws over each other", () => {
    const parameters = { layer: [{ W: leaf("W0") }, { W: leaf("W1") }] };
    const states = { layer: [{ past: { rows: leaf("r0") } }, { past: { rows: leaf("r1") } }] };
    expect(mergeTrees(parameters, states)).toEqual({
      layer: [
        { W: leaf("W0"), past: { rows: leaf("r0") } },
        { W: leaf("W1"), past: { rows: leaf("r1") } },
      ],
    });
  });

  it("fills lists that are longer in one tree", () => {
    expect(mergeTrees({ a: [{ p: leaf("x") }] }, { a: [{}, { q: leaf("y") }] })).toEqual({
      a: [{ p: leaf("x") }, { q: leaf("y") }],
    });
  });

  it("refuses two tensors at one address", () => {
    expect(() => mergeTrees({ a: leaf("x") }, { a: leaf("y") })).toThrow(TreeError);
    expect(() => mergeTrees({ a: leaf("x") }, { a: { b: leaf("y") } })).toThrow("`a`");
    expect(() => mergeTrees({ a: [leaf("x")] }, { a: { b: leaf("y") } })).toThrow("a list in one");
  });

  it("of nothing is empty", () => {
    expect(mergeTrees()).toEqual({});
    expect(mergeTrees({}, {})).toEqual({});
  });
});

describe("Addresses", () => {
  it("come apart and together again", () => {
    const addresses = ["layer[0].W", "layer[1].W", "layer[1].sub[2][0].b", "gain"];
    expect(addresses.map(keysOf)[2]).toEqual(["layer", 1, "sub", 2, 0, "b"]);
    const tree = nest(addresses.slice(0, 2).map((address, i) => [address, i] as const));
    expect(tree).toEqual({ layer: [{ W: 0 }, { W: 1 }] });
  });

  it("must not be given twice, or inside each other", () => {
    expect(() =>
      nest([
        ["a", leaf("x")],
        ["a", leaf("y")],
      ]),
    ).toThrow("given twice");
    expect(() =>
      nest([
        ["a", leaf("x")],
        ["a.b", leaf("y")],
      ]),
    ).toThrow("inside another");
  });
});
