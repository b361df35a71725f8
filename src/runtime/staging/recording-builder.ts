/**
 * The builder that generated code is run on: it turns numbers into constants and records every
 * call.
 */
import {
  type NumberKind,
  type OpAttributes,
  type OpName,
  operations,
  typeText,
} from "../../ops/index.ts";
import type { Builder, Operand, Tensor } from "../builder.ts";
import { addressOf } from "../tree.ts";
import { Recorded, type Recorder, StagingError } from "./recorder.ts";
import type { Entry, Tracer } from "./tracer.ts";

/** A value that is returned beside the function's results. */
export interface RecordedProbe {
  readonly name: string;
  readonly value: Recorded;
}

/** What all scopes of one staging share. */
interface Staging {
  readonly recorder: Recorder;
  readonly tracer: Tracer | undefined;
  /** Undefined where probes are not wanted. */
  readonly probes: Map<string, RecordedProbe> | undefined;
}

/** Operands that are given by name come after those given by position. */
const optionalOperand: { readonly [Name in OpName]?: string } = { linear: "bias" };

class RecordingBuilder {
  readonly staging: Staging;
  readonly path: string;

  constructor(staging: Staging, path: string) {
    this.staging = staging;
    this.path = path;
  }

  size(x: Tensor, axis: string): number {
    const found = x.type.axes.find(({ name }) => name === axis);
    if (found === undefined) {
      throw new StagingError(`${typeText(x.type)} has no axis ${axis} whose size could be asked.`);
    }
    return found.size;
  }

  scope(...names: readonly (string | number)[]): RecordingBuilder {
    return new RecordingBuilder(this.staging, names.reduce<string>(addressOf, this.path));
  }

  probe(name: string, of: "value" | "gradient", x: Operand): void {
    const { probes } = this.staging;
    if (probes === undefined) return;
    const path = addressOf(this.path, name);
    const port = of === "gradient" ? `probe.gradient.${path}` : `probe.${path}`;
    const value = toRecorded(this.staging.recorder, x, "real");
    const before = probes.get(port);
    if (before !== undefined && before.value !== value) {
      throw new StagingError(`Two different values are probed as ${port}.`);
    }
    probes.set(port, { name: port, value });
  }

  /** Records one call: `args` are the operands, then the attributes where the operation has any. */
  call(op: OpName, args: readonly unknown[]): Recorded | readonly Recorded[] {
    const { arity, masked, results = 1 } = operations[op];
    const count = arity === "variadic" ? 1 : arity;
    const given = arity === "variadic" ? args[0] : args.slice(0, count);
    if (!Array.isArray(given)) throw new StagingError(`${op} takes a list of tensors.`);
    const { named, attributes } = divide(op, args[count], masked === true);
    if (args.length > count + 1) {
      throw new StagingError(
        `${op} takes ${count} operands and its attributes, not ${args.length}.`,
      );
    }
    const operands = this.operands(op, [...given, ...named]);
    const recorded = this.staging.recorder.record(op, operands, attributes);
    const [first] = recorded;
    if (results > 1) return recorded;
    if (first === undefined) throw new StagingError(`${op} has no result.`);
    return first;
  }

  private operands(op: OpName, given: readonly unknown[]): Recorded[] {
    const { recorder } = this.staging;
    const kinds = given.map((x) => (x instanceof Recorded ? x.type.kind : undefined));
    const { indices, numbers } = operations[op];
    const counting = op === "floorDiv" || op === "mod";
    const whole =
      numbers !== "real" && !kinds.includes("real") && (counting || kinds.includes("int"));
    return given.map((x, i) => {
      if (x === undefined) throw new StagingError(`${op} is called without operand ${i + 1}.`);
      return toRecorded(recorder, x, whole || indices?.includes(i) ? "int" : "real", op);
    });
  }
}

/**
 * A tensor of this plan as it is, a number or boolean as a constant: `kind` is what a whole number
 * becomes.
 */
export function toRecorded(
  recorder: Recorder,
  x: unknown,
  kind: "real" | "int",
  where = "A result",
): Recorded {
  if (x instanceof Recorded) {
    if (x.recorder === recorder) return x;
    throw new StagingError(
      `${where} is given a tensor of another plan; values do not outlive their staging.`,
    );
  }
  if (typeof x === "boolean") return recorder.literal(x ? 1 : 0, "flag");
  if (typeof x === "number") {
    const literal: NumberKind = kind === "int" && Number.isInteger(x) ? "int" : "real";
    return recorder.literal(x, literal);
  }
  throw new StagingError(`${where} is given ${describe(x)} instead of a tensor, number or flag.`);
}

function describe(x: unknown): string {
  if (x === null || x === undefined) return String(x);
  return Array.isArray(x) ? "a list" : `a ${typeof x}`;
}

/**
 * Parts a method's last argument into operands given by name (mask, bias) and the operation's
 * attributes.
 */
function divide(
  op: OpName,
  last: unknown,
  masked: boolean,
): { named: readonly unknown[]; attributes: OpAttributes<number>[OpName] } {
  const name = masked ? "where" : optionalOperand[op];
  const given = (last ?? {}) as Readonly<Record<string, unknown>>;
  if (typeof given !== "object" || given instanceof Recorded) {
    throw new StagingError(`The last argument of ${op} should be its attributes.`);
  }
  const attributes = given as unknown as OpAttributes<number>[OpName];
  if (name === undefined || !(name in given)) return { named: [], attributes };
  const { [name]: operand, ...rest } = given;
  return {
    named: operand === undefined ? [] : [operand],
    attributes: rest as unknown as OpAttributes<number>[OpName],
  };
}

for (const op of Object.keys(operations) as OpName[]) {
  const method = function (this: RecordingBuilder, ...args: readonly unknown[]) {
    const { tracer } = this.staging;
    if (tracer !== undefined) tracer.entry = method as Entry;
    return this.call(op, args);
  };
  Object.defineProperty(RecordingBuilder.prototype, op, { value: method });
}

/**
 * A builder at the root of a staging. Its methods are those of `Builder`, made from the op table.
 */
export function recordingBuilder(staging: Staging): Builder {
  return new RecordingBuilder(staging, "") as unknown as Builder;
}
