import { describe, expect, it } from "vitest";
import { inferTypes, OPEN, scalar, typeText } from "../../src/ops/index.ts";
import { apply, expectEntries, flag, int, randomFrom, read, real, sizesOf, tensor } from "./kit.ts";

const count = (sizes: Readonly<Record<string, number>>) => {
  let next = 0;
  return tensor("real", sizes, () => next++);
};

describe("split and merge", () => {
  it("cut an axis in place, the first name slowest", () => {
    const x = count({ T: 2, D: 6 });
    const into = [
      { name: "H", size: 2 },
      { name: "K", size: 3 },
    ];
    const y = apply("split", [x], { axis: "D", into });
    expect(typeText(y.type)).toBe("real [T=2, H=2, K=3]");
    expectEntries(y, { T: 2, H: 2, K: 3 }, ({ T, H, K }) => T! * 6 + H! * 3 + K!);
    expect([...apply("merge", [y], { axes: ["H", "K"], into: "D" }).data]).toEqual([...x.data]);
  });

  it("merge axes that are apart, where the first named was", () => {
    const x = count({ A: 2, B: 3, C: 2 });
    const y = apply("merge", [x], { axes: ["C", "A"], into: "D" });
    expect(typeText(y.type)).toBe("real [B=3, D=4]");
    expectEntries(y, { B: 3, D: 4 }, ({ B, D }) =>
      read(x, { A: D! % 2, B: B!, C: Math.floor(D! / 2) }),
    );
  });

  it("may take the name of an axis they replace", () => {
    const x = count({ T: 4 });
    const into = [
      { name: "C", size: 2 },
      { name: "T", size: 2 },
    ];
    expect(typeText(apply("split", [x], { axis: "T", into }).type)).toBe("real [C=2, T=2]");
    const y = count({ C: 2, T: 2 });
    expect([...apply("merge", [y], { axes: ["C", "T"], into: "T" }).data]).toEqual([0, 1, 2, 3]);
  });

  it("move a batch that they make to the front, entries and all", () => {
    const x = count({ D: 2, N: 6 });
    const into = [
      { name: "batch", size: 3 },
      { name: "T", size: 2 },
    ];
    const y = apply("split", [x], { axis: "N", into });
    expect(typeText(y.type)).toBe("real [batch=3, D=2, T=2]");
    expectEntries(y, { batch: 3, D: 2, T: 2 }, ({ batch, D, T }) => D! * 6 + batch! * 2 + T!);
    const back = apply("merge", [y], { axes: ["batch", "T"], into: "N" });
    expect(typeText(back.type)).toBe("real [N=6, D=2]");
    expectEntries(back, { D: 2, N: 6 }, ({ D, N }) => D! * 6 + N!);
  });

  it("carry an open batch", () => {
    const batch = { name: "batch", size: OPEN };
    const x = { kind: "real", axes: [batch, { name: "T", size: 4 }] } as const;
    const [merged] = inferTypes("merge", [x], { axes: ["batch", "T"], into: "N" });
    expect(merged?.axes).toEqual([{ name: "N", size: OPEN }]);
    const into = [batch, { name: "T", size: 4 }];
    const [split] = inferTypes("split", [merged!], { axis: "N", into });
    expect(split?.axes).toEqual(x.axes);
  });

  it("explain sizes that do not multiply", () => {
    const x = count({ D: 6 }).type;
    const into = [
      { name: "H", size: 4 },
      { name: "K", size: 2 },
    ];
    expect(() => inferTypes("split", [x], { axis: "D", into })).toThrow(
      "Axis D has 6 entries and cannot be split into H=4 * K=2, which makes 8 entries.",
    );
    expect(() =>
      inferTypes("merge", [count({ A: 1, B: 1, C: 1 }).type], { axes: ["A", "B"], into: "C" }),
    ).toThrow("The result would have two axes called C; rename one of them first.");
  });
});

describe("rename", () => {
  it("may swap names, and needs new ones to differ", () => {
    const x = count({ T: 2, S: 3 });
    const y = apply("rename", [x], { names: { T: "S", S: "T" } });
    expect(typeText(y.type)).toBe("real [S=2, T=3]");
    expect([...y.data]).toEqual([...x.data]);
    expect(() => inferTypes("rename", [x.type], { names: { T: "S" } })).toThrow(
      "two axes called S",
    );
    expect(() => inferTypes("rename", [x.type], { names: { R: "S" } })).toThrow("has no axis R");
  });

  it("to the batch moves the axis to the front", () => {
    const y = apply("rename", [count({ T: 2, S: 2 })], { names: { S: "batch" } });
    expect(typeText(y.type)).toBe("real [batch=2, T=2]");
    expect([...y.data]).toEqual([0, 2, 1, 3]);
  });
});

