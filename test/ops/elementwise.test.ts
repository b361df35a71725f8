import { describe, expect, it } from "vitest";
import type { OpName } from "../../src/ops/index.ts";
import {
  countFlops,
  inferTypes,
  isElementwise,
  OPEN,
  operandKinds,
  scalar,
  typeText,
} from "../../src/ops/index.ts";
import { apply, expectEntries, flag, int, randomFrom, read, real, sizesOf } from "./kit.ts";

const unary = (op: "round" | "sign" | "floor" | "abs" | "neg", ...xs: number[]) => [
  ...apply(op, [real({ I: xs.length }, xs)], {}).data,
];

describe("one input", () => {
  it("rounds halves to the even number", () => {
    const xs = [0.5, 1.5, 2.5, -0.5, -1.5, -2.5, 2.4, -2.6, 1e300, Infinity];
    expect(unary("round", ...xs).map((x) => x + 0)).toEqual([
      0,
      2,
      2,
      0,
      -2,
      -2,
      2,
      -3,
      1e300,
      Infinity,
    ]);
    expect(unary("round", 0.49999999999999994, 2251799813685247.5, NaN)).toEqual([
      0,
      2251799813685248,
      NaN,
    ]);
  });

  it("keeps the kind of a number where the operation does", () => {
    const x = int({ I: 3 }, [-2, 0, 3]);
    for (const op of ["neg", "abs", "sign"] as const) {
      expect(apply(op, [x], {}).type.kind).toBe("int");
    }
    expect([...apply("abs", [x], {}).data]).toEqual([2, 0, 3]);
    expect([...apply("sign", [x], {}).data]).toEqual([-1, 0, 1]);
    expect(apply("exp", [x], {}).type.kind).toBe("real");
  });

  it("truncates toward 0 to int, within 32 bits", () => {
    const x = real({ I: 6 }, [2.9, -2.9, NaN, 1e20, -Infinity, 0]);
    expect([...apply("int", [x], {}).data]).toEqual([2, -2, 0, 2147483647, -2147483648, 0]);
    expect([...apply("int", [flag({ I: 2 }, [0, 1])], {}).data]).toEqual([0, 1]);
    expect(apply("real", [flag({ I: 2 }, [0, 1])], {}).type.kind).toBe("real");
  });

  it("neither overflows nor loses a NaN", () => {
    const x = real({ I: 4 }, [-800, 800, 0, NaN]);
    expect([...apply("sigmoid", [x], {}).data]).toEqual([0, 1, 0.5, NaN]);
    expect([...apply("softplus", [x], {}).data]).toEqual([0, 800, Math.LN2, NaN]);
    expect([...apply("relu", [x], {}).data]).toEqual([0, 800, 0, NaN]);
    expect([...apply("erf", [x], {}).data]).toEqual([-1, 1, 0, NaN]);
  });

  it("turns flags", () => {
    expect([...apply("not", [flag({ I: 2 }, [0, 1])], {}).data]).toEqual([1, 0]);
  });

  it("puts the batch first", () => {
    const x = real({ T: 2, batch: 3 }, [1, 2, 3, 4, 5, 6]);
    const y = apply("neg", [x], {});
    expect(typeText(y.type)).toBe("real [batch=3, T=2]");
    expect([...y.data]).toEqual([-1, -4, -2, -5, -3, -6]);
  });
});

describe("two inputs aligned by name", () => {
  it("have the left's axes, then the new ones of the right, and the batch first", () => {
    const a = real({ T: 2, D: 2 }, [1, 2, 3, 4]);
    const b = real({ D: 2, batch: 2, E: 1 }, [10, 20, 30, 40]);
    const c = apply("add", [a, b], {});
    expect(typeText(c.type)).toBe("real [batch=2, T=2, D=2, E=1]");
    expect([...c.data]).toEqual([11, 32, 13, 34, 21, 42, 23, 44]);
  });

  it("agree with loops over names for any axes, orders and sizes", () => {
    const random = randomFrom("elementwise");
    const rules = [
      ["add", (a: number, b: number) => a + b],
      ["sub", (a: number, b: number) => a - b],
      ["mul", (a: number, b: number) => a * b],
      ["div", (a: number, b: number) => a / b],
      ["maximum", Math.max],
      ["minimum", Math.min],
      ["less", (a: number, b: number) => Number(a < b)],
      ["greaterEqual", (a: number, b: number) => Number(a >= b)],
    ] as const;
    for (let round = 0; round < 80; round++) {
      const sizes = Object.fromEntries(
        ["batch", "A", "B", "C", "D"].map((name) => [name, random.size()]),
      );
      const a = random.reals(random.some(sizes));
      const b = random.reals(random.some(sizes));
      const [op, rule] = random.pick(rules);
      const all = { ...sizesOf(a), ...sizesOf(b) };
      expectEntries(apply(op, [a, b], {}), all, (at) => rule(read(a, at), read(b, at)));
    }
  });

  it("mix int into real, and keep ints exact", () => {
    const a = int({ I: 2 }, [7, -7]);
    expect(apply("add", [a, scalar(0.5)], {}).type.kind).toBe("real");
    const product = apply("mul", [int({}, [65537]), int({}, [65537])], {});
    expect(product.type.kind).toBe("int");
    expect([...product.data]).toEqual([131073]); // 2^32 + 2^17 + 1 in 32 bits
    expect([...apply("div", [a, scalar(2, "int")], {}).data]).toEqual([3.5, -3.5]);
    expect([...apply("pow", [scalar(2, "int"), scalar(-1, "int")], {}).data]).toEqual([0.5]);
  });

  it("floor ints, with the divisor's sign left over", () => {
    const a = int({ I: 5 }, [7, -7, 7, -7, 6]);
    const b = int({ I: 5 }, [3, 3, -3, -3, 0]);
    expect([...apply("floorDiv", [a, b], {}).data]).toEqual([2, -3, -3, 2, 0]);
    expect([...apply("mod", [a, b], {}).data]).toEqual([1, 2, -2, -1, 0]);
  });

  it("compare numbers with numbers and flags with flags", () => {
    const a = real({ I: 3 }, [1, NaN, 2]);
    expect([...apply("equal", [a, a], {}).data]).toEqual([1, 0, 1]);
    expect([...apply("notEqual", [a, a], {}).data]).toEqual([0, 1, 0]);
    expect([...apply("equal", [a, scalar(2, "int")], {}).data]).toEqual([0, 0, 1]);
    const on = flag({ I: 2 }, [1, 0]);
    expect([...apply("notEqual", [on, scalar(1, "flag")], {}).data]).toEqual([0, 1]);
    expect([...apply("or", [on, scalar(0, "flag")], {}).data]).toEqual([1, 0]);
    expect([...apply("and", [on, scalar(0, "flag")], {}).data]).toEqual([0, 0]);
  });

  it("work on axes without entries", () => {
    const a = real({ I: 0, J: 2 }, []);
    expect(apply("add", [a, real({ J: 2 }, [1, 2])], {}).data).toHaveLength(0);
  });
});

