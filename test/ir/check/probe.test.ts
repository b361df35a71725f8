/** Probes: named values made visible in a build that asks for them. */
import { expect, test } from "vitest";
import { codesOf, programOf } from "./kit.ts";

/** Names of all probes of a spec, in the order of its functions. */
function probesOf(text: string, ...probes: readonly string[]): readonly string[] {
  const { graph } = programOf(text, { probes });
  return [...graph.functions.values()].flatMap(({ nodes }) =>
    nodes.flatMap((node) => (node.kind === "probe" ? [node.name] : [])),
  );
}

const model = (factor: string): string =>
  `model M { input x[T]; y = x; repeat 3 as i { h = y * ${factor}; y = h + 1 }; output z = y }`;

test("in a repeat that is a loop: one for all iterations", () => {
  expect(probesOf(model("2"), "h")).toEqual(["h"]);
});

test("in a repeat whose iterations differ: one for each", () => {
  expect(probesOf(model("i"), "h")).toEqual(["i.0.h", "i.1.h", "i.2.h"]);
  expect(probesOf(model("i"), "y")).toEqual(["i.0.y", "i.1.y", "i.2.y", "y"]);
});

test("a name that nothing has is an error", () => {
  expect(codesOf(model("2"), { probes: ["heads"] })).toEqual(["MEM0110"]);
});
