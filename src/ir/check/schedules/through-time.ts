/** `through_time` and `segment_weights`: how the segments of a rollout make one gradient (rule R15). */

import { suggest } from "../../../parser/suggest.ts";
import type { ScheduleEntry } from "../../../parser/tree.ts";
import type { Schedule } from "../../program.ts";
import { problem } from "../problem.ts";
import { callOf, namedNumbers, numberOf } from "./values.ts";

export function throughTime(entry: ScheduleEntry): Schedule["throughTime"] {
  const call = callOf(entry);
  const whole = (numbers: ReadonlyMap<string, number>, name: string): number => {
    const value = numbers.get(name);
    if (value === undefined)
      throw problem("MEM0170", call.span, `${call.name} needs its ${name}.`, {
        help: `${call.name}(${name} = 4)`,
      });
    if (!Number.isInteger(value) || value < 1)
      throw problem(
        "MEM0303",
        call.span,
        `${name} must be a whole number of at least 1, not ${value}.`,
      );
    return value;
  };
  switch (call.name) {
    case "detach":
      namedNumbers(call, []);
      return { kind: "detach" };
    case "bptt":
    case "mrbp":
      return { kind: call.name, horizon: whole(namedNumbers(call, ["horizon"]), "horizon") };
    case "checkpoint": {
      const ordered = ["horizon", "every"];
      const numbers = namedNumbers(call, ordered, { ordered });
      return {
        kind: "checkpoint",
        horizon: whole(numbers, "horizon"),
        every: whole(numbers, "every"),
      };
    }
    default: {
      const names = ["detach", "bptt", "mrbp", "checkpoint"];
      const near = suggest(call.name, names);
      throw problem(
        "MEM0307",
        call.span,
        `There is no way of back-propagation through time called ${call.name}.`,
        {
          help: near === undefined ? `There are ${names.join(", ")}.` : `Did you mean ${near}?`,
        },
      );
    }
  }
}

export function segmentWeights(entry: ScheduleEntry): Schedule["segmentWeights"] {
  const value = entry.values[0];
  if (value?.kind === "expression" && value.value.kind === "list") {
    const weights = value.value.items.map((item) => numberOf(item));
    const known = weights.filter((weight): weight is number => weight !== undefined && weight >= 0);
    if (known.length !== weights.length || known.reduce((sum, weight) => sum + weight, 0) <= 0) {
      throw problem("MEM0308", value.span, "Segment weights are numbers of at least 0, not all 0.");
    }
    return { kind: "list", weights: known };
  }
  const call = callOf(entry);
  if (call.name === "uniform" || call.name === "last") {
    namedNumbers(call, []);
    return { kind: call.name };
  }
  if (call.name === "powers") {
    const base = namedNumbers(call, ["base"]).get("base") ?? 2;
    if (!(base > 0))
      throw problem(
        "MEM0308",
        call.span,
        `The base of powers must be greater than 0, not ${base}.`,
      );
    return { kind: "powers", base };
  }
  throw problem(
    "MEM0308",
    call.span,
    `Segment weights are uniform, last, powers(2) or a list, not ${call.name}.`,
  );
}
