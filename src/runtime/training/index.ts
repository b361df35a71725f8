/** Training, evaluation and sampling with generated code: data, draws, optimiser, loop, files. */

export { expandAddress, expandDeclarations, matchesPath } from "./addresses.ts";
export { type BaselineResult, ByteCounts, byteBaselines } from "./baselines.ts";
export {
  type LoadedCheckpoint,
  loadCheckpoint,
  type SaveOptions,
  saveCheckpoint,
  summarizeCheckpoint,
} from "./checkpoint.ts";
export type {
  CheckpointOrigin,
  CheckpointRecord,
  CheckpointSummary,
  TrainingData,
} from "./checkpoint-record.ts";
export { type EvaluateOptions, type Evaluation, evaluate as evaluateModel } from "./evaluator.ts";
export { NonFiniteError } from "./finite.ts";
export { InitializerError, initialParameter, initialParameters } from "./initializer.ts";
export { NegativeWeightError } from "./loss-means.ts";
export { MetricsLog, peakResidentBytes, type StepLosses, type StepMetrics } from "./metrics.ts";
export {
  createOptimizer,
  type Optimizer,
  type OptimizerResult,
  type OptimizerState,
  rateFactor,
  settingsOf,
} from "./optimizer.ts";
export { loadParameters, type SaveParametersOptions, saveParameters } from "./parameters.ts";
export { type DrawPlace, drawTensor, RandomWords } from "./random.ts";
export {
  type Dtype,
  FormatError,
  readSafetensors,
  type SafeTensor,
  type SafetensorsFile,
  writeSafetensors,
} from "./safetensors.ts";
export {
  type Choice,
  chooseToken,
  type ReaderOptions,
  type SampleOptions,
  sample,
  shortestPrompt,
  TokenReader,
} from "./sampler.ts";
export {
  type HostSegment,
  type Position,
  type SegmentSource,
  SourceError,
  type SourceProgram,
} from "./source.ts";
export type { TrainingState } from "./state.ts";
export { type TextOptions, textSource } from "./streams.ts";
export { type TaskOptions, TaskSource } from "./task-source.ts";
export {
  type Episode,
  parseTask,
  recallTask,
  sortTask,
  type Task,
  taskNames,
} from "./tasks.ts";
export { CheckpointError, type CheckpointFault, tensorName, toSafeTensor } from "./tensor-files.ts";
export {
  downloadTree,
  initialStates,
  segmentDraws,
  uploadInputs,
  uploadTree,
} from "./tensors.ts";
export {
  type CheckpointSchedule,
  type TrainOptions,
  type TrainResult,
  train,
} from "./trainer.ts";
