/** What a call gives: tensors and options by name, and how their axes correspond to the formal ones (rule R3). */
import type {
  Argument,
  BlockDefinition,
  Call,
  Expression,
  Formal,
  MethodDefinition,
  Name,
  Option,
  Outputs,
  Statement,
} from "../../../parser/tree.ts";
import { type Place, renameAxes, typeOf } from "../emit.ts";
import type { CheckedAxis, TensorEntity } from "../entities.ts";
import { evaluateTensor } from "../expressions/expression.ts";
import type { Static } from "../expressions/static.ts";
import type { Instance } from "../instances/instance.ts";
import type { Definitions } from "../names/definitions.ts";
import { findName } from "../names/name.ts";
import { optionValue } from "../option.ts";
import { optionHelp } from "../option-names.ts";
import { problem } from "../problem.ts";
import { aliased, refuseClauses } from "./clauses.ts";
import { namesWithin, unwritable } from "./hygiene.ts";

/** A block, or a method of one, to be called. */
export interface Callee {
  readonly definition: BlockDefinition;
  readonly method: MethodDefinition | undefined;
  readonly definitions: Definitions;
  readonly instance: Instance | undefined;
  readonly formals: readonly Formal[];
  readonly options: readonly Option[];
  readonly outputs: Outputs | undefined;
  readonly body: readonly Statement[];
  /** `slots.write`, `attention`. */
  readonly title: string;
}

/** An option that a body sees, and what its numbers are called as formals of the function. */
export interface GivenOption {
  readonly name: string;
  readonly value: Static;
  readonly formal: string;
  /** Of the instance, not of this call. */
  readonly shared: boolean;
}

/** The options of the instance, then those of the call. A method's option may have the name of one of its memory's. */
export function givenOptions(
  { instance, options }: Callee,
  given: ReadonlyMap<string, Static>,
): readonly GivenOption[] {
  const own = new Set(options.map((option) => option.name.text));
  const shared = [...(instance?.options ?? [])].map(([name, value]) => {
    const formal = own.has(name) ? unwritable(name, own) : name;
    return { name, value, formal, shared: true };
  });
  return [
    ...shared,
    ...[...given].map(([name, value]) => ({ name, value, formal: name, shared: false })),
  ];
}

export interface Bound {
  readonly formal: Formal;
  readonly tensor: TensorEntity;
  readonly argument: Argument;
}

export interface Arguments {
  readonly tensors: readonly Bound[];
  readonly options: ReadonlyMap<string, Static>;
}

