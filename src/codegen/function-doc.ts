/** Doc comments of generated functions. */
import type { Port } from "../ir/graph.ts";
import { paragraphs, pascalCase } from "./identifier.ts";
import type { Unit } from "./module.ts";
import { typesOf } from "./module.ts";
import { returnName } from "./signature.ts";
import { shapeText } from "./wording.ts";

const COMMENT_WIDTH = 97;

/** Lines of the doc comment: what the function is in the spec, and the shapes of what goes in and out. */
export function docOf(unit: Unit): readonly string[] {
  const { written } = unit;
  const { title } = written;
  const from = written.file === undefined ? "" : ` (${withoutFolders(written.file)})`;
  const lines: string[] = [];
  switch (written.kind) {
    case "block":
      lines.push(ended(written.doc ?? (unit.iterated ? `One ${title}` : title), from));
      break;
    case "forward":
      lines.push(`${title}${from}, keeping what its backward needs.`);
      break;
    case "backward":
      lines.push(`Gradients of ${title}${from}.`);
      break;
    case "critical":
      lines.push(`${title}${from}, only what the next states need.`);
      break;
    default:
      written.kind satisfies never;
  }
  lines.push(...shapesLine(unit));
  return lines
    .flatMap((line) => paragraphs(line, COMMENT_WIDTH))
    .map((line) => line.replaceAll(TOGETHER, " "));
}

/** A space where no line is broken. */
const TOGETHER = "\u00a0";

/** The doc comment with the file it is from before its last full stop. */
function ended(doc: string, from: string): string {
  return `${doc.trim().replace(/\.$/, "")}${from}.`;
}

/** A file as the documentation names it: relative to the project, never a place on this machine. */
function withoutFolders(file: string): string {
  const absolute = /^([A-Za-z]:)?[\\/]/.test(file) || file.includes("..");
  return absolute ? (file.split(/[\\/]/).at(-1) ?? file) : file;
}

/** `x: [batch, T, D], context: [batch, S, D] -> [batch, T, D]` */
function shapesLine(unit: Unit): readonly string[] {
  const { inputs, results } = unit.written;
  const types = typesOf(unit);
  const type = (port: Port) => shapeText(types(port.value)).replaceAll(" ", TOGETHER);
  const shown = (port: Port, name: string) => `${name}:${TOGETHER}${type(port)}`;
  const given = inputs
    .filter((port) => port.role === "argument" || port.path[0] === "return")
    .map((port) => {
      const name = port.path.at(-1) ?? port.value.name;
      return shown(port, port.role === "argument" ? name : `d${pascalCase([returnName(name)])}`);
    });
  const returned = results.filter(
    (port) => port.role === "return" || (port.role === "gradient" && port.struct === "argument"),
  );
  const [only] = returned;
  const out =
    unit.signature.sole && only !== undefined
      ? type(only)
      : returned
          .map((port) => shown(port, returnName(port.path.at(-1) ?? port.value.name)))
          .join(", ");
  if (given.length === 0 && out === "") return [];
  if (out === "") return [given.join(", ")];
  return [`${given.join(", ")}${given.length === 0 ? "" : " "}-> ${out}`];
}
