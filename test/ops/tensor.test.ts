import { describe, expect, it } from "vitest";
import {
  elementCount,
  hostTensor,
  OPEN,
  OpError,
  sameType,
  sameUpToOrder,
  scalar,
  transposeTo,
  typeText,
  zeros,
} from "../../src/ops/index.ts";
import { int, real } from "./kit.ts";

describe("host tensors", () => {
  it("store each kind in its own class, and keep storage that fits", () => {
    expect(int({ T: 2 }, [1, 2]).data).toBeInstanceOf(Int32Array);
    expect(scalar(1, "flag").data).toBeInstanceOf(Uint8Array);
    const data = Float64Array.of(1, 2);
    expect(hostTensor("real", [{ name: "T", size: 2 }], data).data).toBe(data);
    expect(hostTensor("int", { T: 2 }, data).data).toEqual(Int32Array.of(1, 2));
    expect(() => hostTensor("real", { T: 3 }, [1])).toThrow(
      new OpError("A tensor real [T=3] has 3 entries, not 1."),
    );
  });

  it("can be made of zeros once every size is known", () => {
    expect([...zeros(int({ T: 2 }, [1, 2]).type).data]).toEqual([0, 0]);
    expect(() => zeros({ kind: "real", axes: [{ name: "batch", size: OPEN }] })).toThrow(
      "The size of axis batch is not known yet.",
    );
  });

  it("change the order of their axes, entries and all", () => {
    const x = real({ A: 2, B: 3, C: 2 }, [...Array(12).keys()]);
    const y = transposeTo(x, ["C", "A", "B"]);
    expect(typeText(y.type)).toBe("real [C=2, A=2, B=3]");
    expect([...y.data]).toEqual([0, 2, 4, 6, 8, 10, 1, 3, 5, 7, 9, 11]);
    expect(transposeTo(y, ["A", "B", "C"])).toEqual(x);
    for (const order of [
      ["A", "B"],
      ["A", "B", "B"],
      ["A", "B", "D"],
      ["A", "B", "C", "C"],
    ]) {
      expect(() => transposeTo(x, order)).toThrow("must name each axis of real [A=2, B=3, C=2]");
    }
  });
});

describe("types", () => {
  const x = {
    kind: "real",
    axes: [
      { name: "batch", size: OPEN },
      { name: "T", size: 64 },
    ],
  } as const;

  it("print as in a spec, an open batch without a size", () => {
    expect(typeText(x)).toBe("real [batch, T=64]");
    expect(typeText({ kind: "flag", axes: [] })).toBe("flag");
  });

  it("count an open axis as one entry", () => {
    expect(elementCount(x)).toBe(64);
    expect(elementCount({ axes: [] })).toBe(1);
  });

  it("are the same with or without regard to the order of axes", () => {
    const turned = { ...x, axes: [...x.axes].reverse() };
    expect([sameType(x, { ...x }), sameType(x, turned), sameUpToOrder(x, turned)]).toEqual([
      true,
      false,
      true,
    ]);
    expect(sameUpToOrder(x, { ...x, kind: "int" })).toBe(false);
    expect(sameUpToOrder(x, { ...x, axes: x.axes.slice(1) })).toBe(false);
  });
});
