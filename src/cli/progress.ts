/** The line that shows how training goes: redrawn in place for a person, a line now and then for a log. */
import type { StepLosses, StepMetrics } from "../runtime/training/metrics.ts";
import { createLiveLine } from "./live-line.ts";
import type { Terminal } from "./terminal.ts";

/** What is known after an optimiser step, and how many steps there are. */
export type StepReport = Pick<
  StepMetrics,
  "step" | "loss" | "perplexity" | "tokensPerSecond" | "peakResidentBytes"
> & { readonly steps: number };

export interface Progress {
  show(report: StepReport, now: number): void;
  /** Leaves the last line standing. */
  finish(): void;
}

/** Milliseconds between two lines in a log. */
const interval = 5000;

/**
 * `before` are the steps of the run that goes on, the last ones at least; the means begin with them. `begin` and `now` are in
 * milliseconds of any clock that does not run backwards. The time that is left follows from the time between steps, with whatever is
 * done there; there is no estimate before the second step, as the first one prepares the engine.
 */
export function createProgress(
  terminal: Terminal,
  begin: number,
  before: readonly StepLosses[] = [],
): Progress {
  const live = createLiveLine(terminal);
  let last = Number.NEGATIVE_INFINITY;
  const smooth = createSmoothing();
  for (const step of before) smooth(step);
  let first: { readonly step: number; readonly now: number } | undefined;
  const timeText = ({ step, steps }: StepReport, now: number): string | undefined => {
    if (step === steps) return `in ${duration(now - begin)}`;
    if (first === undefined || step === first.step) return undefined;
    const pace = (now - first.now) / (step - first.step);
    return `ETA ${duration(pace * (steps - step))}`;
  };
  return {
    show(report, now) {
      first ??= { step: report.step, now };
      const smoothed = smooth(report);
      const fields = progressFields(smoothed, timeText(report, now));
      const ended = report.step >= report.steps;
      if (terminal.interactive) {
        if (ended) live.showLast(fields);
        else live.show(fields, now);
      } else if (ended || now - last >= interval) {
        last = now;
        terminal.err(`${fields.join("  ")}\n`);
      }
    },
    finish: live.leave,
  };
}

/**
 * Loss and logarithm of the perplexity as running means over about ten steps: single steps jump too much to be read. Steps in which nothing
 * counts have neither, and leave the means as they are.
 */
function createSmoothing(): <Report extends StepLosses>(report: Report) => Report {
  const [loss, entropy] = [createMean(), createMean()];
  return (report) => {
    const smoothed = { ...report, loss: loss(report.loss) };
    const { perplexity } = report;
    if (perplexity === undefined) return smoothed;
    const mean = entropy(perplexity === null ? null : Math.log(perplexity));
    return { ...smoothed, perplexity: mean === null ? null : Math.exp(mean) };
  };
}

/** A mean in which each value weighs 0.9 of the one after it; null before the first. */
function createMean(): (value: number | null) => number | null {
  let [sum, weight] = [0, 0];
  return (value) => {
    if (value !== null) {
      sum = 0.9 * sum + value;
      weight = 0.9 * weight + 1;
    }
    return weight === 0 ? null : sum / weight;
  };
}

/** `step 120/600  loss 2.3142  perplexity 10.12  5,321 tokens/s  ETA 1:23  peak 512 MiB`, in parts; `time` may be unknown. */
export function progressFields(report: StepReport, time: string | undefined): readonly string[] {
  const { step, steps, loss, perplexity, tokensPerSecond, peakResidentBytes } = report;
  return [
    `step ${String(step).padStart(String(steps).length)}/${steps}`,
    `loss ${loss === null ? nothing : loss.toFixed(4)}`,
    ...(perplexity === undefined ? [] : [`perplexity ${perplexityText(perplexity)}`]),
    `${Math.round(tokensPerSecond).toLocaleString("en-US")} tokens/s`,
    ...(time === undefined ? [] : [time]),
    `peak ${bytes(peakResidentBytes)}`,
  ];
}

/** What stands for the mean of nothing. */
export const nothing = "–";

/** A perplexity with as many digits as it deserves. */
export function perplexityText(value: number | null): string {
  if (value === null) return nothing;
  if (!Number.isFinite(value)) return String(value);
  if (value >= 1e5) return value.toExponential(2);
  return value >= 100 ? value.toFixed(1) : value.toFixed(value >= 10 ? 2 : 3);
}

/** `0:07`, `1:23`, `2:05:00` of milliseconds. */
export function duration(milliseconds: number): string {
  if (!Number.isFinite(milliseconds)) return "?";
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  const minutes = Math.floor(seconds / 60);
  const two = (value: number) => String(value).padStart(2, "0");
  return minutes < 60
    ? `${minutes}:${two(seconds % 60)}`
    : `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(seconds % 60)}`;
}

/** `512 B`, `1.5 KiB`, `256 MiB`, `2.1 GiB`. */
export function bytes(count: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let value = count;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}
