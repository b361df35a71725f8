/** The checked program: its graph with the declarations that the graph's inputs and results stand for. */

import type { ModelDefinition } from "../../parser/tree.ts";
import type { Graph, GraphFunction } from "../graph.ts";
import type { Dim, InputInfo, Program, SizedAxis } from "../program.ts";
import { calleeOf } from "../rewrite.ts";
import { toValue } from "./calls/results.ts";
import type { Declaration } from "./declaration.ts";
import { asTensor, type Place } from "./emit.ts";
import type { CheckedAxis } from "./entities.ts";
import type { Frame } from "./frame.ts";
import { addLossResults } from "./loss-terms.ts";
import { addProbes } from "./probe.ts";
import { withScopesApart } from "./probe-scopes.ts";
import type { CheckedSchedule } from "./schedules/schedule.ts";

export const sized = (axis: CheckedAxis): SizedAxis => ({
  name: axis.name,
  size: { value: axis.size, text: axis.declared },
});

export function finishMain(
  place: Place,
  model: ModelDefinition,
  outputs: readonly { readonly name: string }[],
): Graph {
  const { scope, checker } = place;
  const { frame } = scope;
  const { builder } = frame;
  for (const { name } of outputs) {
    const entity = scope.names.get(name);
    if (entity === undefined) continue;
    const { operand } = toValue(place, asTensor(scope, entity, model.name.span), model.name.span);
    if ("name" in operand) builder.result(operand, { role: "return", path: [name] });
  }
  for (const { path, value } of frame.next) builder.result(value, { role: "next", path });
  addLossResults(builder, frame.losses);
  addProbes(place);
  const main = {
    ...builder.finish(),
    numbers: frame.formals,
    file: model.span.file,
    ...(model.doc === undefined ? {} : { doc: model.doc }),
  };
  const called = reachable(new Map([...checker.functions, [main.name, main]]), main.name);
  const functions = checker.probes.size === 0 ? called : withScopesApart(called);
  return { functions, main: main.name };
}

/** The functions that main calls, however deep; one may be left over from a body that was checked again. */
function reachable(
  functions: ReadonlyMap<string, GraphFunction>,
  main: string,
): ReadonlyMap<string, GraphFunction> {
  const reached = new Set<string>();
  const waiting = [main];
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    if (reached.has(name)) continue;
    reached.add(name);
    waiting.push(...(functions.get(name)?.nodes ?? []).flatMap((node) => calleeOf(node) ?? []));
  }
  return new Map([...functions].filter(([name]) => reached.has(name)));
}

interface Parts {
  readonly kind: Program["kind"];
  readonly graph: Graph;
  readonly dims: readonly Dim[];
  readonly declared: readonly InputInfo[];
  readonly outputs: Program["outputs"];
  readonly frame: Frame;
  readonly schedule: CheckedSchedule;
  readonly axis: string;
}

export function assemble({
  kind,
  graph,
  dims,
  declared,
  outputs,
  frame,
  schedule,
  axis,
}: Parts): Program {
  const common = ({ path, copies, axes, doc, owner }: Declaration) => ({
    path,
    copies,
    axes: axes.map(sized),
    owner,
    ...(doc === undefined ? {} : { doc }),
  });
  return {
    kind,
    graph,
    dims,
    inputs: declared,
    outputs,
    losses: frame.losses.map(({ path }) => path),
    parameters: frame.declarations.flatMap((each) =>
      each.role === "parameter"
        ? [
            {
              ...common(each),
              start: each.start,
              ...(each.inAxes === undefined ? {} : { inAxes: each.inAxes }),
            },
          ]
        : [],
    ),
    states: frame.declarations.flatMap((each) =>
      each.role === "state"
        ? [{ ...common(each), kind: each.number, gradient: each.gradient }]
        : [],
    ),
    draws: frame.declarations.flatMap((each) =>
      each.role === "draw"
        ? [{ ...common(each), distribution: each.distribution, shared: each.shared }]
        : [],
    ),
    schedule: { ...schedule.schedule, segment: { axis, tokens: schedule.schedule.segment.tokens } },
  };
}
