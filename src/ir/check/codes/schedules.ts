/** Schedules and the model as a whole: MEM0300 to MEM0339. */
import type { DiagnosticEntry } from "../../../parser/registry.ts";

export const scheduleCodes = {
  MEM0300: {
    title: "Stands twice",
    explanation:
      "`train`, `evaluate` and `generate` stand once in a file, and an entry once in each (`group`, `freeze`, `set` and `data` as often as wanted), like `rate` and `weight_decay` in a group, and each name that `set` or `data` gives. " +
      "`average tokens` counts as a `segment_weights`.",
    example: `model M { input x[T]; output y = x }
evaluate { segment 8 tokens; segment 16 tokens }`,
    fix: `model M { input x[T]; output y = x }
evaluate { segment 16 tokens }`,
  },
  MEM0301: {
    title: "Unknown schedule entry",
    explanation: "A schedule has the entries that the reference lists.",
    example: `model M { input x[T]; output y = x }
evaluate { segmnt 8 tokens }`,
    fix: `model M { input x[T]; output y = x }
evaluate { segment 8 tokens }`,
  },
  MEM0302: {
    title: "Entry without its value",
    explanation: "An entry is followed by a number, a name or paths, as the reference says.",
    example: `model M { input x[T]; output y = x }
evaluate { segment tokens }`,
    fix: `model M { input x[T]; output y = x }
evaluate { segment 8 tokens }`,
  },
  MEM0303: {
    title: "Number outside of an entry's range",
    explanation: "Counts of tokens, streams, segments and steps are whole numbers of at least 1.",
    example: `model M { input x[T]; output y = x }
evaluate { segment 0 tokens }`,
    fix: `model M { input x[T]; output y = x }
evaluate { segment 8 tokens }`,
  },
  MEM0304: {
    title: "Other word than expected",
    explanation:
      "The words after an entry say what it counts or which of a few ways is meant. A value in `set` is one of the model's and has no unit.",
    example: `model M { input x[T]; output y = x }
evaluate { segment 8 streams }`,
    fix: `model M { input x[T]; output y = x }
evaluate { segment 8 tokens }`,
  },
  MEM0307: {
    title: "Unknown way of back-propagation through time",
    explanation:
      "`through_time` is `detach`, `bptt(horizon)`, `checkpoint(horizon, every)` or `mrbp(horizon)`.",
    example: `model M { input x[T]; output y = x; loss main = x * x }
train { through_time rtrl }`,
    fix: `model M { input x[T]; output y = x; loss main = x * x }
train { through_time bptt(horizon = 4); rollout 4 segments }`,
  },
  MEM0308: {
    title: "Weights of the segments",
    explanation:
      "`segment_weights` is `uniform`, `last`, `powers(base)` with a base above 0, or a list of one number of at least 0 for each " +
      "segment of the rollout, not all 0.",
    example: `model M { input x[T]; output y = x; loss main = x * x }
train { rollout 2 segments; segment_weights [1, 2, 3] }`,
    fix: `model M { input x[T]; output y = x; loss main = x * x }
train { rollout 2 segments; segment_weights [1, 2] }`,
  },
  MEM0309: {
    title: "Unknown optimiser",
    explanation: "The optimiser is `adamw`; its rate decays `none`, `cosine` or `linear`.",
    example: `model M { input x[T]; output y = x; loss main = x * x }
train { optimizer sgd(rate = 0.1) }`,
    fix: `model M { input x[T]; output y = x; loss main = x * x }
train { optimizer adamw(rate = 0.1) }`,
  },
  MEM0311: {
    title: "A path of parameters is needed",
    explanation:
      "`group` and `freeze` take paths: `*` is one step of a path, `**` any number: `layer[*].attention.Wq`, `**.bias`.",
    example: `model M { input x[T]; param w starts 1; output y = w * x; loss main = y * y }
train { freeze 3 }`,
    fix: `model M { input x[T]; param w starts 1; output y = w * x; loss main = y * y }
train { freeze w }`,
  },
  MEM0312: {
    title: "Source of an input",
    explanation:
      "`data { labels = tokens ahead 1 }`: an input is another one, so many tokens or one segment further on.",
    example: `model M { input x[T]; target z[T]; output y = x; loss main = (x - z) ^ 2 }
train { data { z = x behind 1 } }`,
    fix: `model M { input x[T]; target z[T]; output y = x; loss main = (x - z) ^ 2 }
train { data { z = x ahead 1 } }`,
  },
  MEM0313: {
    title: "A `set` that cannot be read",
    explanation:
      "`set NAME = VALUE` gives an option or dim of the model another value in this program.",
    example: `model M(scale: real = 2) { input x[T]; output y = scale * x }
evaluate { set scale }`,
    fix: `model M(scale: real = 2) { input x[T]; output y = scale * x }
evaluate { set scale = 3 }`,
  },
  MEM0314: {
    title: "Stride longer than the rollout",
    explanation:
      "`stride` is how many segments further the next rollout starts; more than the rollout would skip some.",
    example: `model M { input x[T]; output y = x; loss main = x * x }
train { rollout 2 segments; stride 3 }`,
    fix: `model M { input x[T]; output y = x; loss main = x * x }
train { rollout 2 segments; stride 1 }`,
  },
  MEM0315: {
    title: "Cut where there is no edge",
    explanation:
      "`cut after 1` stops gradient between segments 1 and 2, counted from 0; the last segment of a rollout has no edge after it.",
    example: `model M { input x[T]; output y = x; loss main = x * x }
train { rollout 2 segments; through_time bptt(horizon = 2); cut after 1 }`,
    fix: `model M { input x[T]; output y = x; loss main = x * x }
train { rollout 2 segments; through_time bptt(horizon = 2); cut after 0 }`,
  },
  MEM0316: {
    title: "Path without a parameter",
    explanation:
      "A warning: no parameter of the model matches a path of `group` or `freeze`, so the entry changes nothing.",
    example: `model M { input x[T]; param w starts 1; output y = w * x; loss main = y * y }
train { freeze v }`,
    fix: `model M { input x[T]; param w starts 1; output y = w * x; loss main = y * y }
train { freeze w }`,
  },
  MEM0317: {
    title: "No such input",
    explanation: "The entries of `data` are about inputs and targets of the model.",
    example: `model M { input x[T]; target z[T]; output y = x; loss main = (x - z) ^ 2 }
train { data { labels = x ahead 1 } }`,
    fix: `model M { input x[T]; target z[T]; output y = x; loss main = (x - z) ^ 2 }
train { data { z = x ahead 1 } }`,
  },
  MEM0318: {
    title: "Horizon longer than the rollout",
    explanation:
      "A warning: gradient goes back through the segments of one rollout at most, so a longer horizon cuts nowhere and changes " +
      "nothing. Make the rollout as long, or the horizon shorter.",
    example: `model M { input x[T]; param w starts 1; output y = w * x; loss main = y * y }
train { through_time bptt(horizon = 4) }`,
    fix: `model M { input x[T]; param w starts 1; output y = w * x; loss main = y * y }
train { through_time bptt(horizon = 4); rollout 4 segments }`,
  },
  MEM0319: {
    title: "Parameter without gradient",
    explanation:
      "A warning: whatever these parameters are, no loss has a gradient to them, so training leaves them as they start. `stop` ends " +
      "gradients, as do ints and flags; a `gradient stop` state ends them at the edge of a segment, and so does a schedule whose " +
      "`through_time` or `rollout` lets none back. `freeze`, or a group of rate 0, says that it is meant.",
    example: `model M { input x[T]; param w, v starts 1; output y = w * x + stop(v); loss main = y * y }
train { steps 10 }`,
    fix: `model M { input x[T]; param w, v starts 1; output y = w * x + v; loss main = y * y }
train { steps 10 }`,
  },
  MEM0320: {
    title: "No model",
    explanation:
      "The file that is checked or built has a model. A file of blocks is imported by one that has.",
    example: "block twice(x[...]) -> [...] { return 2 * x }",
    fix: "model M { input x[T]; output y = 2 * x }",
  },
  MEM0321: {
    title: "Nothing to set there",
    explanation:
      "`set` and `--set` take the address of an option or dim: `width`, `mem.count`, `layer.past.length`.",
    example: `model M(scale: real = 2) { input x[T]; output y = scale * x }
evaluate { set scales = 3 }`,
    fix: `model M(scale: real = 2) { input x[T]; output y = scale * x }
evaluate { set scale = 3 }`,
  },
  MEM0322: {
    title: "Training without a loss",
    explanation:
      "`train` makes the sum of all losses small, so the model, or a block of it, has one.",
    example: `model M { input x[T]; param w starts 1; output y = w * x }
train { steps 10 }`,
    fix: `model M { input x[T]; param w starts 1; output y = w * x; loss main = (y - 1) ^ 2 }
train { steps 10 }`,
  },
  MEM0323: {
    title: "Two axes of unknown size",
    explanation:
      "One axis of the inputs runs along the segment and gets its size from the schedule. Every other is a dim.",
    example: "model M { input x[T]; input z[S]; output y = x + sum(z over S) }",
    fix: "model M { dim S = 4; input x[T]; input z[S]; output y = x + sum(z over S) }",
  },
  MEM0324: {
    title: "Option of the model without a default",
    explanation:
      "Nobody calls a model, so each of its options has a default; `--set` gives it another value.",
    example: "model M(scale: real) { input x[T]; output y = scale * x }",
    fix: "model M(scale: real = 2) { input x[T]; output y = scale * x }",
  },
  MEM0325: {
    title: "`return` in a model",
    explanation: "A model has any number of outputs with names.",
    example: "model M { input x[T]; return 2 * x }",
    fix: "model M { input x[T]; output y = 2 * x }",
  },
  MEM0326: {
    title: "Parameter with two shapes",
    explanation:
      "`train`, `evaluate` and `generate` are builds of one model with the same parameters, so these do not depend on the length of a segment.",
    example: `model M { input x[T]; param w[T] starts 1; output y = w * x; loss main = y * y }
train { segment 8 tokens }
evaluate { segment 16 tokens }`,
    fix: `model M { input x[T]; param w[T] starts 1; output y = w * x; loss main = y * y }
train { segment 8 tokens }`,
  },
  MEM0327: {
    title: "Entry that says nothing here",
    explanation:
      "Entries about training (rollout, stride, through_time, cut, segment_weights, average, optimizer, group, freeze, update, steps) " +
      "say nothing in `evaluate` and `generate`, which read one segment after the other and change no parameters; nor does `stride` " +
      "beside `batching examples`, where each rollout is of new documents. It is a warning.",
    example: `model M { input x[T]; output y = x }
evaluate { steps 3 }`,
    fix: `model M { input x[T]; output y = x }
evaluate { segment 8 tokens }`,
  },
  MEM0328: {
    title: "Fixed draws in training",
    explanation:
      "Training draws new random numbers for each segment of each step, all of them from its seed. `draws fixed`, the same for each " +
      "segment, is for `evaluate` and `generate`.",
    example: `model M { input x[T]; param w starts 1; output y = dropout(w * x); loss main = y * y }
train { draws fixed }`,
    fix: `model M { input x[T]; param w starts 1; output y = dropout(w * x); loss main = y * y }
train { steps 100 }
evaluate { draws fixed }`,
  },
} as const satisfies Readonly<Record<`MEM03${string}`, DiagnosticEntry>>;