export function bindArguments(
  place: Place,
  call: Call,
  callee: Callee,
  scope: readonly string[],
): Arguments {
  const tensors: Bound[] = [];
  const options = new Map<string, Static>();
  const bindOption = (option: Option, argument: Argument) => {
    if (options.has(option.name.text))
      throw problem("MEM0213", argument.span, `${option.name.text} is given twice.`);
    refuseClauses(`The option ${option.name.text}`, argument, []);
    if (argument.as !== undefined)
      throw problem("MEM0144", argument.as.span, "Only a call can be named with `as` here.");
    options.set(
      option.name.text,
      optionValue(place, option.type, argument.value, option.name.text),
    );
  };
  const bindTensor = (formal: Formal, argument: Argument) => {
    const outer = call.alias === undefined ? place.scope : place.scope.outside();
    const inner = outer.below(...scope, formal.name.text);
    refuseClauses(callee.title, argument, ["over", "axes"]);
    const tensor = evaluateTensor({ ...place, scope: inner }, aliased(argument));
    tensors.push({ formal, tensor, argument });
  };
  for (const argument of call.arguments) {
    if (argument.name !== undefined) {
      const { text, span } = argument.name;
      const option = callee.options.find((each) => each.name.text === text);
      const formal = callee.formals.find((each) => each.name.text === text);
      if (option !== undefined) bindOption(option, argument);
      else if (formal !== undefined) bindTensor(formal, argument);
      else {
        const names = (list: readonly { readonly name: Name }[]) =>
          list.map(({ name }) => name.text);
        throw problem("MEM0171", span, `${callee.title} has no option ${text}.`, {
          help: optionHelp(text, names(callee.options), names(callee.formals)),
        });
      }
      continue;
    }
    const bare = argument.value.kind === "reference" ? argument.value.name.text : undefined;
    const short = callee.options.find((each) => each.name.text === bare);
    if (short !== undefined && !isTensorName(place, bare)) {
      bindOption(short, argument);
      continue;
    }
    const formal = callee.formals.find((each) => !tensors.some((done) => done.formal === each));
    if (formal === undefined) {
      throw problem(
        "MEM0214",
        argument.span,
        `${callee.title} takes ${callee.formals.length === 1 ? "one tensor" : `${callee.formals.length} tensors`}; this is one more.`,
        {
          notes: [
            {
              message: "It is declared here.",
              span: (callee.method ?? callee.definition).name.span,
            },
          ],
          help: namedOption(callee, options, argument.value),
        },
      );
    }
    bindTensor(formal, argument);
  }
  const missing = callee.formals.find((formal) => !tensors.some((done) => done.formal === formal));
  if (missing !== undefined) {
    throw problem("MEM0215", call.span, `${callee.title} needs ${missing.name.text}.`, {
      notes: [{ message: "It is declared here.", span: missing.span }],
    });
  }
  const unset = callee.options.find(
    (option) => option.default === undefined && !options.has(option.name.text),
  );
  if (unset !== undefined) {
    throw problem("MEM0170", call.span, `${callee.title} needs its option ${unset.name.text}.`, {
      notes: [{ message: "It is declared here.", span: unset.name.span }],
      help: `${unset.name.text} = …`,
    });
  }
  return {
    tensors: callee.formals.flatMap((formal) => tensors.filter((each) => each.formal === formal)),
    options,
  };
}

/** How an argument that is no tensor of the callee's would be said as an option. */
function namedOption(
  { options }: Callee,
  given: ReadonlyMap<string, Static>,
  value: Expression,
): string | undefined {
  const open = options.filter(({ name }) => !given.has(name.text));
  const option = open.find((each) => each.default === undefined) ?? open[0];
  if (option === undefined) return undefined;
  const written =
    value.kind === "reference" ? value.name.text : value.kind === "number" ? value.value : "…";
  return `Options go by name: ${option.name.text} = ${written}.`;
}

function isTensorName(place: Place, name: string | undefined): boolean {
  return name !== undefined && findName(place, name)?.kind === "tensor";
}

/** How the axes of the arguments and of the formals correspond. */
export interface AxisBinding {
  /** By formal axis: the caller's axis of the first argument that bound it. */
  readonly formals: ReadonlyMap<string, CheckedAxis>;
  /** By name inside the block: axes that only pass through. */
  readonly rest: ReadonlyMap<string, CheckedAxis>;
  /** Arguments with their axes named as inside. */
  readonly tensors: ReadonlyMap<string, TensorEntity>;
}

