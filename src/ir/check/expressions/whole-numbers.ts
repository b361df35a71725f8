/**
 * Whole numbers that do not fit into the 32 bits of an int, found while compiling: numbers of the spec that stand among ints, and
 * arithmetic on constants. Arithmetic on data wraps.
 */
import type { HostTensor, OpAttributes, OpName } from "../../../ops/index.ts";
import {
  elementCount,
  evaluate,
  hostTensor,
  operandKinds,
  operations,
  scalar,
} from "../../../ops/index.ts";
import type { Span } from "../../../parser/tree.ts";
import type { Operand, SymbolicNumber, Value } from "../../graph.ts";
import { isValue, operandType, plainAttributes } from "../../symbolic.ts";
import { problem } from "../problem.ts";

const LARGEST = 2 ** 31 - 1;
/** Constants with more entries are not worked out to see whether they fit. */
const MOST_ENTRIES = 2 ** 24;

const fits = (value: number): boolean => (value | 0) === value;

function tooLong(value: string, span: Span): Error {
  return problem("MEM0203", span, `${value} does not fit into an int, which has 32 bits.`, {
    help: "Calculate in reals: real(…) makes one of an int, and holds whole numbers up to 2^53.",
  });
}

/** The operands, a number that no int holds being a real; throws where it stands among ints or is an index. */
export function fittingNumbers(
  op: OpName,
  operands: readonly Operand[],
  span: Span,
): readonly Operand[] {
  const kinds = operandKinds(op, operands.map(operandType));
  return operands.map((operand, position) => {
    if (isValue(operand) || operand.kind !== "int" || fits(operand.constant.value)) return operand;
    if (kinds[position] === "int") throw tooLong(String(operand.constant.value), span);
    return { ...operand, kind: "real" };
  });
}

/** How a constant was made, and what is known of it. */
interface Recipe {
  readonly op: OpName;
  readonly operands: readonly Operand[];
  readonly attributes: OpAttributes<SymbolicNumber>[OpName];
  readonly position: number;
  /** No entry is farther from 0. */
  readonly bound: number;
  worth?: HostTensor;
}

const recipes = new WeakMap<Value, Recipe>();

/** Notes how constants are made; throws where ints among them do not fit. */
export function noteConstants<Name extends OpName>(
  op: Name,
  operands: readonly Operand[],
  attributes: OpAttributes<SymbolicNumber>[Name],
  results: readonly Value[],
  span: Span,
): void {
  for (const [position, result] of results.entries()) {
    const whole = result.type.kind === "int";
    const bound = whole ? boundOf(op, operands, result) : LARGEST;
    if (bound > LARGEST) refuseOverflow(op, operands, attributes, span);
    recipes.set(result, { op, operands, attributes, position, bound: Math.min(bound, LARGEST) });
  }
}

const boundOfOperand = (operand: Operand): number =>
  isValue(operand) ? (recipes.get(operand)?.bound ?? LARGEST) : Math.abs(operand.constant.value);

/** What no entry of an int result can be farther from 0 than, if it is calculated without wrapping. */
function boundOf(op: OpName, operands: readonly Operand[], result: Value): number {
  const [a = 0, b = 0] = operands.map(boundOfOperand);
  const entries = Math.max(1, ...operands.map((operand) => elementCount(operandType(operand))));
  switch (op) {
    case "index":
      return elementCount(result.type);
    case "neg":
    case "abs":
    case "rename":
    case "slice":
    case "broadcast":
    case "gather":
      return a;
    case "add":
    case "sub":
      return a + b;
    case "mul":
      return a * b;
    case "sum":
    case "cumsum":
    case "scatterAdd":
      return operands[0] && operandType(operands[0]).kind === "flag" ? entries : a * entries;
    case "contract":
      return a * b * entries;
    default:
      return LARGEST;
  }
}

/** Throws where the operation, worked out in reals, gives what does not fit. Arguments of a block are not known here. */
function refuseOverflow<Name extends OpName>(
  op: Name,
  operands: readonly Operand[],
  attributes: OpAttributes<SymbolicNumber>[Name],
  span: Span,
): void {
  const known = operands.map(worthOf).filter((operand) => operand !== undefined);
  if (known.length < operands.length) return;
  const asReal = ({ type, data }: HostTensor): HostTensor =>
    type.kind === "int" ? hostTensor("real", type.axes, Float64Array.from(data)) : { type, data };
  const index = operations[op].indices ?? [];
  const inputs = known.map((each, position) => (index.includes(position) ? each : asReal(each)));
  const [exact] = evaluate(op, inputs, plainAttributes(attributes));
  const over = exact?.data.find((value) => !fits(value));
  if (over !== undefined) throw tooLong(String(over), span);
}

function worthOf(operand: Operand): HostTensor | undefined {
  if (!isValue(operand)) return scalar(operand.constant.value, operand.kind);
  const recipe = recipes.get(operand);
  if (recipe === undefined || elementCount(operand.type) > MOST_ENTRIES) return undefined;
  if (recipe.worth !== undefined) return recipe.worth;
  const inputs = recipe.operands.map(worthOf).filter((each) => each !== undefined);
  if (inputs.length < recipe.operands.length) return undefined;
  const results = evaluate(recipe.op, inputs, plainAttributes(recipe.attributes));
  const worth = results[recipe.position];
  if (worth !== undefined) recipe.worth = worth;
  return worth;
}
