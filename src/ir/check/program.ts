/** One program of a model, train, evaluate or generate, from the model's statements to its graph. */

import type { Diagnostic, SourceFile } from "../../parser/diagnostic.ts";
import type { InputStatement, ModelDefinition } from "../../parser/tree.ts";
import type { NumberExpression } from "../graph.ts";
import type { Dim, InputInfo, Program } from "../program.ts";
import { assemble, finishMain } from "./assemble.ts";
import { Checker } from "./checker.ts";
import type { Declaration } from "./declaration.ts";
import type { Place } from "./emit.ts";
import type { CheckedAxis } from "./entities.ts";
import { Frame, implicitKey } from "./frame.ts";
import type { Instance } from "./instances/instance.ts";
import { finishInstances } from "./instances/segment-end.ts";
import { modelOptions, runModelStatement, segmentAxis } from "./model.ts";
import type { Program as Resolved } from "./names/definitions.ts";
import { refuseBatchInStates } from "./over-batch.ts";
import { problem, Report } from "./problem.ts";
import type { CheckedSchedule } from "./schedules/schedule.ts";
import type { Settings } from "./schedules/setting.ts";
import { Scope } from "./scope.ts";
import { indexedNames } from "./syntax.ts";

interface Making {
  readonly kind: Program["kind"];
  readonly resolved: Resolved;
  readonly model: ModelDefinition;
  readonly schedule: CheckedSchedule;
  readonly report: Report;
  readonly sources: readonly SourceFile[];
  readonly settings: Settings;
  readonly probes: ReadonlySet<string>;
  readonly used: Set<string>;
  readonly memories: Map<string, Instance>;
}

export interface MadeProgram {
  readonly program: Program;
  /** Of its parameters, states and draws, by their addresses in the model. */
  readonly declarations: readonly Declaration[];
  /** Addresses that can be set. */
  readonly addresses: readonly string[];
  /** What names that a probe asks for are besides tensors. */
  readonly withoutProbe: ReadonlyMap<string, string>;
}

/** A chain of more memories than this, each written from one that stands behind it, is not resolved. */
const mostAttempts = 8;

/**
 * Checks one program; where it fails, again with the axes of states and parameters that the attempts before saw calls bind (rule R3), as
 * long as there are new ones: what uses such a tensor may stand before the call that binds its axes.
 */
export function checkProgram(making: Making): MadeProgram | undefined {
  const memberAxes: MemberAxes = new Map();
  const attempt = (): {
    readonly report: Report;
    readonly made: MadeProgram | undefined;
    readonly end?: unknown;
  } => {
    const report = new Report(making.report.unread);
    try {
      return { report, made: attemptProgram({ ...making, report }, memberAxes) };
    } catch (end) {
      return { report, made: undefined, end };
    }
  };
  let { report, made, end } = attempt();
  let earlier: Report | undefined;
  for (let count = 1, known = 0; count < mostAttempts; count += 1) {
    const found = boundAxes(memberAxes).length;
    if (!report.failed || end !== undefined || found === known) break;
    known = found;
    earlier = report;
    ({ report, made, end } = attempt());
  }
  for (const diagnostic of report.list()) making.report.add(diagnostic);
  if (end === undefined) return made;
  // An attempt that a limit cuts short has not come to everything that is wrong.
  const bound = new Set(boundAxes(memberAxes));
  for (const diagnostic of earlier?.list() ?? []) {
    const { code, span } = diagnostic;
    const file = making.sources.find(({ path }) => path === span.file);
    const waits = code === "MEM0111" && bound.has(file?.text.slice(span.start, span.end) ?? "");
    if (!waits) making.report.add(diagnostic);
  }
  throw end;
}

/** Names of the axes that calls were seen to bind, once for each instance. */
function boundAxes(memberAxes: MemberAxes): readonly string[] {
  return [...memberAxes.values()].flatMap((axes) => [...axes.keys()]);
}

type MemberAxes = Map<string, Map<string, CheckedAxis>>;

function attemptProgram(making: Making, memberAxes: MemberAxes): MadeProgram | undefined {
  const { kind, resolved, model, schedule, report, sources, settings, probes, used, memories } =
    making;
  const inputs = model.body.filter((each): each is InputStatement => each.kind === "input");
  const { axis, unsized } = segmentAxis(model, inputs, report);
  const overrides = new Map([...schedule.settings, ...settings]);
  const checker = new Checker({
    report,
    training: kind === "train",
    segmentAxis: axis,
    probes,
    overrides,
    sources,
    memberAxes,
    memories,
  });
  const dims: Dim[] = [];
  const formalValues = new Map<string, number>();
  const frame = new Frame(
    checker.functionName("segment"),
    model.name.text,
    undefined,
    formalValues,
    {
      isMain: true,
      address: [],
      indexed: indexedNames(model.body),
    },
  );
  const scope = new Scope({ frame, definitions: resolved.definitions });
  const place: Place = { checker, scope };
  const outputs: { name: string; doc?: string }[] = [];
  const declared: InputInfo[] = [];
  const addDim = (name: string, value: number, text: NumberExpression) => {
    formalValues.set(name, value);
    dims.push({ name, value, size: { value, text } });
  };
  const { tokens } = schedule.schedule.segment;
  report.attempt(() => {
    addDim(axis, tokens, { kind: "literal", value: tokens });
    for (const name of unsized) scope.names.set(name, { kind: "poison" });
    const T: CheckedAxis = {
      name: axis,
      size: tokens,
      declared: { kind: "formal", name: axis },
      data: true,
    };
    scope.fixAxes([T]);
    modelOptions(place, model.options, formalValues);
    const fresh = frame.input("fresh", { number: "flag", axes: [], batch: true }, "argument", [
      "fresh",
    ]);
    const valid = frame.input("valid", { number: "flag", axes: [T], batch: true }, "argument", [
      "valid",
    ]);
    frame.globals.set("fresh", fresh);
    frame.globals.set(implicitKey({ kind: "valid", axis }), valid);
    for (const statement of model.body) {
      runModelStatement(place, statement, { addDim, declared, outputs, axis: T });
    }
    finishInstances(place, frame);
  });
  for (const name of checker.usedOverrides) used.add(name);
  if (frame.losses.length === 0 && kind === "train" && report.sound) {
    report.add(
      problem("MEM0322", model.name.span, `${model.name.text} is trained but has no loss.`, {
        help: "loss main = cross_entropy(logits, labels)",
      }).diagnostic,
    );
  }
  if (report.failed) return undefined;
  const graph = finishMain(place, model, outputs);
  refuseBatchInStates(graph, checker.overBatch, frame.declarations, report);
  if (report.failed) return undefined;
  const parts = { kind, graph, dims, declared, outputs, frame, schedule, axis };
  return {
    program: assemble(parts),
    declarations: frame.declarations,
    addresses: [...checker.addresses],
    withoutProbe: checker.withoutProbe,
  };
}

export type { Diagnostic, SourceFile };
