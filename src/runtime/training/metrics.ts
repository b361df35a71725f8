/** What a training step reports, and the log that keeps it: one JSON object a line. */
import { closeSync, existsSync, openSync, readFileSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { makeFolder, namingFile, replaceFile } from "./disk.ts";

export interface StepMetrics {
  /** Optimiser steps done, this one included. */
  readonly step: number;
  /** Sum of the loss terms' means; null where no term counts anything. */
  readonly loss: number | null;
  /** Each loss term by address: its mean over the step's segments (see LossMeans), null where it counts nothing. */
  readonly losses: Readonly<Record<string, number | null>>;
  /** exp of the term called `main`, or of the only term; null where that counts nothing, absent where there is neither. */
  readonly perplexity?: number | null;
  /** Valid tokens that went through the model. */
  readonly tokens: number;
  readonly tokensPerSecond: number;
  readonly seconds: number;
  /** Learning rate of parameters in no group. */
  readonly rate: number;
  /** Norm of the gradient before clipping. */
  readonly gradientNorm: number;
  /** Most bytes the process has had resident so far. */
  readonly peakResidentBytes: number;
}

/** What a step says of how well the model predicts. */
export type StepLosses = Pick<StepMetrics, "loss" | "perplexity">;

/** Term whose exponential is the perplexity: `main`, or the only one. */
export function perplexityTerm(terms: readonly string[]): string | undefined {
  if (terms.includes("main")) return "main";
  return terms.length === 1 ? terms[0] : undefined;
}

/** exp of a term's mean; null where it counts nothing. */
export function perplexityOf(mean: number | null | undefined): number | null {
  return mean === null || mean === undefined ? null : Math.exp(mean);
}

/** Most bytes that the process has had resident so far. */
export function peakResidentBytes(): number {
  return process.resourceUsage().maxRSS * 1024;
}

/** More steps than a running mean over about ten shows anything of. */
const mostBefore = 100;

/** A JSONL file of step metrics. Continuing from step n keeps the lines up to n and drops what came after. */
export class MetricsLog {
  readonly #path: string;
  readonly #file: number;
  /** Of the last steps before, as far as the file can be read: it may be anybody's. */
  readonly before: readonly StepLosses[];

  constructor(path: string, continueFrom = 0) {
    this.#path = path;
    makeFolder(dirname(path));
    const before = existsSync(path) ? readFileSync(path, "utf8") : "";
    const lines = before.split("\n").filter((line) => stepOf(line) <= continueFrom);
    this.before = lines.slice(-mostBefore).flatMap(lossesOf);
    const kept = lines.map((line) => `${line}\n`).join("");
    if (kept !== before) replaceFile(path, new TextEncoder().encode(kept));
    this.#file = openSync(path, "a");
  }

  write(metrics: StepMetrics): void {
    namingFile(this.#path, () => writeSync(this.#file, `${JSON.stringify(metrics)}\n`));
  }

  close(): void {
    closeSync(this.#file);
  }
}

/** Step of a line; infinite for what is no line of metrics, such as one cut by a crash. */
function stepOf(line: string): number {
  try {
    const entry: unknown = JSON.parse(line);
    if (typeof entry === "object" && entry !== null && "step" in entry) {
      return typeof entry.step === "number" ? entry.step : Number.POSITIVE_INFINITY;
    }
  } catch {
    // A torn last line is expected after a crash.
  }
  return Number.POSITIVE_INFINITY;
}

/** What a line that has a step says of its losses; nothing where that is not what a step says. */
function lossesOf(line: string): readonly StepLosses[] {
  const { loss, perplexity }: Readonly<Record<string, unknown>> = JSON.parse(line);
  const isMean = (value: unknown): value is number | null =>
    value === null || (typeof value === "number" && Number.isFinite(value));
  if (!isMean(loss)) return [];
  if (perplexity === undefined) return [{ loss }];
  return isMean(perplexity) ? [{ loss, perplexity }] : [];
}
