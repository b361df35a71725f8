/** How each operation of the op table becomes ONNX nodes. */

import type { Plan } from "../plan.ts";
import { arrangement } from "./arrangement.ts";
import { elementwise } from "./elementwise.ts";
import { fused } from "./fused.ts";
import { indexing } from "./indexing.ts";
import type { LoweringTable } from "./lowering.ts";
import { linearScan } from "./recurrence.ts";
import { reductions } from "./reduction.ts";
import { searches } from "./search.ts";

/** Linear algebra works on compile-time tensors only, so that it is done before there is a plan. */
function compileTimeOnly(): never {
  throw new Error("solve, svd and eigh are evaluated while staging; an engine never runs them.");
}

export const lowerings = {
  ...elementwise,
  ...reductions,
  ...arrangement,
  ...indexing,
  ...searches,
  linearScan,
  ...fused,
  solve: compileTimeOnly,
  svd: compileTimeOnly,
  eigh: compileTimeOnly,
} satisfies LoweringTable;

/** Whether ONNX can run the plan: not if it was staged without evaluating what only staging can. */
export function isRunnable({ nodes }: Plan): boolean {
  return nodes.every(({ op }) => lowerings[op] !== compileTimeOnly);
}
