/** Statements of a generated function's body, and their lines. */
import type { Origin } from "../ir/graph.ts";
import type { Expression } from "./expression.ts";
import { layOut, WIDTH } from "./expression.ts";

export type Statement =
  | {
      readonly kind: "declare";
      keyword: "const" | "let";
      /** A name, or a pattern such as `[values, indices]`. */
      readonly target: string;
      readonly annotation?: string;
      readonly expression: Expression;
      /** The shape of a tensor; at the end of the line, or above it. */
      readonly comment?: string;
      /** Shapes of what a pattern takes, with names; at the end of the last line if there is room. */
      readonly note?: string;
      readonly origin?: Origin | undefined;
    }
  | {
      readonly kind: "assign";
      readonly target: string;
      readonly expression: Expression;
      readonly origin?: Origin | undefined;
    }
  | {
      readonly kind: "run" | "return";
      readonly expression: Expression;
      readonly origin?: Origin | undefined;
    }
  | {
      readonly kind: "loop";
      /** `for (…)` */
      readonly head: string;
      readonly body: readonly Statement[];
      readonly origin?: Origin | undefined;
    };

/** A line of a body, with the place of the spec it comes from. */
export interface Line {
  readonly text: string;
  readonly origin?: Origin | undefined;
}

/** Lines of statements that start at `column`. */
export function statementLines(statements: readonly Statement[], column: number): readonly Line[] {
  return statements.flatMap((statement) => linesOf(statement, column));
}

function linesOf(statement: Statement, column: number): readonly Line[] {
  const { origin } = statement;
  if (statement.kind === "loop") {
    const inner = statementLines(statement.body, column + 2);
    return [
      { text: `${statement.head} {`, origin },
      ...inner.map((line) => ({ ...line, text: `  ${line.text}` })),
      { text: "}" },
    ];
  }
  const before = beforeText(statement);
  const lines = [...layOut(before, statement.expression, ";", column)];
  const comment = statement.kind === "declare" ? statement.comment : undefined;
  if (comment !== undefined) {
    const last = `${lines.at(-1)} // ${comment}`;
    if (column + last.length <= WIDTH) lines[lines.length - 1] = last;
    else if (statement.kind === "declare") lines.unshift(`// ${statement.target}: ${comment}`);
  }
  const note = statement.kind === "declare" ? (statement.note ?? "") : "";
  if (note !== "") {
    const last = `${lines.at(-1)} // ${note}`;
    if (column + last.length <= WIDTH) lines[lines.length - 1] = last;
  }
  return lines.map((line) => ({ text: line, origin }));
}

function beforeText(statement: Exclude<Statement, { kind: "loop" }>): string {
  switch (statement.kind) {
    case "declare": {
      const type = statement.annotation === undefined ? "" : `: ${statement.annotation}`;
      return `${statement.keyword} ${statement.target}${type} = `;
    }
    case "assign":
      return `${statement.target} = `;
    case "return":
      return "return ";
    case "run":
      return "";
    default:
      return statement satisfies never;
  }
}

/** Whether a statement stays on one line; its comment may stand above. */
export function fitsOneLine(statement: Statement, column: number): boolean {
  if (statement.kind === "loop") return false;
  return layOut(beforeText(statement), statement.expression, ";", column).length === 1;
}
