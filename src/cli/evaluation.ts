/** What a model achieves on text or a task it was not trained on, beside what counting achieves. */
import type { HostTensor } from "../ops/types.ts";
import type { Engine } from "../runtime/engine.ts";
import type { ModelDefinition } from "../runtime/model.ts";
import type { Evaluation } from "../runtime/training/evaluator.ts";
import type { TrainingDefinition } from "../runtime/training.ts";
import { evaluationEpisodes, evaluationSource, taskOf } from "./corpus-source.ts";
import type { Corpus } from "./documents.ts";
import { InputError } from "./exit.ts";
import { createLiveLine } from "./live-line.ts";
import { nothing, perplexityText } from "./progress.ts";
import type { Runtime } from "./runtime.ts";
import type { Terminal } from "./terminal.ts";

export interface EvaluationRequest {
  readonly model: ModelDefinition;
  /** What trained it, if the spec says; a task's episodes are as long as there. */
  readonly training: TrainingDefinition | undefined;
  readonly corpus: Corpus;
  readonly engine: Engine;
  readonly parameters: ReadonlyMap<string, HostTensor>;
  readonly seed: number;
}

export interface Comparison {
  readonly evaluation: Evaluation;
  /** Perplexities of byte models that count the training text; only for text. */
  readonly baselines?: { readonly bigram: number; readonly trigram: number };
  /** Share of answers that guessing among a task's symbols gets right; only for tasks. */
  readonly guessing?: number;
}

/** Evaluates on the held-out documents, or on fresh episodes of the task. */
export async function runEvaluation(
  { corpus, training, ...request }: EvaluationRequest,
  runtime: Runtime,
  terminal: Terminal,
): Promise<Comparison> {
  const source = evaluationSource(runtime, corpus, request.model, request.seed, training);
  const live = createLiveLine(terminal);
  const onSegment = (segments: number) => {
    live.show([`evaluating: segment ${segments.toLocaleString("en-US")}`], performance.now());
  };
  const evaluation = await runtime
    .evaluateModel({ ...request, source, onSegment })
    .finally(live.erase);
  requireFinite(evaluation);
  if (corpus.kind === "task") {
    const { guessing } = taskOf(runtime, corpus.name, request.model, training);
    return { evaluation, guessing };
  }
  // Counts of all bytes say nothing of a loss that weighs them.
  if (evaluation.perplexity === undefined || weighsApart(evaluation)) return { evaluation };
  const counts = new runtime.ByteCounts(corpus.training);
  const { bigramPerplexity, trigramPerplexity } = runtime.byteBaselines(counts, corpus.heldOut);
  return { evaluation, baselines: { bigram: bigramPerplexity, trigram: trigramPerplexity } };
}

/**
 * Whether a loss that the spec weighs is another one than the mean over what accuracy is about, each counted once: every token of a
 * text, every answer of a task. Figures in float32 differ a little.
 */
function weighsApart({ weight, perplexity, crossEntropy }: Evaluation): boolean {
  if (weight === undefined) return false;
  if (typeof perplexity !== "number" || crossEntropy === undefined) return true;
  return Math.abs(Math.log(perplexity) - crossEntropy) > 1e-4 * (1 + crossEntropy);
}

/** A perplexity that is no number is no result. */
function requireFinite({ losses }: Evaluation): void {
  const broken = Object.entries(losses).find(([, loss]) => loss !== null && !Number.isFinite(loss));
  if (broken === undefined) return;
  throw new InputError(
    `the loss ${broken[0]} on the held-out data is ${broken[1]}`,
    "the parameters, or what the model makes of this data, are no finite numbers: use another checkpoint",
    "MEM0914",
  );
}

/** What an evaluation reads. */
export function evaluatedText(corpus: Corpus): string {
  return corpus.kind === "task"
    ? `${corpus.name}, ${evaluationEpisodes} episodes`
    : corpus.heldOutName;
}

/** A line a figure, for people, and one of the data where it is given. */
export function comparisonText(
  { evaluation, baselines, guessing }: Comparison,
  corpus?: Corpus,
): string {
  const { perplexity, weight, accuracy, scored, tokens, losses } = evaluation;
  const rows: (readonly [what: string, value: string])[] = [];
  if (perplexity !== undefined) {
    const weighted = weighsApart(evaluation)
      ? ` (weighted: ${weightText(weight ?? 0)} in all)`
      : "";
    rows.push(["held-out perplexity", perplexityText(perplexity) + weighted]);
  }
  if (baselines !== undefined) {
    rows.push(["  byte bigram", perplexityText(baselines.bigram)]);
    rows.push(["  byte trigram", perplexityText(baselines.trigram)]);
  }
  if (accuracy !== undefined) {
    const what = scored === tokens ? "tokens" : "answers";
    const share = `${percent(accuracy)} of ${scored.toLocaleString("en-US")} ${what}`;
    const scale = guessing === undefined ? "" : ` (guessing: ${percent(guessing)})`;
    rows.push(["accuracy", `${share}${scale}`]);
  }
  for (const [address, loss] of Object.entries(losses)) {
    rows.push([`loss ${address}`, loss === null ? nothing : loss.toFixed(4)]);
  }
  rows.push(["tokens", tokens.toLocaleString("en-US")]);
  if (corpus !== undefined) rows.push(["data", evaluatedText(corpus)]);
  const width = Math.max(...rows.map(([what]) => what.length));
  return rows.map(([what, value]) => `${what.padEnd(width)}  ${value}\n`).join("");
}

/** A sum of weights; a small one with the digits that it has. */
function weightText(weight: number): string {
  const form = weight < 1000 ? { maximumSignificantDigits: 4 } : { maximumFractionDigits: 0 };
  return weight.toLocaleString("en-US", form);
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
