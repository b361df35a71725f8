/** Training, evaluation and sampling with generated code: data, draws, optimiser, loop, files. */

export { expandAddress, expandDeclarations, matchesPath } from "./addresses.ts";
export { type BaselineResult, ByteCounts, byteBaselines } from "./baselines.ts";
export {
  type CheckpointRecord,
  type LoadedCheckpoint,
  loadCheckpoint,
  loadParameters,
  type SaveOptions,
  saveCheckpoint,
} from "./checkpoint.ts";
export { type EvaluateOptions, type Evaluation, evaluate as evaluateModel } from "./evaluator.ts";
export { InitializerError, initialParameter, initialParameters } from "./initializer.ts";
export { MetricsLog, peakResidentBytes, type StepMetrics } from "./metrics.ts";
export {
  createOptimizer,
  type Optimizer,
  type OptimizerResult,
  type OptimizerState,
  rateFactor,
  settingsOf,
} from "./optimizer.ts";
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
export { type TextOptions, textSource } from "./streams.ts";
export {
  type Episode,
  parseTask,
  recallTask,
  sortTask,
  type Task,
  type TaskOptions,
  TaskSource,
} from "./tasks.ts";
export { CheckpointError, toSafeTensor } from "./tensor-files.ts";
export {
  downloadTree,
  initialStates,
  segmentDraws,
  uploadInputs,
  uploadTree,
} from "./tensors.ts";
export {
  type CheckpointSchedule,
  NonFiniteError,
  type TrainingState,
  type TrainOptions,
  type TrainResult,
  train,
} from "./trainer.ts";
