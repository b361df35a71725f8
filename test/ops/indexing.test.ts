import { describe, expect, it } from "vitest";
import { evaluate, inferTypes, scalar, typeText } from "../../src/ops/index.ts";
import {
  apply,
  expectEntries,
  flag,
  int,
  type Place,
  places,
  randomFrom,
  read,
  real,
  sizesOf,
} from "./kit.ts";

describe("gather", () => {
  const table = real({ V: 3, D: 2 }, [1, 2, 3, 4, 5, 6]);

  it("reads rows of a table", () => {
    const y = apply("gather", [table, int({ batch: 1, T: 2 }, [2, 0])], { axis: "V" });
    expect(typeText(y.type)).toBe("real [batch=1, T=2, D=2]");
    expect([...y.data]).toEqual([5, 6, 1, 2]);
  });

  it("drops the axis for a constant, and aligns the axes that both have", () => {
    expect([...apply("gather", [table, scalar(1, "int")], { axis: "V" }).data]).toEqual([3, 4]);
    const diagonal = apply("gather", [table, int({ D: 2 }, [0, 2])], { axis: "V" });
    expect(typeText(diagonal.type)).toBe("real [D=2]");
    expect([...diagonal.data]).toEqual([1, 6]);
  });

  it("reads 0 or off out of range", () => {
    const i = int({ K: 4 }, [-1, 0, 2, 3]);
    expect([...apply("gather", [real({ V: 3 }, [7, 8, 9]), i], { axis: "V" }).data]).toEqual([
      0, 7, 9, 0,
    ]);
    expect([...apply("gather", [flag({ V: 3 }, [1, 1, 1]), i], { axis: "V" }).data]).toEqual([
      0, 1, 1, 0,
    ]);
    expect([...apply("gather", [real({ V: 0 }, []), i], { axis: "V" }).data]).toEqual([0, 0, 0, 0]);
  });

  it("lets the index use the name of the axis it replaces, of another size", () => {
    const y = apply("gather", [table, int({ V: 4 }, [2, 2, 0, 1])], { axis: "V" });
    expect(typeText(y.type)).toBe("real [V=4, D=2]");
    expect([...y.data]).toEqual([5, 6, 5, 6, 1, 2, 3, 4]);
  });

  it("agrees with loops over names, and scatterAdd is its transpose", () => {
    const random = randomFrom("gather");
    for (let round = 0; round < 100; round++) {
      const sizes = { batch: random.size(), A: random.size(), B: random.size(), T: random.size() };
      const V = random.size();
      const own = Object.entries({ ...random.some(sizes), V });
      const x = random.reals(Object.fromEntries(random.shuffled(own)));
      const i = random.ints(random.some(sizes), -1, V + 1);
      const y = apply("gather", [x, i], { axis: "V" });
      const { V: _, ...kept } = sizesOf(x);
      const shape = { ...kept, ...sizesOf(i) };
      const inRange = (at: Place) => read(i, at) >= 0 && read(i, at) < V;
      expectEntries(y, shape, (at) => (inRange(at) ? read(x, { ...at, V: read(i, at) }) : 0));

      const d = random.reals(shape);
      const over = Object.keys(shape).filter((name) => !(name in kept));
      const back = apply("scatterAdd", [d, i], { over, axis: "V", size: V });
      const along = Object.fromEntries(over.map((name) => [name, shape[name] as number]));
      expectEntries(
        back,
        sizesOf(x),
        (at) =>
          places(along)
            .map((inner) => ({ ...at, ...inner }))
            .filter((place) => read(i, place) === at.V)
            .reduce((sum, place) => sum + read(d, place), 0),
        1e-14,
      );
    }
  });

  it("needs an int index", () => {
    expect(() => inferTypes("gather", [table.type, table.type], { axis: "V" })).toThrow(
      "The index is real [V=3, D=2] where int is needed; see int(…).",
    );
    const i = int({ D: 3 }, [0, 0, 0]).type;
    expect(() => inferTypes("gather", [table.type, i], { axis: "V" })).toThrow(
      "Axis D has 2 entries in the operand, real [D=2], but 3 entries in the index, int [D=3].",
    );
  });
});

