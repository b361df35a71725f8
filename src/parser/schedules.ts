/**
 * Schedules: the entries of `train`, `evaluate` and `generate`, kept general; their words are known
 * to the checker.
 */

import { unexpected } from "./faults.ts";
import { inTheOpen } from "./grammar.ts";
import { StatementGrammar } from "./statements.ts";
import * as t from "./tokens.ts";
import type { ScheduleEntry, ScheduleValue } from "./tree.ts";

export abstract class ScheduleGrammar extends StatementGrammar {
  /** `{ segment 64 tokens; batch 16 streams }` */
  protected readonly entries = this.RULE("entries", (): readonly ScheduleEntry[] => {
    const entries: ScheduleEntry[] = [];
    this.CONSUME(t.OpenBrace);
    this.within({ ...inTheOpen, units: true }, () => {
      do {
        this.MANY(() =>
          this.OR([
            { ALT: () => this.CONSUME(t.Separator) },
            {
              ALT: () =>
                this.recovering(
                  () => {
                    const entry = this.SUBRULE(this.entry);
                    this.ACTION(() => {
                      entries.push(entry);
                      this.endOfStatement();
                    });
                  },
                  () => this.SUBRULE9(this.entries),
                ),
            },
          ]),
        );
      } while (this.skipsJunk((token) => unexpected("a setting of the schedule", token)));
    });
    this.CONSUME(t.CloseBrace);
    return entries;
  });

  /** `segment 64 tokens`, `dropout = 0.1`, `group **.bias { weight_decay 0 }` */
  protected readonly entry = this.RULE("entry", (): ScheduleEntry => {
    const values: ScheduleValue[] = [];
    const assigns = this.RECORDING_PHASE ? false : this.is(2, t.Becomes);
    const first = this.LA(1);
    this.OR({
      MAX_LOOKAHEAD: 1,
      IGNORE_AMBIGUITIES: true,
      DEF: [
        {
          GATE: () => assigns,
          ALT: () => values.push(this.SUBRULE(this.scheduleAssignment)),
        },
        {
          GATE: () => !assigns,
          ALT: () => {
            this.SUBRULE(this.name);
            this.MANY1(() => values.push(this.SUBRULE1(this.scheduleValue)));
          },
        },
      ],
    });
    this.MANY2(() => {
      this.CONSUME(t.Comma);
      this.AT_LEAST_ONE({
        ERR_MSG: "a value",
        DEF: () => values.push(this.SUBRULE2(this.scheduleValue)),
      });
    });
    const entries = this.OPTION(() => this.nested(() => this.SUBRULE(this.entries)));
    return this.ACTION(() => {
      const word = { text: first.image, span: this.spanOf(first) };
      const node = { word, values, span: this.spanFrom(first) };
      return entries === undefined ? node : { ...node, entries };
    });
  });

  protected readonly scheduleValue = this.RULE("scheduleValue", (): ScheduleValue => {
    const assigns = this.RECORDING_PHASE
      ? false
      : this.is(1, t.Identifier) && this.is(2, t.Becomes);
    return this.OR<ScheduleValue>({
      MAX_LOOKAHEAD: 1,
      IGNORE_AMBIGUITIES: true,
      ERR_MSG: "a value",
      DEF: [
        { GATE: () => assigns, ALT: () => this.SUBRULE(this.scheduleAssignment) },
        { GATE: () => !assigns, ALT: () => this.SUBRULE(this.scheduleAtom) },
      ],
    });
  });

  /** `labels = tokens ahead 1` */
  protected readonly scheduleAssignment = this.RULE("scheduleAssignment", (): ScheduleValue => {
    const values: ScheduleValue[] = [];
    const name = this.SUBRULE(this.name);
    this.CONSUME(t.Becomes);
    this.AT_LEAST_ONE({
      ERR_MSG: "a value",
      DEF: () => values.push(this.SUBRULE(this.scheduleAtom)),
    });
    return this.ACTION(() => {
      return { kind: "assignment", name, values, span: this.spanFromNode(name) };
    });
  });

  /** A path, a word, or an expression. */
  protected readonly scheduleAtom = this.RULE("scheduleAtom", (): ScheduleValue => {
    const first = this.LA(1);
    const path = this.RECORDING_PHASE ? 0 : this.#pathLength();
    const kind = path > 1 ? "path" : path === 1 ? "word" : "expression";
    return this.OR1<ScheduleValue>({
      MAX_LOOKAHEAD: 1,
      IGNORE_AMBIGUITIES: true,
      ERR_MSG: "a value",
      DEF: [
        {
          ALT: () => {
            const token = this.CONSUME(t.Path);
            return this.ACTION(() => {
              return { kind: "path", path: token.image, span: this.spanOf(token) };
            });
          },
        },
        {
          GATE: () => kind === "path",
          ALT: () => {
            this.SUBRULE1(this.name);
            this.AT_LEAST_ONE({
              GATE: () => this.touches(),
              DEF: () =>
                this.OR2([
                  {
                    ALT: () => {
                      this.CONSUME(t.MemberDot);
                      this.SUBRULE2(this.name);
                    },
                  },
                  {
                    ALT: () => {
                      this.CONSUME(t.OpenBracket);
                      this.CONSUME(t.NumberLiteral);
                      this.CONSUME(t.CloseBracket);
                    },
                  },
                ]),
            });
            return this.ACTION(() => {
              const span = this.spanFrom(first);
              return { kind: "path", path: this.arranged.text.slice(span.start, span.end), span };
            });
          },
        },
        {
          GATE: () => kind === "word",
          ALT: () => {
            const word = this.SUBRULE3(this.name);
            return this.ACTION(() => ({ kind: "word", word, span: word.span }));
          },
        },
        {
          GATE: () => kind === "expression",
          ALT: () => {
            const value = this.SUBRULE(this.expression);
            return this.ACTION(() => ({ kind: "expression", value, span: value.span }));
          },
        },
      ],
    });
  });

  /**
   * Steps of the path without stars that stands here on its own: `head.W` 2, `layer[3].ltm` 3,
   * `tokens` 1; 0 if what stands here is no path or an expression goes on from it.
   */
  #pathLength(): number {
    if (!this.is(1, t.Identifier)) return 0;
    let steps = 1;
    let next = 2;
    for (; this.touching(next); steps++) {
      if (this.is(next, t.MemberDot) && this.is(next + 1, t.Identifier)) next += 2;
      else if (this.#isCopy(next)) next += 3;
      else break;
    }
    const after = this.LA(next);
    const callsOrIndexes =
      this.touching(next) && (this.is(next, t.OpenParenthesis) || this.is(next, t.OpenBracket));
    return callsOrIndexes || continues.has(after.tokenType) || this.is(next, t.InfixOperator)
      ? 0
      : steps;
  }

  /** `[3]` */
  #isCopy(distance: number): boolean {
    return (
      this.is(distance, t.OpenBracket) &&
      this.is(distance + 1, t.NumberLiteral) &&
      /^\d+$/.test(this.LA(distance + 1).image) &&
      this.is(distance + 2, t.CloseBracket)
    );
  }
}

const continues = new Set([t.Is, t.Power, t.ContractionDot, t.At, t.Split, t.Merge, t.Rename]);
