/** The codes of what can be wrong with a run, rather than with a spec: its data, its checkpoints, its folders, its numbers. */
import type { DiagnosticEntry } from "../parser/registry.ts";

export const runDiagnostics = {
  MEM0910: {
    title: "The data cannot be read",
    explanation:
      "What --data or --valid names does not exist, cannot be read, or holds no document. A file is one document, " +
      "whatever bytes it holds; a folder has a document in each regular file that is neither hidden nor empty.",
    example: "memc train model.mem --data empty-folder/",
    fix: "memc train model.mem --data book.txt",
  },
  MEM0911: {
    title: "The data does not suit the model",
    explanation:
      "Every document is too short for one prediction, a byte or a task's token lies outside the range of an input, a " +
      "checkpoint was made on other data, or the model has an input that data cannot feed. The sentence says which.",
    example: "memc train model.mem --data word.txt   # model.mem says: labels = tokens ahead 64",
    fix: "memc train model.mem --data book.txt",
  },
  MEM0912: {
    title: "A checkpoint is damaged, or of another model",
    explanation:
      "A file of the checkpoint is missing, cut short or changed, which its digest shows, or its tensors are not those that " +
      "the spec declares: the spec, or an option given by --set, is not what it was. Nothing was read from it.",
    example: "memc eval other.mem --checkpoint runs/model   # a training of model.mem",
    fix: "memc eval model.mem --checkpoint runs/model",
  },
  MEM0913: {
    title: "There is no training to go on from",
    explanation:
      "The folder that was named, or without one runs/<spec>, holds no training, or one that ended before its first checkpoint. " +
      "Other trainings of the same spec below runs/ are listed.",
    example: "memc sample model.mem --checkpoint new-folder",
    fix: "memc train model.mem --out new-folder && memc sample model.mem --checkpoint new-folder",
  },
  MEM0914: {
    title: "The numbers broke down",
    explanation:
      "The loss, or the norm of its gradient, is no finite number. The step was run again in float64 to find the first " +
      "operation that made a NaN or an infinite number, and the lines of the spec it comes from. The parameters before the " +
      "step are unharmed. Often the rate is too high, or a root, logarithm or quotient gets a number it is not defined for. A " +
      "carried state may also grow from segment to segment until it overflows, at any rate; the sentence then names it.",
    example: "y = log(x)",
    fix: "y = log(max(x, 1e-6))",
  },
  MEM0915: {
    title: "A file or folder cannot be written",
    explanation:
      "Checkpoints and metrics go to the folder that --out names, or to runs/ in the shell's folder, generated code to --out or " +
      "generated/, and for a moment to the system's temporary folder. The system refuses to write there, or the disk is full; its own " +
      "words are quoted. What was complete before stays as it is.",
    example: "memc train model.mem --out /read-only/run",
    fix: "memc train model.mem --out ~/run",
  },
  MEM0916: {
    title: "An engine is not installed",
    explanation:
      "onnxruntime-node is an optional package, so that memc installs where it is not available. The sentence has the " +
      "command that installs it. The reference engine needs nothing, but is slow.",
    example: "memc train model.mem --engine onnx   # without onnxruntime-node",
    fix: "memc train model.mem --engine reference",
  },
  MEM0917: {
    title: "The folder holds another training",
    explanation:
      "A training never writes over another one. Without --resume its folder must hold none; with --resume the training in it " +
      "must be this one: with the seed that is given, if one is, and with no more steps done than --steps asks for.",
    example: "memc train model.mem --out runs/model --seed 7   # runs/model holds a training",
    fix: "memc train model.mem --out runs/seed-7 --seed 7",
  },
  MEM0918: {
    title: "The settings are not those of the training",
    explanation:
      "A training keeps the settings it was started with, and eval, sample and --resume apply them by themselves. A --set that " +
      "gives one of them, or a dim or train.batch that was the spec's, another value would make it another model; so would a spec with others. What evaluation and sampling are programmed with, evaluate.… and " +
      "generate.…, may differ, and so may the number of steps and the optimiser of a training that goes on: train.steps and train.optimizer.",
    example: "memc train model.mem --set D=64 && memc eval model.mem --set D=32",
    fix: "memc train model.mem --set D=64 && memc eval model.mem",
  },
  MEM0919: {
    title: "The output folder holds other files",
    explanation:
      "A build writes all of its files or none. It writes over files that memc wrote and nobody edited since, which " +
      ".memc-manifest.json in the folder tells; any other file in the way stops it, and so does a manifest that cannot be read.",
    example: "memc build model.mem --out src   # src/model.ts is your own",
    fix: "memc build model.mem --out src/generated",
  },
  MEM0920: {
    title: "The spec says nothing about training",
    explanation:
      "memc train follows the train section of the spec: segments, batch, optimiser, steps. A spec without one can be built, " +
      "but not trained.",
    example: "model M { input x[T]; param w[T] starts 1; output y = w * x; loss main = y * y }",
    fix:
      "model M { input x[T]; param w[T] starts 1; output y = w * x; loss main = y * y }\n" +
      "train { segment 8 tokens }",
  },
  MEM0921: {
    title: "The installation is damaged",
    explanation:
      "A file that comes with memc, or with a package it needs, is not there or not what it should be. Nothing of yours is wrong.",
    example: "rm -r node_modules/memc/specs && memc check model.mem",
    fix: "npm install memc && memc check model.mem",
  },
  MEM0922: {
    title: "The weights of a loss sum to less than 0",
    explanation:
      "A loss that is `weighted by w` is the mean of its entries by their weights, which is none where these sum to less than 0: a larger " +
      "loss would then count as a smaller one. The sum is found in a segment of the run, as weights may depend on the data. Weights are " +
      "numbers of at least 0.",
    example: "loss main = cross_entropy(logits, labels) weighted by real(labels == 32) - 1",
    fix: "loss main = cross_entropy(logits, labels) weighted by labels == 32",
  },
} as const satisfies Readonly<Record<string, DiagnosticEntry>>;

export type RunCode = keyof typeof runDiagnostics;
