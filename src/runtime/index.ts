/** What generated code and programs that use it import: `memc/runtime`. */
export type {
  Axis,
  HostData,
  HostTensor,
  NumberKind,
  OpAttributes,
  OpName,
  TensorType,
} from "../ops/index.ts";
export { hostTensor, scalar, typeText, zeros } from "../ops/index.ts";
export type { Builder, Operand, Tensor } from "./builder.ts";
export { defineModel, defineTraining } from "./define.ts";
export { diagnose, type NonFinite } from "./diagnose.ts";
export type { DeviceTensor, Engine, Executable } from "./engine.ts";
export type * from "./model.ts";
export { createOnnxEngine, EngineMissingError, type OnnxOptions } from "./onnx/index.ts";
export type { Plan, PlanNode, PlanPort, ValueId } from "./plan.ts";
export {
  type Buffer,
  bytesOf,
  type Lifetime,
  type MemoryPlan,
  nodeFlops,
  type PlannerOptions,
  planFlops,
  planMemory,
} from "./planner.ts";
export {
  createReferenceEngine,
  EngineError,
  evaluatePlan,
  type ReferenceEngine,
  type ReferenceExecutable,
  referenceEngine,
} from "./reference.ts";
export { createRun, type EngineRun, type ProbeReading, type RunOptions } from "./run.ts";
export {
  type Staged,
  type StagedFunction,
  type StageOptions,
  StagingError,
  stage,
  typesOf,
} from "./stage.ts";
export { loadCheckpoint, loadParameters, saveCheckpoint } from "./training/checkpoint.ts";
export {
  type EvaluateOptions,
  type Evaluation,
  evaluate as evaluateModel,
} from "./training/evaluator.ts";
export { initialParameters } from "./training/initializer.ts";
export { createOptimizer, type Optimizer, type OptimizerState } from "./training/optimizer.ts";
export { readSafetensors, writeSafetensors } from "./training/safetensors.ts";
export { type SampleOptions, sample } from "./training/sampler.ts";
export type { Position, SegmentSource } from "./training/source.ts";
export { type TextOptions, textSource } from "./training/streams.ts";
export { parseTask, type Task, TaskSource } from "./training/tasks.ts";
export {
  NonFiniteError,
  type TrainingState,
  type TrainOptions,
  type TrainResult,
  train,
} from "./training/trainer.ts";
export type {
  OnEngine,
  RolloutResult,
  Run,
  SegmentBatch,
  TrainingDefinition,
  TrainingSchedule,
} from "./training.ts";
export { mergeTrees, nest, TreeError } from "./tree.ts";
