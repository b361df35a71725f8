/** What one check of one program carries along. */
import type { SourceFile } from "../../parser/diagnostic.ts";
import type { Span } from "../../parser/tree.ts";
import type { GraphFunction, Origin } from "../graph.ts";
import type { Report } from "./problem.ts";
import type { Template } from "./template.ts";

export class Checker {
  readonly report: Report;
  readonly training: boolean;
  /** Name of the axis that a segment's tokens run along. */
  readonly segmentAxis: string;
  /** Last segments of the addresses that are to be visible (`--probe`). */
  readonly probes: ReadonlySet<string>;
  /** `--set` and `set` entries by address: `mem.count`. */
  readonly overrides: ReadonlyMap<string, string>;
  readonly usedOverrides = new Set<string>();
  readonly templates = new Map<string, Template>();
  readonly functions = new Map<string, GraphFunction>();
  /** Blocks being checked, outermost first: a block cannot call itself. */
  readonly calls: string[] = [];
  private readonly functionNames = new Set<string>();
  private readonly lineStarts: ReadonlyMap<string, readonly number[]>;

  constructor(parts: {
    readonly report: Report;
    readonly training: boolean;
    readonly segmentAxis: string;
    readonly probes: ReadonlySet<string>;
    readonly overrides: ReadonlyMap<string, string>;
    readonly sources: readonly SourceFile[];
  }) {
    this.report = parts.report;
    this.training = parts.training;
    this.segmentAxis = parts.segmentAxis;
    this.probes = parts.probes;
    this.overrides = parts.overrides;
    this.lineStarts = new Map(parts.sources.map(({ path, text }) => [path, startsOfLines(text)]));
  }

  /** A name for a function that no other has: `attention`, `attention2`. */
  functionName(wanted: string): string {
    let name = wanted;
    for (let count = 2; this.functionNames.has(name); count++) name = `${wanted}${count}`;
    this.functionNames.add(name);
    return name;
  }

  origin(span: Span): Origin {
    const starts = this.lineStarts.get(span.file) ?? [0];
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((starts[middle] ?? 0) <= span.start) low = middle;
      else high = middle - 1;
    }
    return { file: span.file, line: low + 1, column: span.start - (starts[low] ?? 0) + 1 };
  }
}

function startsOfLines(text: string): readonly number[] {
  const starts = [0];
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
  return starts;
}
