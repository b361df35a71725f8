import { expect, it } from "vitest";
import { referenceEngine } from "../../../src/runtime/index.ts";
import { textSource } from "../../../src/runtime/training/streams.ts";
import { uploadInputs } from "../../../src/runtime/training/tensors.ts";
import { documents, model, training } from "./memory-model.ts";

it("uploads the inputs of one segment, and refuses what is none", () => {
  const segments = textSource(documents, training(), { passes: "endless", seed: 1 }).next();
  expect(segments).toHaveLength(2);
  const [segment] = segments;
  expect(Object.keys(uploadInputs(referenceEngine, segment as never))).toContain("labels");
  for (const wrong of [segments, segment?.inputs, undefined, null])
    expect(() => uploadInputs(referenceEngine, wrong as never)).toThrow(
      /^uploadInputs takes one segment, .* source\.next\(\) gives a list of them\.$/,
    );
});

it("a source made for a reader gives lists of one segment, and at its end empty ones", () => {
  const source = textSource(documents, model, { passes: "once", seed: 1 });
  expect(source.next()).toHaveLength(1);
  for (let left = 1; left > 0; ) left = source.next().length;
  expect(source.next()).toEqual([]);
});