describe("slice", () => {
  const x = count({ A: 2, T: 5, B: 2 });

  it("takes a run of entries, under a new name or the old one", () => {
    const y = apply("slice", [x], { axis: "T", start: 2, size: 3, into: "S" });
    expect(typeText(y.type)).toBe("real [A=2, S=3, B=2]");
    expectEntries(y, sizesOf(y), ({ A, S, B }) => A! * 10 + (S! + 2) * 2 + B!);
  });

  it("drops the axis of one entry", () => {
    const y = apply("slice", [x], { axis: "T", start: 4, size: 1, into: null });
    expect(typeText(y.type)).toBe("real [A=2, B=2]");
    expect([...y.data]).toEqual([8, 9, 18, 19]);
  });

  it("may be empty, but not outside", () => {
    expect(apply("slice", [x], { axis: "T", start: 5, size: 0, into: "T" }).data).toHaveLength(0);
    expect(() =>
      inferTypes("slice", [x.type], { axis: "T", start: 3, size: 3, into: "T" }),
    ).toThrow(
      "Axis T of real [A=2, T=5, B=2] has 5 entries: 3 entries from entry 3 on do not fit.",
    );
    expect(() =>
      inferTypes("slice", [x.type], { axis: "T", start: -1, size: 1, into: "T" }),
    ).toThrow("The first entry of the slice of T must be a whole number of at least 0, not -1.");
    expect(() =>
      inferTypes("slice", [x.type], { axis: "T", start: 0, size: 2, into: null }),
    ).toThrow("A slice of T with 2 entries must keep its axis.");
  });
});

describe("join", () => {
  it("puts pieces after one another under one name", () => {
    const a = real({ D: 2, P: 1 }, [1, 2]);
    const b = real({ L: 2, D: 2 }, [3, 4, 5, 6]);
    const y = apply("join", [a, b], { pieces: ["P", "L"], into: "R" });
    expect(typeText(y.type)).toBe("real [D=2, R=3]");
    expect([...y.data]).toEqual([1, 3, 5, 2, 4, 6]);
  });

  it("counts a piece without an axis once, repeats what lacks another axis, and puts a new axis first", () => {
    const y = apply("join", [scalar(0), real({ T: 2, D: 2 }, [1, 2, 3, 4])], {
      pieces: [null, "T"],
      into: "T",
    });
    expect(typeText(y.type)).toBe("real [T=3, D=2]");
    expect([...y.data]).toEqual([0, 0, 1, 2, 3, 4]);
    const stacked = apply("join", [real({ D: 2 }, [1, 2]), real({ D: 2 }, [3, 4])], {
      pieces: [null, null],
      into: "S",
    });
    expect(typeText(stacked.type)).toBe("real [S=2, D=2]");
    expect([...stacked.data]).toEqual([1, 2, 3, 4]);
  });

  it("mixes int into real, keeps flags, and allows empty pieces", () => {
    const y = apply("join", [int({ T: 1 }, [1]), real({ T: 0 }, [])], {
      pieces: ["T", "T"],
      into: "T",
    });
    expect([y.type.kind, ...y.data]).toEqual(["real", 1]);
    const flags = apply("join", [flag({ T: 1 }, [1]), scalar(0, "flag")], {
      pieces: ["T", null],
      into: "T",
    });
    expect([flags.type.kind, ...flags.data]).toEqual(["flag", 1, 0]);
  });

  it("puts a batch that only a later piece has first", () => {
    const y = apply(
      "join",
      [real({ M: 1, D: 2 }, [1, 2]), real({ batch: 2, T: 1, D: 2 }, [3, 4, 5, 6])],
      {
        pieces: ["M", "T"],
        into: "R",
      },
    );
    expect(typeText(y.type)).toBe("real [batch=2, R=2, D=2]");
    expect([...y.data]).toEqual([1, 2, 3, 4, 1, 2, 5, 6]);
  });

  it("agrees with loops over names", () => {
    const random = randomFrom("join");
    for (let round = 0; round < 60; round++) {
      const sizes = { batch: random.size(), A: random.size(), B: random.size() };
      const pieces = Array.from({ length: 1 + random.below(3) }, () =>
        random.pick(["P", "R", null]),
      );
      const inputs = pieces.map((piece) => {
        const own = random.some(sizes);
        const axes = Object.entries(piece === null ? own : { ...own, [piece]: random.size() });
        return random.reals(Object.fromEntries(random.shuffled(axes)));
      });
      const y = apply("join", inputs, { pieces, into: "R" });
      const source: { readonly i: number; readonly at: number }[] = [];
      inputs.forEach((input, i) => {
        const piece = pieces[i] ?? null;
        const size = piece === null ? 1 : (sizesOf(input)[piece] as number);
        for (let at = 0; at < size; at++) source.push({ i, at });
      });
      const own = inputs.flatMap((input) => Object.entries(sizesOf(input)));
      const others = own.filter(([name]) => name !== "P" && name !== "R");
      const all = { ...Object.fromEntries(others), R: source.length };
      expectEntries(y, all, (place) => {
        const { i, at } = source[place.R!]!;
        const piece = pieces[i] ?? null;
        return read(inputs[i]!, piece === null ? place : { ...place, [piece]: at });
      });
    }
  });

  it("refuses a name that a piece uses for something else", () => {
    const a = real({ T: 1, R: 1 }, [1]).type;
    expect(() => inferTypes("join", [a, a], { pieces: ["T", "T"], into: "R" })).toThrow(
      "two axes called R",
    );
    expect(() => inferTypes("join", [a, a], { pieces: ["R", null], into: "R" })).toThrow(
      "Piece 2, real [T=1, R=1], counts one along R but has an axis of that name; rename it first.",
    );
  });
});