describe("where and clip", () => {
  it("choose by a flag, which shields from NaN", () => {
    const on = flag({ T: 2 }, [1, 0]);
    const y = apply("where", [on, real({ D: 2 }, [1, 2]), scalar(NaN)], {});
    expect(typeText(y.type)).toBe("real [T=2, D=2]");
    expect([...y.data]).toEqual([1, 2, NaN, NaN]);
    expect(apply("where", [on, scalar(1, "int"), scalar(2)], {}).type.kind).toBe("real");
    expect(apply("where", [on, on, scalar(1, "flag")], {}).type.kind).toBe("flag");
  });

  it("clip into a range that may have axes", () => {
    const x = real({ I: 4 }, [-2, 0, 2, NaN]);
    expect([...apply("clip", [x, scalar(-1), scalar(1)], {}).data]).toEqual([-1, 0, 1, NaN]);
    const high = int({ I: 4 }, [0, 1, 1, 1]);
    expect(apply("clip", [x, scalar(-1, "int"), high], {}).type.kind).toBe("real");
  });
});

describe("what engines need to know", () => {
  it("is which operations keep each entry at its place", () => {
    const examples = ["neg", "stop", "add", "less", "and", "where", "clip"] as const;
    expect(examples.every(isElementwise)).toBe(true);
    expect((["sum", "softmax", "contract", "shift", "rename"] as const).some(isElementwise)).toBe(
      false,
    );
  });

  it("is which ints an operation computes as real", () => {
    const i = int({}, [1]).type;
    const x = real({}, [1]).type;
    const m = flag({}, [1]).type;
    expect(operandKinds("add", [i, i])).toEqual(["int", "int"]);
    expect(operandKinds("add", [i, x])).toEqual(["real", "real"]);
    expect(operandKinds("div", [i, i])).toEqual(["real", "real"]);
    expect(operandKinds("where", [m, i, x])).toEqual(["flag", "real", "real"]);
    expect(operandKinds("gather", [x, i])).toEqual(["real", "int"]);
    expect(operandKinds("crossEntropy", [i, i])).toEqual(["real", "int"]);
  });

  it("is a count of operations that is one an entry", () => {
    const x = {
      kind: "real",
      axes: [
        { name: "batch", size: OPEN },
        { name: "T", size: 7 },
      ],
    } as const;
    expect(countFlops("exp", [x], {})).toBe(7);
    expect(countFlops("add", [x, real({ D: 3 }, [0, 0, 0]).type], {})).toBe(21);
    expect(countFlops("real", [x], {})).toBe(0);
  });
});

describe("messages", () => {
  const a = real({ T: 2, D: 1 }, [1, 2]).type;

  it("name the axis, both sizes and both tensors", () => {
    expect(() => inferTypes("add", [a, real({ T: 1 }, [0]).type], {})).toThrow(
      "Axis T has 2 entries in the left operand, real [T=2, D=1], but 1 entry in the right " +
        "operand, real [T=1].",
    );
    const open = { kind: "real", axes: [{ name: "T", size: OPEN }] } as const;
    expect(() => inferTypes("add", [a, open], {})).toThrow(
      "Axis T has 2 entries in the left operand, real [T=2, D=1], but an open number of entries " +
        "in the right operand, real [T].",
    );
  });

  it("say how a flag becomes a number and a number a flag", () => {
    const m = flag({}, [1]).type;
    expect(() => inferTypes("add", [a, m], {})).toThrow(
      "The right operand is flag where numbers are needed; real(…) or int(…) makes 0 and 1 of a " +
        "flag.",
    );
    expect(() => inferTypes("and", [m, a], {})).toThrow(
      "The right operand is real [T=2, D=1] where a flag is needed; a comparison makes one.",
    );
    expect(() => inferTypes("mod", [a, a], {})).toThrow(
      "The left operand is real [T=2, D=1] where int is needed; see int(…).",
    );
    expect(() => inferTypes("equal", [m, a], {})).toThrow("The left operand is flag");
    expect(() => inferTypes("where", [a, a, a], {})).toThrow("The condition is real");
  });

  it("count the tensors", () => {
    const cases: readonly (readonly [OpName, string])[] = [
      ["exp", "exp takes 1 tensor, not 0."],
      ["add", "add takes 2 tensors, not 0."],
    ];
    for (const [op, message] of cases) {
      expect(() => inferTypes(op, [], {} as never)).toThrow(message);
    }
  });
});
