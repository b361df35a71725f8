import { appendFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  MetricsLog,
  perplexityTerm,
  type StepMetrics,
} from "../../../src/runtime/training/metrics.ts";

const metrics = (step: number): StepMetrics => ({
  step,
  loss: 2.5,
  losses: { main: 2.5 },
  perplexity: Math.exp(2.5),
  tokens: 10,
  tokensPerSecond: 100,
  seconds: 0.1,
  rate: 0.01,
  gradientNorm: 1,
  peakResidentBytes: 1,
});

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "memc-metrics-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe("MetricsLog", () => {
  const steps = (path: string) =>
    readFileSync(path, "utf8")
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line).step);

  it("keeps one line a step", () => {
    const path = join(folder, "new", "metrics.jsonl");
    const log = new MetricsLog(path);
    for (const step of [1, 2]) log.write(metrics(step));
    log.close();
    expect(readFileSync(path, "utf8").split("\n")[0]).toBe(JSON.stringify(metrics(1)));
    expect(steps(path)).toEqual([1, 2]);
  });

  it("continues after a crash: drops the steps after the checkpoint and a torn line", () => {
    const path = join(folder, "metrics.jsonl");
    const log = new MetricsLog(path);
    for (const step of [1, 2, 3]) log.write(metrics(step));
    log.close();
    appendFileSync(path, '{"step":4,"lo');
    const continued = new MetricsLog(path, 2);
    continued.write(metrics(3));
    continued.close();
    expect(steps(path)).toEqual([1, 2, 3]);
  });

  it("says what the steps before reported, as far as it can be read", () => {
    const path = join(folder, "metrics.jsonl");
    const lines = [
      ...Array.from({ length: 200 }, () => '{"step":1,"loss":9}'),
      '{"step":2,"loss":2.5,"perplexity":12.2}',
      ...['{"step":2}', '{"step":2,"loss":"1"}', '{"step":2,"loss":1,"perplexity":{}}', "[2]"],
      ...[
        '{"step":3,"loss":1e999}',
        '{"step":3,"loss":null,"perplexity":null}',
        '{"step":4,"loss":4}',
      ],
    ];
    appendFileSync(path, lines.join("\n"));
    const log = new MetricsLog(path, 3);
    log.close();
    expect(log.before.length).toBeLessThanOrEqual(100);
    expect(log.before.slice(-3)).toEqual([
      { loss: 9 },
      { loss: 2.5, perplexity: 12.2 },
      { loss: null, perplexity: null },
    ]);
  });

  it("starts over for a new training", () => {
    const path = join(folder, "metrics.jsonl");
    for (const step of [5, 1]) {
      const log = new MetricsLog(path);
      log.write(metrics(step));
      log.close();
    }
    expect(steps(path)).toEqual([1]);
  });
});

describe("perplexityTerm", () => {
  it("is the term called main, or the only one", () => {
    expect(perplexityTerm(["mem.kl", "main"])).toBe("main");
    expect(perplexityTerm(["nll"])).toBe("nll");
    expect(perplexityTerm(["a", "b"])).toBeUndefined();
    expect(perplexityTerm([])).toBeUndefined();
  });
});
