/** What one check of one program carries along. */
import type { SourceFile } from "../../parser/diagnostic.ts";
import type { Span } from "../../parser/tree.ts";
import type { GraphFunction, Origin } from "../graph.ts";
import type { Template } from "./calls/template.ts";
import type { CheckedAxis } from "./entities.ts";
import type { Instance } from "./instances/instance.ts";
import { problem, type Report } from "./problem.ts";
import type { Settings } from "./schedules/setting.ts";

const deepestNesting = 64;
const deepestExpression = 1500;
const mostSteps = 500_000;
const mostOperations = 20_000;

export class Checker {
  readonly report: Report;
  readonly training: boolean;
  /** Name of the axis that a segment's tokens run along. */
  readonly segmentAxis: string;
  /** Last segments of the addresses that are to be visible (`--probe`). */
  readonly probes: ReadonlySet<string>;
  /** `--set` and `set` entries by address: `mem.count`. */
  readonly overrides: Settings;
  /** What else these names are: a number, an axis, a memory. */
  readonly withoutProbe = new Map<string, string>();
  readonly usedOverrides = new Set<string>();
  /** Addresses of options and dims that were asked for a setting. */
  readonly addresses = new Set<string>();
  /**
   * Axes of states and parameters that the formals of calls bind (rule R3), by declaration and name: what an earlier attempt
   * found, so that what only reads the tensor may stand before the call that binds its axes.
   */
  readonly memberAxes: Map<string, Map<string, CheckedAxis>>;
  /** Memories of all programs by where they are declared. */
  readonly memories: Map<string, Instance>;
  /** Operations over the batch, by `originKey`. */
  readonly overBatch = new Map<string, Span>();
  readonly templates = new Map<string, Template>();
  readonly functions = new Map<string, GraphFunction>();
  /** The function that a call of the graph names. */
  readonly functionCalled = (name: string): GraphFunction => {
    const found = this.functions.get(name);
    if (found === undefined) throw new Error(`No function is called ${name}.`);
    return found;
  };
  /** Blocks being checked, outermost first: a block cannot call itself. */
  readonly calls: string[] = [];
  /** Definitions being worked out, outermost first: none may depend on itself. */
  private readonly open: { readonly name: string; readonly span: Span }[] = [];
  private steps = 0;
  /** Expressions being worked out. */
  depth = 0;
  private operations = 0;
  private readonly functionNames = new Set<string>();
  private readonly lineStarts: ReadonlyMap<string, readonly number[]>;

  constructor(parts: {
    readonly report: Report;
    readonly training: boolean;
    readonly segmentAxis: string;
    readonly probes: ReadonlySet<string>;
    readonly overrides: Settings;
    readonly sources: readonly SourceFile[];
    readonly memberAxes: Map<string, Map<string, CheckedAxis>>;
    readonly memories: Map<string, Instance>;
  }) {
    this.report = parts.report;
    this.training = parts.training;
    this.segmentAxis = parts.segmentAxis;
    this.probes = parts.probes;
    this.overrides = parts.overrides;
    this.memberAxes = parts.memberAxes;
    this.memories = parts.memories;
    this.lineStarts = new Map(parts.sources.map(({ path, text }) => [path, startsOfLines(text)]));
  }

  /** Runs a step that may need others of its kind: a definition that depends on others, a loop within loops. */
  nested<Result>(name: string, span: Span, step: () => Result): Result {
    const same = (each: { readonly span: Span }) =>
      each.span.start === span.start && each.span.file === span.file;
    if (this.open.some(same)) {
      throw problem("MEM0117", span, `${name} depends on itself.`, {
        notes: this.open
          .slice(this.open.findIndex(same) + 1)
          .map((each) => ({ message: `It needs ${each.name}.`, span: each.span })),
      });
    }
    this.deeper(name, span);
    this.open.push({ name, span });
    try {
      return step();
    } finally {
      this.open.pop();
    }
  }

  /** Throws where definitions, loops and calls are nested too deeply for one more. */
  deeper(name: string, span: Span): void {
    if (this.open.length + this.calls.length < deepestNesting) return;
    throw problem("MEM0264", span, `${name} is more than ${deepestNesting} levels deep.`);
  }

  /** Counts one evaluation, so that a spec cannot take unbounded time. */
  step(span: Span): void {
    if (this.depth > deepestExpression) {
      throw problem(
        "MEM0264",
        span,
        `Expressions are more than ${deepestExpression} deep, blocks that they call included.`,
      );
    }
    this.steps += 1;
    if (this.steps > mostSteps) {
      throw problem("MEM0265", span, `Working this spec out takes more than ${mostSteps} steps.`);
    }
  }

  /** Counts one operation of the model. */
  operation(span: Span): void {
    this.operations += 1;
    if (this.operations > mostOperations) {
      throw problem("MEM0262", span, `This model has more than ${mostOperations} operations.`, {
        help: "A repeat whose body does not use its index is one loop, however often it runs.",
      });
    }
  }

  /** Notes an operation over the batch: what it gives may reach no state (rule R14). */
  noteBatch(span: Span): void {
    this.overBatch.set(originKey(this.origin(span)), span);
  }

  /** Gives a function's name back, when its body is checked again. */
  releaseName(name: string): void {
    this.functionNames.delete(name);
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

/** The place of an operation as a key. */
export const originKey = ({ file, line, column }: Origin): string => `${file}:${line}:${column}`;

function startsOfLines(text: string): readonly number[] {
  const starts = [0];
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
  return starts;
}
