/** Names that the methods of a block or memory share: its dims, constants, parameters and states. */

import type { NumberKind } from "../../../ops/index.ts";
import type { BlockDefinition, Expression, Name, Span, Statement } from "../../../parser/tree.ts";
import type { Place } from "../emit.ts";
import type { Entity } from "../entities.ts";
import { evaluate, evaluateStatic } from "../expressions/expression.ts";
import { isStatic } from "../expressions/static.ts";
import type { Member } from "../instances/instance.ts";
import { problem } from "../problem.ts";
import { Scope } from "../scope.ts";
import { declaredAxes } from "./axes.ts";
import { constEntity, dimEntity } from "./compile-time.ts";

/** What to do with a statement that a body with methods does not hold. */
export const bodyHelp =
  "Write it in the methods that need it, or as a block that they call. A body declares what its methods share.";

export interface MemberItem {
  readonly name: string;
  readonly statement: Statement;
  readonly position: number;
  /** Conditions around it: the branch must be taken. */
  readonly conditions: readonly { readonly when: Expression; readonly taken: boolean }[];
}

const itemsOf = new WeakMap<BlockDefinition, readonly MemberItem[]>();

/** Names that the methods of a definition share, wherever `when` puts them. */
export function memberItems(definition: BlockDefinition | undefined): readonly MemberItem[] {
  if (definition === undefined) return [];
  const known = itemsOf.get(definition);
  if (known !== undefined) return known;
  const items: MemberItem[] = [];
  const walk = (statements: readonly Statement[], conditions: MemberItem["conditions"]): void => {
    for (const statement of statements) {
      if (statement.kind === "when") {
        const { condition } = statement;
        walk(statement.then, [...conditions, { when: condition, taken: true }]);
        walk(statement.otherwise ?? [], [...conditions, { when: condition, taken: false }]);
      }
      for (const [position, { text }] of namesDeclared(statement).entries())
        items.push({ name: text, statement, position, conditions });
    }
  };
  walk(definition.body, []);
  itemsOf.set(definition, items);
  return items;
}

/** The names that a `dim`, `const`, `param`, `state`, `use`, `memory` or an equation declares, by position. */
export function namesDeclared(statement: Statement): readonly Name[] {
  switch (statement.kind) {
    case "dim":
      return statement.dims.map(({ name }) => name);
    case "const":
      return statement.constants.map(({ name }) => name);
    case "param":
      return statement.parameters.map(({ name }) => name);
    case "state":
      return statement.states.map(({ name }) => name);
    case "use":
    case "memory":
      return [statement.name];
    case "assign":
      return statement.targets.map(({ name }) => name);
    default:
      return [];
  }
}

/** The scope in which a member's own declarations are read. */
export function memberScope(scope: Scope, member: Member): Scope {
  return new Scope({ ...scope, names: member.known, siblings: new Map(), prefix: [] });
}

/** Whether the `when`s around an item take its branch. */
export function isTaken(place: Place, item: MemberItem): boolean {
  return item.conditions.every(({ when, taken }) => {
    const value = evaluateStatic(place, when);
    return value.kind === "flag" && value.value === taken;
  });
}

export function findMember(place: Place, member: Member, name: string): Entity | undefined {
  const known = member.known.get(name);
  if (known !== undefined) return known;
  const option = member.options.get(name);
  const inside: Place = { ...place, scope: memberScope(place.scope, member) };
  const items = memberItems(member.definition).filter((item) => item.name === name);
  if (items.length > (option === undefined ? 1 : 0)) refuseSecond(inside, member, name, items);
  if (option !== undefined) return option;
  for (const item of items) {
    const make = () => (isTaken(inside, item) ? memberEntity(inside, member, item) : undefined);
    // A carried state depends on nothing, whatever its own reset does.
    const entity =
      place.scope.inReset && item.statement.kind === "state"
        ? make()
        : place.checker.nested(name, memberName(item), make);
    if (entity === undefined) continue;
    member.known.set(name, entity);
    return entity;
  }
  return undefined;
}

/** Methods share a name in one meaning, so no line of the body gives it another. */
function refuseSecond(
  inside: Place,
  { definition }: Member,
  name: string,
  items: readonly MemberItem[],
): void {
  const option = definition.options.find((each) => each.name.text === name)?.name.span;
  const [first, second] = items.filter((item) => isTaken(inside, item)).map(memberName);
  const [before, after] = option === undefined ? [first, second] : [option, first];
  if (before === undefined || after === undefined) return;
  throw problem("MEM0233", after, `${name} is already taken here.`, {
    notes: [{ message: "The methods share this one.", span: before }],
    help: "What a body declares has one meaning for all its methods, whatever its order.",
  });
}

/** Where a member is declared, for messages. */
function memberName({ statement, position }: MemberItem): Span {
  switch (statement.kind) {
    case "dim":
    case "const":
    case "use":
    case "memory":
    case "assign":
      return namesDeclared(statement)[position]?.span ?? statement.span;
    default:
      return statement.span;
  }
}

function memberEntity(place: Place, member: Member, item: MemberItem): Entity {
  const { statement, position } = item;
  switch (statement.kind) {
    case "dim": {
      const dim = statement.dims[position];
      if (dim === undefined) break;
      return dimEntity(place, dim.name.text, dim.value);
    }
    case "const": {
      const constant = statement.constants[position];
      if (constant === undefined) break;
      return constEntity(place, constant.name, constant.axes, constant.value);
    }
    case "param": {
      const parameter = statement.parameters[position];
      if (parameter === undefined) break;
      return member.tensor(item.name, declaredAxes(place, parameter.axes), "real");
    }
    case "state": {
      const state = statement.states[position];
      if (state === undefined) break;
      return member.tensor(item.name, declaredAxes(place, state.axes), stateKind(statement));
    }
    case "assign": {
      const value = evaluate(place, statement.value);
      if (isStatic(value) && statement.targets.length === 1) return value;
      const message = `${item.name} is not known while the model is built, as all is that the methods of a body share.`;
      throw problem("MEM0238", statement.span, message, { help: bodyHelp });
    }
    case "use":
    case "memory":
      return { kind: "instance", instance: member.instance(item) };
    default:
      break;
  }
  throw new Error(`${item.name} is no member.`);
}

export function stateKind(statement: Extract<Statement, { kind: "state" }>): NumberKind {
  switch (statement.in?.kind) {
    case "flag":
      return "flag";
    case "int":
    case "below":
    case "range":
      return "int";
    default:
      return "real";
  }
}
