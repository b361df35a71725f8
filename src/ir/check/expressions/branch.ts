/** `when`: which branch is built, and what may be said in it. */

import type { Expression } from "../../../parser/tree.ts";
import type { Place } from "../emit.ts";
import { problem } from "../problem.ts";
import { evaluate } from "./expression.ts";

interface Branch {
  /** Whether the condition holds. */
  readonly taken: boolean;
  /** Where the branch is read: one that training alone builds may name the batch (rule R14). */
  readonly inside: Place;
}

/** The branch that a compile-time condition chooses. */
export function chosenBranch(place: Place, condition: Expression): Branch {
  const taken = holds(place, condition);
  const inside = isTrainingOnly(condition, taken)
    ? { ...place, scope: place.scope.withBatch() }
    : place;
  return { taken, inside };
}

function holds(place: Place, condition: Expression): boolean {
  const entity = evaluate(place, condition);
  if (entity.kind === "flag") return entity.value;
  if (entity.kind === "tensor" || entity.kind === "tuple") {
    throw problem(
      "MEM0123",
      condition.span,
      "`when` chooses while compiling, but this condition is data.",
      {
        help: "A choice on data is written where(condition, a, b).",
      },
    );
  }
  throw problem("MEM0124", condition.span, "`when` needs a flag.", {
    help: "Compare: `when n > 1`, `when sampling is sticky`.",
  });
}

/** Whether the condition says by itself that it comes out like this in training and nowhere else. */
function isTrainingOnly(condition: Expression, outcome: boolean): boolean {
  switch (condition.kind) {
    case "reference":
      return outcome && condition.name.text === "training";
    case "unary":
      return condition.operator === "not" && isTrainingOnly(condition.operand, !outcome);
    case "binary": {
      const { operator, left, right } = condition;
      if (operator !== "and" && operator !== "or") return false;
      const sides = [isTrainingOnly(left, outcome), isTrainingOnly(right, outcome)];
      // Both sides of an `and` hold where it does; one may be enough for it not to. An `or` is the other way round.
      return (operator === "and") === outcome ? sides.includes(true) : !sides.includes(false);
    }
    default:
      return false;
  }
}
