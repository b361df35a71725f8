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
export { installCommand } from "./install-command.ts";
export type * from "./model.ts";
export {
  createOnnxEngine,
  EngineMissingError,
  type OnnxOptions,
  onnxFootprint,
} from "./onnx/index.ts";
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
export { planSegment, planStep } from "./planner-step.ts";
export type {
  Footprint,
  HeldRole,
  PlannedCall,
  StepPlan,
  StepPlannerOptions,
} from "./planning-run.ts";
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
  type Simplification,
  type Staged,
  type StagedFunction,
  type StageOptions,
  StagingError,
  simplifications,
  stage,
  typesOf,
} from "./stage.ts";
export * from "./training/index.ts";
export type {
  OnEngine,
  RolloutResult,
  Run,
  SegmentBatch,
  TrainingDefinition,
  TrainingSchedule,
} from "./training.ts";
export { mergeTrees, nest, TreeError } from "./tree.ts";
