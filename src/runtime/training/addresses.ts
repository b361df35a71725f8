/** Addresses of declarations (`layer[*4].attention.Wq`), of single tensors (`layer[3].attention.Wq`) and patterns over them. */
import { BATCH, type NumberKind, type TensorType } from "../../ops/index.ts";
import type { Axes, Declarations } from "../model.ts";
import { axesOf } from "./random.ts";

/** The addresses a declaration stands for: `layer[*2].W` is `layer[0].W`, `layer[1].W`. Repeats may nest. */
export function expandAddress(address: string): readonly string[] {
  const repeat = /\[\*(\d+)\]/.exec(address);
  if (repeat === null) return [address];
  const before = address.slice(0, repeat.index);
  const after = expandAddress(address.slice(repeat.index + repeat[0].length));
  return Array.from({ length: Number(repeat[1]) }, (_, i) => `${before}[${i}]`).flatMap((start) =>
    after.map((rest) => start + rest),
  );
}

/** One entry for each address that the declarations stand for, in declared order, iterations of a repeat together. */
export function expandDeclarations<Declaration>(
  declarations: Readonly<Record<string, Declaration>>,
): ReadonlyMap<string, Declaration> {
  return new Map(
    Object.entries(declarations).flatMap(([address, declaration]) =>
      expandAddress(address).map((one) => [one, declaration] as const),
    ),
  );
}

/** Types of the parameters by address. */
export function parameterTypes(declarations: Declarations): ReadonlyMap<string, TensorType> {
  const types = new Map<string, TensorType>();
  for (const [address, { axes }] of expandDeclarations(declarations.parameters)) {
    types.set(address, { kind: "real", axes: axesOf(axes) });
  }
  return types;
}

/** Types of the carried states by address, `[batch, ...axes]`. */
export function stateTypes(
  declarations: Declarations,
  batch: number,
): ReadonlyMap<string, TensorType> {
  const types = new Map<string, TensorType>();
  for (const [address, { kind, axes }] of expandDeclarations(declarations.states)) {
    types.set(address, batched(kind, axes, batch));
  }
  return types;
}

/** `[batch, ...axes]` of a kind. */
export function batched(kind: NumberKind, axes: Axes, batch: number): TensorType {
  return { kind, axes: [{ name: BATCH, size: batch }, ...axesOf(axes)] };
}

/** Steps of an address or pattern: `layer[*].ffn.**` is `layer`, `*`, `ffn`, `**`. */
function stepsOf(path: string): readonly string[] {
  return path.split(/[.[]/).map((step) => (step.endsWith("]") ? step.slice(0, -1) : step));
}

/**
 * Whether a path pattern names the tensor at an address, or an instance that holds it (`layer[*].ltm` names everything below).
 * `*` stands for one step (a name or an index), `**` for any number of steps, none included.
 */
export function matchesPath(pattern: string, address: string): boolean {
  const patternSteps = stepsOf(pattern);
  const steps = stepsOf(address);
  // reached[i]: the pattern's steps so far can stand for the first i steps of the address.
  let reached = Array.from({ length: steps.length + 1 }, (_, i) => i === 0);
  for (const step of patternSteps) {
    const next = reached.map(() => false);
    for (let i = 0; i <= steps.length; i++) {
      if (step === "**") next[i] = reached[i] === true || (i > 0 && next[i - 1] === true);
      else if (i > 0) next[i] = reached[i - 1] === true && (step === "*" || step === steps[i - 1]);
    }
    reached = next;
  }
  return reached.includes(true, 1);
}
