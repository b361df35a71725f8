import { expect, test } from "vitest";
import { createOnnxEngine } from "../../../src/runtime/onnx/index.ts";
import { referenceEngine } from "../../../src/runtime/reference.ts";
import { checkCase, conformanceCases, describeConformance } from "../conformance.ts";
import { withoutKernels } from "../kernels.ts";
import { describeRandomPlans } from "../random-plans.ts";

const makeEngine = async () => withoutKernels(await createOnnxEngine({ threads: 1 }));

describeConformance(
  "The onnx engine, which calls no kernel of the op table except while lowering,",
  makeEngine,
);
describeRandomPlans("The onnx engine", makeEngine);

test("an engine that calls a kernel is found out", async () => {
  const [first] = conformanceCases;
  await expect(checkCase(withoutKernels(referenceEngine), first!, "inputs")).rejects.toThrow(
    /kernels called by a run/,
  );
});
