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
      "the spec declares: the spec, or a dim or option given by --set, is not what it was. Nothing was read from it.",
    example: "memc eval model.mem --checkpoint runs/model --set D=32   # trained with D=64",
    fix: "memc eval model.mem --checkpoint runs/model --set D=64",
  },
  MEM0913: {
    title: "There is no training to go on from",
    explanation:
      "The folder that was named, or the first one below runs/ that a training of this spec would take, holds no training, or " +
      "one that ended before its first checkpoint.",
    example: "memc sample model.mem --checkpoint new-folder",
    fix: "memc train model.mem --out new-folder && memc sample model.mem --checkpoint new-folder",
  },
  MEM0914: {
    title: "The numbers broke down",
    explanation:
      "The loss, or the norm of its gradient, is no finite number. The step was run again in float64 to find the first " +
      "operation that made a NaN or an infinite number, and the lines of the spec it comes from. The parameters before the " +
      "step are unharmed. Often the rate is too high, or a root, logarithm or quotient gets a number it is not defined for.",
    example: "y = log(x)",
    fix: "y = log(max(x, 1e-6))",
  },
  MEM0915: {
    title: "A file or folder cannot be written",
    explanation:
      "Checkpoints and metrics go to the folder that --out names, or to runs/ in the shell's folder. The system refuses to " +
      "write there; its own words are quoted. A checkpoint that was complete before stays as it is.",
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
      "must be this one: with the same seed, and with no more steps than are asked for.",
    example: "memc train model.mem --out runs/model --seed 7   # runs/model holds a training",
    fix: "memc train model.mem --out runs/seed-7 --seed 7",
  },
} as const satisfies Readonly<Record<string, DiagnosticEntry>>;

export type RunCode = keyof typeof runDiagnostics;