describe("broadcast and reverse", () => {
  it("repeat along new axes, which come last, the batch first", () => {
    const y = apply("broadcast", [real({ D: 2 }, [1, 2])], {
      axes: [
        { name: "T", size: 2 },
        { name: "batch", size: 2 },
      ],
    });
    expect(typeText(y.type)).toBe("real [batch=2, D=2, T=2]");
    expect([...y.data]).toEqual([1, 1, 2, 2, 1, 1, 2, 2]);
    const axes = [{ name: "D", size: 3 }];
    expect(() => inferTypes("broadcast", [real({ D: 2 }, [1, 2]).type], { axes })).toThrow(
      "The operand, real [D=2], cannot be repeated along D, an axis it has.",
    );
  });

  it("turn an axis around", () => {
    const x = count({ A: 2, T: 3 });
    expect([...apply("reverse", [x], { axis: "T" }).data]).toEqual([2, 1, 0, 5, 4, 3]);
    expect([...apply("reverse", [x], { axis: "A" }).data]).toEqual([3, 4, 5, 0, 1, 2]);
    expect(apply("reverse", [real({ T: 0 }, [])], { axis: "T" }).data).toHaveLength(0);
  });
});

describe("tensors made from nothing", () => {
  it("count, repeat a number, list numbers", () => {
    expect([...apply("index", [], { axis: "T", size: 3 }).data]).toEqual([0, 1, 2]);
    const axes = [
      { name: "T", size: 1 },
      { name: "batch", size: 2 },
    ];
    const on = apply("fill", [], { value: 1, axes, kind: "flag" });
    expect(typeText(on.type)).toBe("flag [batch=2, T=1]");
    expect([...on.data]).toEqual([1, 1]);
    expect([...apply("values", [], { list: [0.5, 2], into: "K" }).data]).toEqual([0.5, 2]);
    expect(typeText(apply("fill", [], { value: 2, axes: [], kind: "int" }).type)).toBe("int");
  });

  it("hold only what their kind can", () => {
    expect(() => inferTypes("fill", [], { value: 0.5, axes: [], kind: "int" })).toThrow(
      "An int tensor holds whole numbers of 32 bits, not 0.5.",
    );
    expect(() => inferTypes("fill", [], { value: 2, axes: [], kind: "flag" })).toThrow(
      "A flag is on (1) or off (0), not 2.",
    );
    expect(() => inferTypes("index", [], { axis: "T", size: 1.5 })).toThrow(
      "The size of axis T must be a whole number of entries, not 1.5.",
    );
  });
});