export function bindAxes(place: Place, callee: Callee, bound: readonly Bound[]): AxisBinding {
  const formals = new Map<string, { axis: CheckedAxis; by: Bound }>();
  const rest = new Map<string, CheckedAxis>();
  const tensors = new Map<string, TensorEntity>();
  const passing = passingNames(callee, bound);
  for (const each of bound) {
    const { formal, tensor, argument } = each;
    const given = orderedAxes(tensor, argument);
    const count = formal.axes.length;
    const enough = formal.rest ? given.length >= count : given.length === count;
    if (!enough) {
      const wanted = `[${[...(formal.rest ? ["..."] : []), ...formal.axes.map((axis) => axis.name.text)].join(", ")}]`;
      throw problem(
        "MEM0216",
        argument.span,
        `${callee.title} wants ${formal.name.text}${wanted}, this is ${typeOf(tensor)}.`,
        {
          notes: [{ message: "The formal is declared here.", span: formal.span }],
          help: carriedNumberHelp(place, argument.value),
        },
      );
    }
    const names = new Map<string, string>();
    const tail = given.slice(given.length - count);
    formal.axes.forEach(({ name }, position) => {
      const axis = tail[position];
      if (axis === undefined) return;
      const before = formals.get(name.text);
      if (before === undefined) formals.set(name.text, { axis, by: each });
      else if (before.axis.size !== axis.size) {
        throw problem(
          "MEM0217",
          argument.span,
          `${callee.title}: axis ${name.text} is ${before.axis.size} in ${before.by.formal.name.text} but ${axis.size} in ${formal.name.text}.`,
          {
            notes: [
              {
                message: `${before.by.formal.name.text} has ${before.axis.name} = ${before.axis.size}.`,
                span: before.by.argument.span,
              },
              {
                message: `${formal.name.text} has ${axis.name} = ${axis.size}.`,
                span: argument.span,
              },
            ],
          },
        );
      }
      // It is the segment's if it is for one of the arguments (rule R2).
      else if (axis.data && !before.axis.data) {
        formals.set(name.text, { ...before, axis: { ...before.axis, data: true } });
      }
      names.set(axis.name, name.text);
    });
    for (const axis of given.slice(0, given.length - count)) {
      const name = passing.get(axis.name) ?? axis.name;
      names.set(axis.name, name);
      rest.set(name, rest.get(name)?.data ? { ...axis, data: true } : axis);
    }
    tensors.set(formal.name.text, renameAxes(place, tensor, names, argument.span));
  }
  const bindings = new Map([...formals].map(([name, { axis }]) => [name, axis]));
  for (const [name, tensor] of tensors) {
    const axes = tensor.axes.map((axis) => {
      const data = bindings.get(axis.name)?.data ?? rest.get(axis.name)?.data ?? axis.data;
      return data === axis.data ? axis : { ...axis, data };
    });
    tensors.set(name, { ...tensor, axes });
  }
  return { formals: bindings, rest, tensors };
}

/** Where a loop carries a number, what calls in its body get is one, too. */
function carriedNumberHelp({ scope }: Place, value: Expression): string | undefined {
  const { frame, names } = scope;
  if (frame.outer === undefined || value.kind !== "reference") return undefined;
  const { text } = value.name;
  const entity = names.get(text);
  const port = frame.builder.inputs.find(({ path }) => path.join(".") === text);
  const isCarried =
    entity?.kind === "tensor" && entity.axes.length === 0 && entity.operand === port?.value;
  return isCarried
    ? `${text} starts as a number here; start it as a tensor, such as 0 * x.`
    : undefined;
}

/** What axes that only pass through are called inside, where the block has another use for their names. */
function passingNames(callee: Callee, bound: readonly Bound[]): ReadonlyMap<string, string> {
  const within = namesWithin(callee.definition, callee.method);
  const given = bound.flatMap(({ tensor }) => tensor.axes.map((axis) => axis.name));
  const taken = new Set(given);
  const names = new Map<string, string>();
  for (const name of given) {
    if (!within.has(name) || names.has(name)) continue;
    const fresh = unwritable(name, taken);
    taken.add(fresh);
    names.set(name, fresh);
  }
  return names;
}

/** The argument's axes in the order that binds: as the call states it, the one named `over` last. */
function orderedAxes(tensor: TensorEntity, argument: Argument): readonly CheckedAxis[] {
  const order = argument.axes ?? argument.over;
  if (order === undefined) return tensor.axes;
  const named = order.map((name) => {
    const axis = tensor.axes.find((candidate) => candidate.name === name.text);
    if (axis === undefined)
      throw problem("MEM0133", name.span, `There is no axis ${name.text} in ${typeOf(tensor)}.`);
    return axis;
  });
  const others = tensor.axes.filter((axis) => !named.includes(axis));
  return [...others, ...named];
}
