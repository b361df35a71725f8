/** What the programs of one model have in common (rule R11). */

import type { ModelDefinition } from "../../parser/tree.ts";
import type { Program } from "../program.ts";
import { problem, type Report } from "./problem.ts";

/** Parameter shapes agree between programs (rule R11). */
export function compareParameters(
  one: Program,
  other: Program | undefined,
  model: ModelDefinition,
  report: Report,
): void {
  if (other === undefined) return;
  const shape = (info: Program["parameters"][number]) =>
    `[${info.copies.map((copy) => `${copy.value} x `).join("")}${info.axes.map((axis) => `${axis.name} = ${axis.size.value}`).join(", ")}]`;
  const shapes = new Map(one.parameters.map((info) => [info.path.join("."), shape(info)]));
  for (const info of other.parameters) {
    const path = info.path.join(".");
    const expected = shapes.get(path);
    if (expected === undefined || expected === shape(info)) continue;
    report.add(
      problem(
        "MEM0326",
        model.name.span,
        `The parameter ${path} is ${shape(info)} in ${other.kind} but ${expected} in ${one.kind}.`,
        { help: "Give both programs the same segment, or make the parameter's axes dims." },
      ).diagnostic,
    );
  }
}
