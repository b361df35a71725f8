/** Parameters that the train program has but no loss can move: warned about by what cuts their gradient off (rules R13 and R15). */

import type { Name } from "../../../parser/tree.ts";
import { ActivityAnalysis } from "../../gradient/activity.ts";
import type { GraphFunction } from "../../graph.ts";
import type { Program } from "../../program.ts";
import type { Declaration } from "../declaration.ts";
import { type Report, warning } from "../problem.ts";
import { matches } from "./references.ts";

/** What keeps the gradient of a parameter away; `states` are those it reaches the edge of a segment by. */
type Reason =
  | { readonly kind: "nothing" }
  | { readonly kind: "schedule" | "stop"; readonly states: readonly string[] };

interface Untrained {
  readonly addresses: readonly string[];
  readonly reason: Reason;
}

/** Warns of parameters without any gradient, once for each reason. Those that are frozen or never used are not its matter. */
export function warnOfUntrained(
  program: Program,
  declarations: readonly Declaration[],
  train: Name,
  report: Report,
): void {
  const unused = new Set(
    report.list().flatMap(({ code, span }) => (code === "MEM0195" ? [placeOf(span)] : [])),
  );
  const spans = new Map(declarations.map(({ path, span }) => [path.join("."), span]));
  const candidates = [...spans].flatMap(([address, span]) =>
    unused.has(placeOf(span)) || isFrozen(program, address) ? [] : [address],
  );
  for (const { addresses, reason } of untrained(program, new Set(candidates))) {
    const own = addresses
      .flatMap((address) => spans.get(address) ?? [])
      .find(({ file }) => !file.startsWith("std/"));
    const several = addresses.length > 1;
    const states = reason.kind === "nothing" ? [] : reason.states;
    const message = `No loss gives ${listed(addresses)} a gradient, so ${several ? "they stay as they start" : "it stays as it starts"}.`;
    const notes =
      reason.kind === "stop"
        ? states.map((state) => ({
            message: `${state} is \`gradient stop\`: no gradient crosses the edge of a segment there.`,
            ...spanned(spans.get(state)),
          }))
        : reason.kind === "schedule"
          ? [
              {
                message: `It goes through ${listed(states)} into later segments, and ${edges(program)}.`,
              },
            ]
          : [];
    report.add(
      warning("MEM0319", own ?? train.span, message, {
        notes,
        help: `${remedies[reason.kind]}, or say that it is meant: freeze ${addresses.join(", ")}.`,
      }),
    );
  }
}

/** Whether the schedule says that a parameter is not trained: by `freeze`, or by 0 as the last rate that a group gives it. */
function isFrozen({ schedule }: Program, address: string): boolean {
  const named = (patterns: readonly string[]) =>
    patterns.some((pattern) => matches(pattern, address));
  const last = schedule.groups.findLast(({ paths, rate }) => rate !== undefined && named(paths));
  return last?.rate === 0 || named(schedule.freeze);
}

const remedies: Readonly<Record<Reason["kind"], string>> = {
  nothing: "Let a loss depend on it other than by `stop`, ints or flags",
  schedule: "Let gradient go back: rollout 4 segments; through_time bptt(horizon = 4)",
  stop: "Declare the state `gradient through`, or use the parameter where states are read",
};

const placeOf = ({ file, start }: { readonly file: string; readonly start: number }): string =>
  `${file}:${start}`;

const spanned = <Span>(span: Span | undefined) => (span === undefined ? {} : { span });

const edges = ({ schedule: { throughTime, rollout } }: Program): string =>
  throughTime.kind === "detach"
    ? "`through_time detach` lets no gradient back"
    : rollout === 1
      ? "a rollout of one segment lets no gradient back"
      : "this schedule lets no gradient back";

const shownAddresses = 4;

function listed(addresses: readonly string[]): string {
  const rest = addresses.length - shownAddresses;
  if (rest > 1) return `${addresses.slice(0, shownAddresses).join(", ")} and ${rest} more`;
  return [addresses.slice(0, -1).join(", "), addresses.at(-1)]
    .filter((part) => part !== "")
    .join(" and ");
}

/** The candidates that no loss gives a gradient, by reason. */
function untrained(program: Program, candidates: ReadonlySet<string>): readonly Untrained[] {
  const { graph, states } = program;
  const main = graph.functions.get(graph.main);
  if (main === undefined) throw new Error(`The graph has no function ${graph.main}.`);
  const flow = new Flow(main, new ActivityAnalysis(graph, () => false));
  const through = new Set(
    states.flatMap(({ path, gradient }) => (gradient === "through" ? [path.join(".")] : [])),
  );
  const every = new Set(states.map(({ path }) => path.join(".")));
  const open = crosses(program) ? through : new Set<string>();
  const found = new Map<string, { addresses: string[]; reason: Reason }>();
  for (const [position, port] of main.inputs.entries()) {
    const address = port.path.join(".");
    if (port.role !== "parameter" || !candidates.has(address)) continue;
    const reached = flow.from(position, open);
    if (reached.loss) continue;
    const closed = [...reached.states].filter((state) => !open.has(state));
    const reason: Reason =
      open !== through && flow.from(position, through).loss
        ? { kind: "schedule", states: closed.filter((state) => through.has(state)) }
        : flow.from(position, every).loss
          ? { kind: "stop", states: closed.filter((state) => !through.has(state)) }
          : { kind: "nothing" };
    const known = found.get(reason.kind);
    if (known === undefined) found.set(reason.kind, { addresses: [address], reason });
    else known.addresses.push(address);
    if (known !== undefined && known.reason.kind !== "nothing" && reason.kind !== "nothing") {
      known.reason = {
        ...known.reason,
        states: [...new Set([...known.reason.states, ...reason.states])],
      };
    }
  }
  return [...found.values()];
}

/** Whether gradient goes back over some edge between the segments of a rollout. */
function crosses({ schedule }: Program): boolean {
  const { rollout, throughTime, cutAfter } = schedule;
  if (rollout === 1 || throughTime.kind === "detach") return false;
  return cutAfter === undefined ? throughTime.horizon > 1 : new Set(cutAfter).size < rollout - 1;
}

/** What depends on an input of a segment's function, in the segment and in later ones. */
class Flow {
  readonly #main: GraphFunction;
  readonly #activity: ActivityAnalysis;
  readonly #carried: ReadonlyMap<string, number>;

  constructor(main: GraphFunction, activity: ActivityAnalysis) {
    this.#main = main;
    this.#activity = activity;
    this.#carried = new Map(
      main.inputs.flatMap(({ role, path }, position) =>
        role === "state" ? [[path.join("."), position] as const] : [],
      ),
    );
  }

  /** Follows it over the edges of the `open` states; `states` are all that it is written to, open or not. */
  from(
    input: number,
    open: ReadonlySet<string>,
  ): { readonly loss: boolean; readonly states: ReadonlySet<string> } {
    const states = new Set<string>();
    const waiting = [input];
    for (let position = waiting.pop(); position !== undefined; position = waiting.pop()) {
      for (const result of this.#activity.of(this.#main, [position]).results) {
        const port = this.#main.results[result];
        if (port?.role === "loss") return { loss: true, states };
        const state = port?.path.join(".");
        if (port?.role !== "next" || state === undefined || states.has(state)) continue;
        states.add(state);
        const next = this.#carried.get(state);
        if (open.has(state) && next !== undefined) waiting.push(next);
      }
    }
    return { loss: false, states };
  }
}
