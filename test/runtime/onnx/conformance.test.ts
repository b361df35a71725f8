import { createOnnxEngine } from "../../../src/runtime/onnx/index.ts";
import { describeConformance } from "../conformance.ts";
import { describeRandomPlans } from "../random-plans.ts";

const makeEngine = () => createOnnxEngine({ threads: 1 });

describeConformance("The onnx engine", makeEngine);
describeRandomPlans("The onnx engine", makeEngine);
