/** MEM0100 to MEM0399: what can be wrong with the meaning of a spec. */
import type { DiagnosticEntry } from "../../parser/registry.ts";
import { callCodes } from "./codes/calls.ts";
import { declarationCodes } from "./codes/declarations.ts";
import { expressionCodes } from "./codes/expressions.ts";
import { limitCodes } from "./codes/limits.ts";
import { nameCodes } from "./codes/names.ts";
import { scheduleCodes } from "./codes/schedules.ts";

/**
 * The codes of the checker with their pages. A line `// parts.mem: …` of an example is the text of a file beside it.
 */
export const checkCodes = {
  ...nameCodes,
  ...expressionCodes,
  ...declarationCodes,
  ...callCodes,
  ...limitCodes,
  ...scheduleCodes,
} as const satisfies Readonly<Record<string, DiagnosticEntry>>;

export type CheckCode = keyof typeof checkCodes;
