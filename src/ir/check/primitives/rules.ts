/** Calls of the primitive vocabulary: `sum(x over T where m)`, `join(a over P, b over L as R)`, `index(T)`. */
import type { Rule } from "./arguments.ts";
import { elementwiseRules } from "./elementwise.ts";
import { indexingRules } from "./indexing.ts";
import { linearAlgebraRules } from "./linear-algebra.ts";
import { pieceRules } from "./pieces.ts";
import { recurrenceRules } from "./recurrence.ts";
import { reductionRules } from "./reductions.ts";
import { sizeRules } from "./sizes.ts";

/** The rule of a primitive, by its name. */
export function primitiveRule(name: string): Rule | undefined {
  // The tables are looked up in the call: modules of the checker import each other in circles.
  const tables = [
    elementwiseRules,
    reductionRules,
    sizeRules,
    pieceRules,
    indexingRules,
    recurrenceRules,
    linearAlgebraRules,
  ];
  return tables.find((table) => table.has(name))?.get(name);
}
