/** Statements that begin with a name: methods, writes, calls and equations. */
import type { IToken, ParserMethod } from "chevrotain";
import { DeclarationGrammar } from "./declarations.ts";
import { described, type Finding, isOf, unexpected } from "./faults.ts";
import { suggest } from "./suggest.ts";
import * as t from "./tokens.ts";
import type {
  AssignStatement,
  CallStatement,
  MethodDefinition,
  Statement,
  WriteStatement,
} from "./tree.ts";

type NameStatement = MethodDefinition | WriteStatement | CallStatement | AssignStatement;

export abstract class NameStatementGrammar extends DeclarationGrammar {
  protected abstract readonly body: ParserMethod<[], readonly Statement[]>;

  /** A method, a write, an equation or a call: what follows the name decides. */
  protected readonly nameStatement = this.RULE("nameStatement", (): NameStatement => {
    const kind = this.RECORDING_PHASE ? undefined : this.#kindByName();
    return this.OR<NameStatement>({
      MAX_LOOKAHEAD: 1,
      IGNORE_AMBIGUITIES: true,
      DEF: [
        { GATE: () => kind === "method", ALT: () => this.SUBRULE(this.method) },
        { GATE: () => kind === "write", ALT: () => this.SUBRULE(this.write) },
        { GATE: () => kind === "call", ALT: () => this.SUBRULE(this.call) },
        { GATE: () => kind === "assign", ALT: () => this.SUBRULE(this.assign) },
      ],
    });
  });

  #kindByName(): "method" | "write" | "assign" | "call" {
    const second = this.LA(2);
    switch (second.tokenType) {
      case t.Write:
        return "write";
      case t.Becomes:
      case t.Comma:
        return "assign";
      case t.OpenParenthesis: {
        const after = this.LA(this.closerOf(2) + 1).tokenType;
        return after === t.OpenBrace || after === t.Arrow ? "method" : "call";
      }
      case t.OpenBracket: {
        const end = this.closerOf(2) + 1;
        const after = this.LA(end);
        if (after.tokenType === t.Becomes || after.tokenType === t.Comma) return "assign";
        if (after.tokenType === t.Write) this.#writesPart(after);
        if (after.tokenType === t.MemberDot) return "call";
        return this.failWith(this.#notAStatement(end));
      }
      case t.MemberDot: {
        let end = 2;
        while (this.is(end, t.MemberDot) && this.is(end + 1, t.Identifier)) end += 2;
        if (this.is(end, t.Write)) this.#writesPart(this.LA(end));
        return "call";
      }
      default:
        return this.failWith(this.#notAStatement(2));
    }
  }

  #writesPart(arrow: IToken): never {
    return this.fail("MEM0038", arrow, "a write names one state of its own memory, and all of it", {
      help: "write `M <- value`; to change a part, build the whole value first",
    });
  }

  /** What stands here begins with a name, but nothing that goes on from it. */
  #notAStatement(distance: number): Finding {
    const first = this.LA(1);
    const second = this.LA(distance);
    if (isOf(second, t.Tilde) || this.#startsFrom(distance)) {
      const declaration = isOf(second, t.Tilde) ? "param" : "state";
      return {
        ...unexpected(`\`=\`, \`<-\` or \`(\` after ${described(first)}`, second),
        help: `each declaration begins with its word: \`${declaration} ${first.image} …\``,
      };
    }
    if (isOf(second, t.InfixOperator) || isOf(second, t.Power) || this.mayEnd(distance)) {
      return {
        code: "MEM0037",
        message: "an expression alone does nothing",
        help: "give it a name (`x = …`), or `return` it",
        token: first,
      };
    }
    if (first.tokenType === t.Next && isOf(second, t.Identifier)) {
      return {
        ...unexpected(`\`=\`, \`<-\` or \`(\` after ${described(first)}`, second),
        help: `a state is written \`${second.image} <- …\`, and read as \`next ${second.image}\` after that`,
      };
    }
    const word = foreignWords[first.image] ?? suggest(first.image, ownWords);
    const finding = unexpected(`\`=\`, \`<-\` or \`(\` after ${described(first)}`, second);
    return word === undefined ? finding : { ...finding, help: `did you mean \`${word}\`?` };
  }

  /** `M[S, D] starts 0`, `filled in 0 .. M starts 0` without their word */
  #startsFrom(distance: number): boolean {
    let next = distance;
    if (this.is(next, t.In)) while (next < distance + 8 && !this.is(next, t.Starts)) next++;
    return this.is(next, t.Starts);
  }

  /** `read(x[T, D], heads: int >= 1) -> [T, D] { … }` */
  protected readonly method = this.RULE("method", (): MethodDefinition => {
    const name = this.SUBRULE(this.name);
    const formals = this.SUBRULE(this.formals);
    const outputs = this.OPTION(() => this.SUBRULE(this.outputs));
    const body = this.SUBRULE(this.body);
    return this.ACTION(() => {
      const span = this.spanFromNode(name);
      const node = { kind: "method", name, ...formals, body, span } as const;
      return outputs === undefined ? node : { ...node, outputs };
    });
  });

  /** `M <- e` */
  protected readonly write = this.RULE("write", (): WriteStatement => {
    const state = this.SUBRULE(this.name);
    this.CONSUME(t.Write);
    const value = this.SUBRULE(this.expression);
    return this.ACTION(() => ({ kind: "write", state, value, span: this.spanFromNode(state) }));
  });

  /** `mem.write(x)` */
  protected readonly call = this.RULE("call", (): CallStatement => {
    const value = this.SUBRULE(this.expression);
    return this.ACTION(() => {
      if (value.kind !== "call") {
        return this.fail("MEM0037", value.span, "an expression alone does nothing", {
          help: "give it a name (`x = …`), or `return` it",
        });
      }
      return { kind: "call-statement", value, span: this.spanFromNode(value) };
    });
  });

  /** `x = e`, `h[T, F] = e`, `a, _ = e` */
  protected readonly assign = this.RULE("assign", (): AssignStatement => {
    const first = this.LA(1);
    const targets: AssignStatement["targets"][number][] = [];
    this.AT_LEAST_ONE_SEP({
      SEP: t.Comma,
      DEF: () => {
        const name = this.SUBRULE(this.name);
        const axes = this.OPTION(() => this.SUBRULE(this.axisList));
        targets.push(axes === undefined ? { name } : { name, axes });
      },
    });
    this.CONSUME(t.Becomes);
    const value = this.SUBRULE(this.expression);
    return this.ACTION(() => ({ kind: "assign", targets, value, span: this.spanFrom(first) }));
  });
}

const ownWords = t.statementWords.map(({ LABEL }) => LABEL!.slice(1, -1));

/** Words of other languages, and what says the same here. */
const foreignWords: Readonly<Record<string, string | undefined>> = {
  __proto__: null as never,
  if: "when",
  for: "repeat",
  while: "scan",
  parameter: "param",
  weight: "param",
  constant: "const",
};
