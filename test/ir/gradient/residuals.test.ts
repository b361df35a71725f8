/** Addresses of residuals: none is below another, whatever values and calls are called. */
import { describe, expect, it } from "vitest";
import { ResidualPaths } from "../../../src/ir/gradient/residuals.ts";

describe("addresses of residuals", () => {
  it("number the call where its own address is in use", () => {
    const paths = new ResidualPaths();
    expect(paths.below(["mem", "step"], [["a"], ["b"]])).toEqual([
      ["mem", "step", "a"],
      ["mem", "step", "b"],
    ]);
    expect(paths.below(["mem", "step"], [["a"]])).toEqual([["mem", "step2", "a"]]);
  });

  it("number the memory where a kept value is called like it, for all of its methods", () => {
    const paths = new ResidualPaths();
    expect(paths.below(["mem"], [[]])).toEqual([["mem"]]);
    expect(paths.below(["mem", "step"], [["a"]])).toEqual([["mem2", "step", "a"]]);
    expect(paths.below(["mem", "read"], [["a"]])).toEqual([["mem2", "read", "a"]]);
    expect(paths.below(["mem", "step"], [["a"]])).toEqual([["mem2", "step2", "a"]]);
  });

  it("number every segment that clashes", () => {
    const paths = new ResidualPaths();
    paths.below(["a"], [[]]);
    paths.below(["a2", "b"], [[]]);
    paths.below(["a2", "b2", "c"], [["x"]]);
    expect(paths.below(["a", "b", "c"], [["x"]])).toEqual([["a2", "b2", "c2", "x"]]);
  });

  it("number what comes before the copies", () => {
    const paths = new ResidualPaths();
    paths.below(["layer"], [["*"]]);
    expect(paths.below(["layer", "*", "norm"], [["x"]])).toEqual([["layer2", "*", "norm", "x"]]);
    expect(paths.below(["layer", "*"], [["y"]])).toEqual([["layer2", "*", "y"]]);
  });

  it("number a value that is called like a memory kept before", () => {
    const paths = new ResidualPaths();
    paths.below(["mem", "step"], [["a"]]);
    expect(paths.below(["mem"], [[]])).toEqual([["mem2"]]);
  });

  it("number the call that is called like a loop, and the loop that is called like a call", () => {
    const paths = new ResidualPaths();
    paths.below(["k", "*"], [["x"]]);
    expect(paths.below(["k"], [["y"]])).toEqual([["k2", "y"]]);
    paths.below(["m"], [["y"]]);
    expect(paths.below(["m", "*"], [["x"]])).toEqual([["m2", "*", "x"]]);
  });

  it("number a loop that another one of its name runs longer than", () => {
    const paths = new ResidualPaths();
    paths.below(["k", "*"], [["x"]], [[2]]);
    expect(paths.below(["k", "*"], [["y"]], [[2]])).toEqual([["k", "*", "y"]]);
    expect(paths.below(["k", "*"], [["z"]], [[3]])).toEqual([["k2", "*", "z"]]);
    expect(paths.below(["k", "*", "i", "*"], [["v"]], [[2, 4]])).toEqual([
      ["k", "*", "i", "*", "v"],
    ]);
    expect(paths.below(["k", "*", "i", "*"], [["w"]], [[2, 5]])).toEqual([
      ["k", "*", "i2", "*", "w"],
    ]);
  });

  it("are never numbered into the address of a loop", () => {
    const paths = new ResidualPaths();
    paths.below(["mem2", "*", "step"], [["x"]]);
    paths.below(["mem"], [[]]);
    expect(paths.below(["mem", "step"], [["a"]])).toEqual([["mem3", "step", "a"]]);
  });

  it("fail, and do not search for ever, where there is nothing to number", () => {
    const paths = new ResidualPaths();
    paths.below(["*"], [["a"]]);
    expect(() => paths.below(["*"], [["a"]])).toThrow("residual");
  });
});
