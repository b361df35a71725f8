import { describe, expect, it } from "vitest";
import { inferTypes, OPEN, typeText } from "../../src/ops/index.ts";
import { apply, expectEntries, flag, int, places, randomFrom, read, real, sizesOf } from "./kit.ts";

describe("shift", () => {
  const x = real({ T: 3, D: 2 }, [1, 2, 3, 4, 5, 6]);

  it("moves entries either way and fills the gap", () => {
    const shift = (by: number) => [...apply("shift", [x], { axis: "T", by, fill: 9 }).data];
    expect(shift(1)).toEqual([9, 9, 1, 2, 3, 4]);
    expect(shift(-2)).toEqual([5, 6, 9, 9, 9, 9]);
    expect(shift(0)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(shift(7)).toEqual([9, 9, 9, 9, 9, 9]);
  });

  it("fills with what the kind can hold", () => {
    const on = flag({ T: 2 }, [1, 1]);
    expect([...apply("shift", [on], { axis: "T", by: 1, fill: 0 }).data]).toEqual([0, 1]);
    const i = int({ T: 2 }, [1, 1]).type;
    expect(() => inferTypes("shift", [i], { axis: "T", by: 1, fill: 0.5 })).toThrow(
      "An int tensor",
    );
    expect(() => inferTypes("shift", [i], { axis: "T", by: 0.5, fill: 0 })).toThrow(
      "The distance of a shift over T must be a whole number, not 0.5.",
    );
  });
});

describe("window", () => {
  it("shows each entry its neighbours, zeros outside", () => {
    const x = real({ T: 4, D: 1 }, [1, 2, 3, 4]);
    const y = apply("window", [x], { axis: "T", size: 3, from: -1, step: 1, every: 1, into: "W" });
    expect(typeText(y.type)).toBe("real [T=4, W=3, D=1]");
    expect([...y.data]).toEqual([0, 1, 2, 1, 2, 3, 2, 3, 4, 3, 4, 0]);
  });

  it("can skip: every second entry, or the last one left over", () => {
    const x = real({ T: 5 }, [1, 2, 3, 4, 5]);
    const y = apply("window", [x], { axis: "T", size: 2, from: 0, step: 1, every: 2, into: "W" });
    expect([...y.data]).toEqual([1, 2, 3, 4, 5, 0]);
  });

  it("and its transpose agree with loops and with each other", () => {
    const random = randomFrom("window");
    for (let round = 0; round < 80; round++) {
      const x = random.reals({ ...random.some({ batch: random.size(), A: 2 }), T: random.size() });
      const length = sizesOf(x).T as number;
      const attributes = {
        axis: "T",
        from: random.below(9) - 4,
        step: random.below(5) - 2,
        every: 1 + random.below(3),
        into: "W",
      };
      const size = random.size();
      const { from, step, every } = attributes;
      const windows = apply("window", [x], { ...attributes, size });
      const shape = { ...sizesOf(x), T: Math.ceil(length / every), W: size };
      expectEntries(windows, shape, (at) => {
        const T = at.T! * every + from + at.W! * step;
        return T < 0 || T >= length ? 0 : read(x, { ...at, T });
      });
      const d = random.reals(shape);
      const back = apply("unwindow", [d], { ...attributes, length });
      const inner = places({ t: Math.ceil(length / every), w: size });
      expectEntries(
        back,
        sizesOf(x),
        (at) =>
          inner
            .filter(({ t, w }) => t! * every + from + w! * step === at.T)
            .reduce((sum, { t, w }) => sum + read(d, { ...at, T: t!, W: w! }), 0),
        1e-14,
      );
    }
  });

  it("needs whole steps and a known axis to skip on", () => {
    const open = { kind: "real", axes: [{ name: "T", size: OPEN }] } as const;
    const window = { axis: "T", size: 2, from: 0, step: 1, every: 1, into: "W" };
    expect(inferTypes("window", [open], window).map(typeText)).toEqual(["real [T, W=2]"]);
    expect(() => inferTypes("window", [open], { ...window, every: 2 })).toThrow(
      "Windows over T must begin at every entry, since its size is open.",
    );
    expect(() => inferTypes("window", [open], { ...window, every: 0 })).toThrow(
      "The distance between windows over T must be a whole number of at least 1, not 0.",
    );
    const y = real({ T: 2, W: 2 }, [1, 2, 3, 4]).type;
    expect(() => inferTypes("unwindow", [y], { ...window, length: 5 })).toThrow(
      "Axis T of real [T=2, W=2] has 2 entries, but windows on 5 entries are 5.",
    );
  });
});
