import { expect, it } from "vitest";
import { suggest } from "../../src/parser/index.ts";
import { editDistance } from "../../src/parser/suggest.ts";

it("suggests the only candidate, however far", () => {
  expect(suggest("x", ["heads"])).toBe("heads");
  expect(suggest("x", ["heads", "heads"])).toBe("heads");
});

it("then one that differs in case alone, then the nearest within a third of the letters", () => {
  expect(suggest("wq", ["Wk", "Wq", "q"])).toBe("Wq");
  expect(suggest("haeds", ["depth", "heads", "head"])).toBe("heads");
  expect(suggest("wdith", ["width", "depth"])).toBe("width");
  expect(suggest("memory", ["depth", "width"])).toBeUndefined();
  expect(suggest("a", ["b", "c"])).toBeUndefined();
});

it("prefers what is listed first, and never the name itself", () => {
  expect(suggest("keyed", ["keyes", "keyer"])).toBe("keyes");
  expect(suggest("heads", ["heads", "other", "words"])).toBeUndefined();
  expect(suggest("heads", [])).toBeUndefined();
});

it("takes no time over endless names", () => {
  expect(suggest("x".repeat(1e6), ["y".repeat(1e6), "z"])).toBeUndefined();
});

it("counts insertions, deletions, substitutions and swaps", () => {
  expect(editDistance("", "abc")).toBe(3);
  expect(editDistance("abc", "abc")).toBe(0);
  expect(editDistance("abcd", "acbd")).toBe(1);
  expect(editDistance("kitten", "sitting")).toBe(3);
});
