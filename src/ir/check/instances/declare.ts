/** Instances of blocks and memories: `use`, `memory`, and their options. */

import { suggest } from "../../../parser/suggest.ts";
import type { BlockDefinition, Call, Expression, Name } from "../../../parser/tree.ts";
import type { Place } from "../emit.ts";
import type { Entity } from "../entities.ts";
import { evaluate } from "../expressions/expression.ts";
import { type Static, staticKey, staticText } from "../expressions/static.ts";
import { findDefinition } from "../names/definitions.ts";
import { optionValue } from "../option.ts";
import { optionHelp } from "../option-names.ts";
import { overrideOf } from "../override.ts";
import { problem, Silenced } from "../problem.ts";
import { Scope } from "../scope.ts";
import { boundStateAxes, memberAxesKey } from "./axes.ts";
import type { Instance } from "./instance.ts";

/** `use table = embedding(vocab, width)`, `memory mem = slots(count = 64, width) reset when document`. */
export function declareInstance(
  place: Place,
  name: Name,
  value: Expression,
  keyword: "use" | "memory",
  reset: Expression | undefined,
): Instance {
  const instance = makeInstance(place, { name, value, keyword, reset });
  registerInstance(instance);
  return instance;
}

/** An instance as a statement declares it. */
export interface InstanceStatement {
  readonly name: Name;
  readonly value: Expression;
  readonly keyword: "use" | "memory";
  readonly reset: Expression | undefined;
}

/** The instance that a statement makes; `owner` and `standsFor` of one in the body of a memory. */
export function makeInstance(
  place: Place,
  { name, value, keyword, reset }: InstanceStatement,
  { owner, standsFor }: Partial<Pick<Instance, "owner" | "standsFor">> = {},
): Instance {
  const call = chosenCall(place, value);
  if (call.callee.kind !== "reference") {
    throw problem("MEM0180", call.span, `${keyword} needs the name of a block with its options.`);
  }
  const found = findDefinition(place.scope.definitions, call.callee.name.text);
  if (found === undefined) {
    if (place.checker.report.unread.words.has(call.callee.name.text)) throw new Silenced();
    const names = [
      ...place.scope.definitions.own.keys(),
      ...place.scope.definitions.library.keys(),
    ];
    const near = suggest(call.callee.name.text, names);
    throw problem(
      "MEM0110",
      call.callee.name.span,
      `There is no block or memory ${call.callee.name.text}.`,
      {
        help: near === undefined ? undefined : `Did you mean ${near}?`,
      },
    );
  }
  const { definition } = found;
  if ((definition.kind === "memory") !== (keyword === "memory")) {
    throw problem("MEM0181", call.span, `${definition.name.text} is a ${definition.kind}.`, {
      help: definition.kind === "memory" ? `memory ${name.text} = …` : `use ${name.text} = …`,
    });
  }
  const { frame, prefix } = place.scope;
  const path = [...prefix, name.text];
  const inBody = owner !== undefined || standsFor !== undefined;
  const options = instanceOptions(place, definition, call, inBody ? undefined : path);
  // One that stands for another has its sizes, whatever those of the same name have elsewhere.
  const presumed = new Map([
    ...(place.checker.memberAxes.get(memberAxesKey(name.span, path)) ?? []),
    ...boundStateAxes(standsFor).map((axis) => [axis.name, axis] as const),
  ]);
  return {
    name: name.text,
    span: name.span,
    definition,
    definitions: found.definitions,
    options,
    frame,
    path,
    scope: place.scope,
    declared: place.scope.copied(),
    reset,
    view: undefined,
    bound: new Map(presumed),
    presumed: new Set(presumed.keys()),
    carried: new Map(),
    entering: new Map(),
    next: new Map(),
    starts: new Map(),
    declaredReset: undefined,
    resets: new Map(),
    restarted: new Set(),
    called: false,
    members: new Map(),
    owner,
    standsFor,
    failed: false,
  };
}

export const aheadHelp =
  "Declare it with what is known before the repeat, or with the repeat's index.";

/** Where the declaration of an instance that was made ahead stands, it must still say the same. */
export function confirmInstance(
  place: Place,
  made: Instance,
  { name: at, value: call }: Pick<InstanceStatement, "name" | "value">,
): void {
  const again = { name: at, value: call, keyword: "memory", reset: undefined } as const;
  const { definition, options } = makeInstance(place, again);
  const other = [...options].find(([name, value]) => {
    const before = made.options.get(name);
    return before === undefined || staticKey(before) !== staticKey(value);
  });
  if (other === undefined && definition === made.definition) return;
  const [name = "the block", value] = other ?? [];
  const message = `${made.name} was asked for before this iteration, when its declaration said otherwise of ${name}${value === undefined ? "" : `, which is ${staticText(value)} here`}.`;
  throw problem("MEM0189", made.span, message, { help: aheadHelp });
}

/** Notes an instance in the frame that declares it. */
export function registerInstance(instance: Instance): void {
  const { frame, path } = instance;
  const same = frame.instances.find((other) => other.path.join(".") === path.join("."));
  if (same !== undefined) {
    throw problem("MEM0160", instance.span, `Two instances are called ${path.join(".")}.`, {
      notes: [{ message: "The other one is here.", span: same.span }],
    });
  }
  frame.instances.push(instance);
}

function chosenCall(place: Place, value: Expression): Call {
  if (value.kind === "call") return value;
  if (value.kind === "when-expression") {
    const condition = evaluate(place, value.condition);
    if (condition.kind === "flag")
      return chosenCall(place, condition.value ? value.then : value.otherwise);
  }
  throw problem(
    "MEM0180",
    value.span,
    "A block or memory with its options is needed: slots(count = 64, width = D).",
  );
}

function instanceOptions(
  place: Place,
  definition: BlockDefinition,
  call: Call,
  path: readonly string[] | undefined,
): ReadonlyMap<string, Static> {
  const options = new Map<string, Static>();
  for (const argument of call.arguments) {
    const bare = argument.value.kind === "reference" ? argument.value.name : undefined;
    const name = argument.name ?? bare;
    const option = definition.options.find((each) => each.name.text === name?.text);
    if (name === undefined || option === undefined) {
      const names = definition.options.map((each) => each.name.text);
      throw problem(
        "MEM0171",
        argument.span,
        `${definition.name.text} has no option ${name?.text ?? "without a name"}.`,
        { help: optionHelp(name?.text, names) },
      );
    }
    options.set(name.text, optionValue(place, option.type, argument.value, name.text));
  }
  for (const option of definition.options) {
    const name = option.name.text;
    const override = path && overrideOf(place, option, path);
    if (override !== undefined) options.set(name, override);
    if (options.has(name)) continue;
    if (option.default === undefined) {
      throw problem("MEM0170", call.span, `${definition.name.text} needs its option ${name}.`, {
        notes: [{ message: "It is declared here.", span: option.name.span }],
      });
    }
    const known = new Map<string, Entity>(options);
    const scope = new Scope({ ...place.scope, names: known });
    options.set(name, optionValue({ ...place, scope }, option.type, option.default, name));
  }
  return options;
}