describe("scatterAdd and scatterPut", () => {
  it("add up repeats and drop what is out of range", () => {
    const v = real({ S: 4 }, [1, 2, 4, 8]);
    const i = int({ S: 4 }, [1, 1, -1, 3]);
    const add = { over: ["S"], axis: "E", size: 3 };
    expect([...apply("scatterAdd", [v, i], add).data]).toEqual([0, 3, 0]);
    expect([...apply("scatterPut", [v, i], add).data]).toEqual([0, 2, 0]);
  });

  it("make one-hot vectors of a scalar one", () => {
    const labels = int({ T: 3 }, [1, 0, 5]);
    const y = apply("scatterAdd", [scalar(1), labels], { over: [], axis: "V", size: 2 });
    expect(typeText(y.type)).toBe("real [T=3, V=2]");
    expect([...y.data]).toEqual([0, 1, 1, 0, 0, 0]);
  });

  it("put the later element, in the order the axes are listed", () => {
    const v = real({ A: 2, B: 2 }, [1, 2, 3, 4]);
    const i = int({ A: 2, B: 2 }, [0, 1, 1, 0]);
    const put = (over: string[]) => [
      ...apply("scatterPut", [v, i], { over, axis: "E", size: 2 }).data,
    ];
    // A slowest: 1 -> 0, 2 -> 1, 3 -> 1, 4 -> 0. B slowest: 1 -> 0, 3 -> 1, 2 -> 1, 4 -> 0.
    expect(put(["A", "B"])).toEqual([4, 3]);
    expect(put(["B", "A"])).toEqual([4, 2]);
  });

  it("agree on permutations, where nothing repeats", () => {
    const v = real({ S: 3, D: 2 }, [1, 2, 3, 4, 5, 6]);
    const i = int({ S: 3 }, [2, 0, 1]);
    const attributes = { over: ["S"], axis: "S", size: 3 };
    const put = apply("scatterPut", [v, i], attributes);
    expect(typeText(put.type)).toBe("real [D=2, S=3]");
    expect([...put.data]).toEqual([3, 5, 1, 4, 6, 2]);
    expect([...apply("scatterAdd", [v, i], attributes).data]).toEqual([...put.data]);
  });

  it("repeat a value along the axes of its index", () => {
    const y = apply("scatterAdd", [real({ D: 1 }, [2]), int({ S: 3 }, [0, 0, 1])], {
      over: ["S"],
      axis: "E",
      size: 2,
    });
    expect(typeText(y.type)).toBe("real [D=1, E=2]");
    expect([...y.data]).toEqual([4, 2]);
  });

  it("keep the kind: flags can be put, not added", () => {
    const on = scalar(1, "flag");
    const i = int({ S: 1 }, [1]);
    const attributes = { over: ["S"], axis: "E", size: 2 };
    const y = apply("scatterPut", [on, i], attributes);
    expect([y.type.kind, ...y.data]).toEqual(["flag", 0, 1]);
    expect(() => inferTypes("scatterAdd", [on.type, i.type], attributes)).toThrow(
      "The value is flag where numbers are needed",
    );
  });

  it("name what is missing and what clashes", () => {
    const v = real({ S: 1, E: 1 }, [1]).type;
    const i = int({ S: 1 }, [0]).type;
    expect(() => inferTypes("scatterAdd", [v, i], { over: ["R"], axis: "F", size: 1 })).toThrow(
      "The value with its index, real [S=1, E=1], has no axis R: its axes are S and E.",
    );
    expect(() => inferTypes("scatterAdd", [v, i], { over: ["S"], axis: "E", size: 1 })).toThrow(
      "two axes called E",
    );
  });
});

describe("topK and order", () => {
  it("choose the largest first, the lower index of equals, NaN last", () => {
    const x = real({ J: 6 }, [1, 3, NaN, 3, -Infinity, 2]);
    const top = (k: number) =>
      evaluate("topK", [x], { over: "J", k, into: "I" }).map(({ data }) => [...data]);
    expect(top(3)).toEqual([
      [3, 3, 2],
      [1, 3, 5],
    ]);
    expect(top(6)).toEqual([
      [3, 3, 2, 1, -Infinity, NaN],
      [1, 3, 5, 0, 4, 2],
    ]);
    expect(top(0)).toEqual([[], []]);
  });

  it("sort ascending, equals as they stood, NaN last", () => {
    const x = real({ J: 6 }, [1, NaN, -1, 1, NaN, 0]);
    expect([...apply("order", [x], { over: "J" }).data]).toEqual([2, 5, 0, 3, 1, 4]);
  });

  it("leave the other axes where they are", () => {
    const x = real({ J: 3, D: 2 }, [1, 6, 2, 5, 3, 4]);
    const [values, places] = evaluate("topK", [x], { over: "J", k: 2, into: "J" });
    expect(typeText(values!.type)).toBe("real [J=2, D=2]");
    expect([...values!.data]).toEqual([3, 6, 2, 5]);
    expect(typeText(places!.type)).toBe("int [J=2, D=2]");
    expect([...places!.data]).toEqual([2, 0, 1, 1]);
    expect([...apply("order", [x], { over: "J" }).data]).toEqual([0, 2, 1, 1, 2, 0]);
  });

  it("agree with a sort, ties included", () => {
    const random = randomFrom("topK");
    for (let round = 0; round < 80; round++) {
      const J = random.size();
      const sizes = random.shuffled(Object.entries({ batch: random.size(), J, A: random.size() }));
      const x = random.ints(Object.fromEntries(sizes), 0, 4);
      const k = random.below(J + 1);
      const [values, chosen] = evaluate("topK", [x], { over: "J", k, into: "K" });
      const ranked = (at: Place, sign: number) =>
        Array.from({ length: J }, (_, j) => j).sort(
          (a, b) => sign * (read(x, { ...at, J: a }) - read(x, { ...at, J: b })) || a - b,
        );
      const { J: _, ...kept } = sizesOf(x);
      const shape = { ...kept, K: k };
      expectEntries(chosen!, shape, (at) => ranked(at, -1)[at.K!]!);
      expectEntries(values!, shape, (at) => read(x, { ...at, J: ranked(at, -1)[at.K!]! }));
      expectEntries(apply("order", [x], { over: "J" }), sizesOf(x), (at) => ranked(at, 1)[at.J!]!);
    }
  });

  it("cannot choose more than there are", () => {
    const x = real({ J: 2 }, [1, 2]).type;
    expect(() => inferTypes("topK", [x], { over: "J", k: 3, into: "I" })).toThrow(
      "Axis J of real [J=2] has 2 entries, too few to choose 3.",
    );
  });
});
