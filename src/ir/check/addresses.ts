/** Addresses of tensors and losses (rule R6): no two alike, none below another's, none in a loop and outside of it. */
import type { Span } from "../../parser/tree.ts";
import { type Problem, problem } from "./problem.ts";

/** What an address is of, and where it was asked for. */
export interface Addressed {
  readonly path: readonly string[];
  readonly at: Span;
  /** It is declared there itself, not in what is called. */
  readonly declared?: boolean;
}

/** Addresses taken in one function. */
export class Addresses {
  private readonly taken = new Map<string, Addressed>();
  /** By the beginning of an address: the first that goes on from there. */
  private readonly below = new Map<string, Addressed>();

  /** Takes an address; throws where one that is taken does not go with it. */
  add(each: Addressed): void {
    const { path } = each;
    const own = keyOf(path);
    for (let length = 1; length <= path.length; length++) {
      const other = this.taken.get(keyOf(path.slice(0, length)));
      if (other !== undefined) throw clash("tensor", each, other, helpOf(each, other));
    }
    const under = this.below.get(own);
    if (under !== undefined) throw clash("tensor", each, under, helpOf(each, under));
    for (let length = 1; length < path.length; length++) {
      const other = this.below.get(keyOf(path.slice(0, length)));
      if (other !== undefined && stepOf(other.path[length]) !== stepOf(path[length]))
        throw mixture(each, other, length);
    }
    this.taken.set(own, each);
    this.note(each);
  }

  /** Gives an address back. */
  delete(path: readonly string[]): void {
    this.taken.delete(keyOf(path));
    this.below.clear();
    for (const each of this.taken.values()) this.note(each);
  }

  private note(each: Addressed): void {
    for (let length = 1; length < each.path.length; length++) {
      const key = keyOf(each.path.slice(0, length));
      if (!this.below.has(key)) this.below.set(key, each);
    }
  }
}

const keyOf = (path: readonly string[]): string => path.join(".");

const helpOf = (each: Addressed, other: Addressed): string =>
  each.declared && other.declared
    ? "Give one of them another name."
    : "Give one call a name of its own: `f(x) as other`.";

/** Two of one address, or one that is below another. */
export function clash(
  what: "tensor" | "loss",
  each: Addressed,
  other: Addressed,
  help: string,
): Problem {
  const notes = [{ message: "The other one is here.", span: other.at }];
  if (each.path.length === other.path.length) {
    const plural = what === "loss" ? "losses" : "tensors";
    return problem("MEM0160", each.at, `Two ${plural} are called ${keyOf(each.path)}.`, {
      notes,
      help,
    });
  }
  const [above = "", below = ""] = [each.path, other.path]
    .toSorted((a, b) => a.length - b.length)
    .map(shown);
  const why = what === "loss" ? ", which is one number" : "";
  return problem("MEM0160", each.at, `The ${what} ${below} is below the ${what} ${above}${why}.`, {
    notes,
    help: "Rename what has one of these addresses, so that neither begins the other.",
  });
}

/** The two go on as steps of different kinds from where they are one. */
function mixture(each: Addressed, other: Addressed, length: number): Problem {
  const name = shown(each.path.slice(0, length));
  const say = ({ path }: Addressed): string => `${wording[stepOf(path[length])]} (${shown(path)})`;
  return problem(
    "MEM0160",
    each.at,
    `Two things are called ${name}: ${say(other)} and ${say(each)}.`,
    {
      notes: [{ message: "The other one is here.", span: other.at }],
      help: "Rename one of the two: `repeat … as other`, `f(x) as other`.",
    },
  );
}

type Step = "copies" | "index" | "name";

const wording: Readonly<Record<Step, string>> = {
  copies: "a repeat",
  index: "a repeat written out",
  name: "what is no repeat",
};

const stepOf = (segment: string | undefined): Step =>
  segment === "*" ? "copies" : /^\d/.test(segment ?? "") ? "index" : "name";

/** `layer[*].norm.gain` */
const shown = (path: readonly string[]): string =>
  path.reduce((text, segment) =>
    stepOf(segment) === "name" ? `${text}.${segment}` : `${text}[${segment}]`,
  );
