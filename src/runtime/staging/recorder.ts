/**
 * Records the operations of one staging as nodes in the order they are called. Equal nodes are
 * recorded once, operations on constants are evaluated at once, and what costs nothing to leave out
 * is left out (simplify.ts).
 */
import {
  inferTypes,
  type NumberKind,
  type OpAttributes,
  OpError,
  type OpName,
  type TensorType,
  typeText,
} from "../../ops/index.ts";
import type { Tensor } from "../builder.ts";
import { type Constant, fold, literal } from "./constants.ts";
import { attributeKey } from "./key.ts";
import { lighterOperands, simplify } from "./simplify.ts";
import type { Tracer } from "./tracer.ts";

/**
 * A call that the builder refuses while a plan is staged. The message is one sentence for the
 * author of the code.
 */
export class StagingError extends Error {
  override readonly name = "StagingError";
}

/** A node before its values have their numbers in a plan. */
export interface RecordedNode<Name extends OpName = OpName> {
  readonly op: Name;
  readonly attributes: OpAttributes<number>[Name];
  readonly inputs: readonly Recorded[];
  readonly outputs: readonly Recorded[];
  readonly trace?: string;
}

/** A tensor of a plan being staged: an input, a constant or a node's result. */
export class Recorded implements Tensor {
  readonly type: TensorType;
  readonly recorder: Recorder;
  /** Unique in its recorder. */
  readonly id: number;
  readonly source: Source;

  constructor(recorder: Recorder, id: number, type: TensorType, source: Source) {
    this.recorder = recorder;
    this.id = id;
    this.type = type;
    this.source = source;
  }
}

export type Source =
  | { readonly kind: "input"; readonly name: string }
  | { readonly kind: "constant"; readonly constant: Constant }
  | { readonly kind: "node"; readonly node: RecordedNode };

/** What staging leaves out of a plan. */
export type Simplification = "identities" | "common" | "constants" | "dead";

export class Recorder {
  readonly nodes: RecordedNode[] = [];
  readonly inputs: Recorded[] = [];
  private readonly tracer: Tracer | undefined;
  private readonly known = new Map<string, readonly Recorded[]>();
  private readonly constants = new Map<number, Recorded>();
  private count = 0;

  private readonly without: ReadonlySet<Simplification>;

  /** With a tracer, every node remembers the calls that led to it (slow; for diagnosis). */
  constructor(tracer?: Tracer, without: ReadonlySet<Simplification> = new Set()) {
    this.tracer = tracer;
    this.without = without;
  }

  input(name: string, type: TensorType): Recorded {
    const input = this.value(type, { kind: "input", name });
    this.inputs.push(input);
    return input;
  }

  constant(constant: Constant): Recorded {
    const known = this.constants.get(constant.serial);
    if (known !== undefined) return known;
    const made = this.value(constant.tensor.type, { kind: "constant", constant });
    this.constants.set(constant.serial, made);
    return made;
  }

  literal(value: number, kind: NumberKind): Recorded {
    return this.constant(literal(value, kind));
  }

  /**
   * Results of an operation, which may be older values. A mask, if present, is the last operand.
   */
  record<Name extends OpName>(
    op: Name,
    given: readonly Recorded[],
    attributes: OpAttributes<number>[Name],
  ): readonly Recorded[] {
    const types = this.resultTypes(op, given, attributes);
    const identities = !this.without.has("identities");
    const simple = identities ? simplify(this, op, given, attributes, types) : undefined;
    if (simple !== undefined) return [simple];
    const operands = identities ? lighterOperands(this, op, given, attributes, types) : given;

    const attributesKey = attributeKey(attributes);
    const key = `${op} ${operands.map((x) => x.id).join()} ${attributesKey}`;
    const known = this.known.get(key);
    if (known !== undefined && !this.without.has("common")) return known;
    const constant = this.without.has("constants")
      ? undefined
      : this.folded(op, operands, attributes, attributesKey, types);
    const results = constant ?? this.node(op, operands, attributes, types);
    this.known.set(key, results);
    return results;
  }

  private resultTypes<Name extends OpName>(
    op: Name,
    operands: readonly Recorded[],
    attributes: OpAttributes<number>[Name],
  ): readonly TensorType[] {
    const types = operands.map((x) => x.type);
    try {
      return inferTypes(op, types, attributes);
    } catch (error) {
      if (!(error instanceof OpError)) throw error;
      const call = `${op}(${types.map(typeText).join(", ")})`;
      throw new StagingError(`In ${call}: ${error.message}`, { cause: error });
    }
  }

  private folded<Name extends OpName>(
    op: Name,
    operands: readonly Recorded[],
    attributes: OpAttributes<number>[Name],
    attributesKey: string,
    types: readonly TensorType[],
  ): readonly Recorded[] | undefined {
    const constants: Constant[] = [];
    for (const { source } of operands) {
      if (source.kind !== "constant") return undefined;
      constants.push(source.constant);
    }
    const results = fold(op, constants, attributes, attributesKey, types);
    return results?.map((constant) => this.constant(constant));
  }

  private node<Name extends OpName>(
    op: Name,
    inputs: readonly Recorded[],
    attributes: OpAttributes<number>[Name],
    types: readonly TensorType[],
  ): readonly Recorded[] {
    const outputs: Recorded[] = [];
    const trace = this.tracer?.callers();
    const node = { op, attributes, inputs, outputs, ...(trace !== undefined && { trace }) };
    for (const type of types) outputs.push(this.value(type, { kind: "node", node }));
    this.nodes.push(node);
    return outputs;
  }

  private value(type: TensorType, source: Source): Recorded {
    return new Recorded(this, this.count++, type, source);
  }
}
