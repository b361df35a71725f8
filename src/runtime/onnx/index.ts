/** The onnx engine: onnxruntime-node on the CPU. */
export { createOnnxEngine, type OnnxOptions } from "./engine.ts";
export { onnxFootprint } from "./footprint.ts";
export { EngineMissingError } from "./missing.ts";
