import { describe, expect, it } from "vitest";
import {
  expandAddress,
  expandDeclarations,
  matchesPath,
} from "../../../src/runtime/training/addresses.ts";

describe("expandAddress", () => {
  it.each([
    ["u", ["u"]],
    ["layer[*2].ffn.W", ["layer[0].ffn.W", "layer[1].ffn.W"]],
    ["a[*2].b[*2].c", ["a[0].b[0].c", "a[0].b[1].c", "a[1].b[0].c", "a[1].b[1].c"]],
    ["layer[1].ltm.W", ["layer[1].ltm.W"]],
    ["layer[*0].W", []],
  ])("%s", (address, expanded) => {
    expect(expandAddress(address)).toEqual(expanded);
  });

  it("keeps each declaration with its addresses", () => {
    expect([...expandDeclarations({ "l[*2].W": 1, b: 2 })]).toEqual([
      ["l[0].W", 1],
      ["l[1].W", 1],
      ["b", 2],
    ]);
  });
});

describe("matchesPath", () => {
  it.each([
    ["**.bias", "layer[3].ffn.bias", true],
    ["**.bias", "bias", true],
    ["**.bias", "layer[3].ffn.bias2", false],
    ["**", "anything[0].at.all", true],
    ["layer[*].ltm", "layer[0].ltm.Wk", true],
    ["layer[*].ltm", "layer[0].attention.ltm", false],
    ["layer[1].ltm.Wk", "layer[1].ltm.Wk", true],
    ["layer[1]", "layer[11].Wk", false],
    ["layer[*].*.W", "layer[2].ffn.W", true],
    ["layer[*].*.W", "layer[2].ffn.inner.W", false],
    ["layer.**.norm.gain", "layer[2].attention.x.norm.gain", true],
    ["embedding", "embedding.E", true],
    ["E", "embedding.E", false],
  ])("%s names %s: %s", (pattern, address, matches) => {
    expect(matchesPath(pattern, address)).toBe(matches);
  });
});
