import { expect, it } from "vitest";
import { type ResultType, resultTypes } from "../../../src/runtime/onnx/result-types.ts";

const typesOf = (op: string) => {
  const types = new Map<string, ResultType>([
    ["a", { element: "float32", dims: [2, 1] }],
    ["b", { element: "float32", dims: [1, 3] }],
  ]);
  const node = { op, domain: "", inputs: ["a", "b"], outputs: ["c"], attributes: {} };
  return resultTypes(node, { types, constants: new Map() }, () => []);
};

it("aligns the operands of what works entry by entry", () => {
  expect(typesOf("Add")).toEqual([{ element: "float32", dims: [2, 3] }]);
});

it("guesses no types: an operator that it does not know is refused", () => {
  expect(() => typesOf("Resize")).toThrow("The types of the results of Resize are not known.");
});
