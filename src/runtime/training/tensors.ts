/** Between host tensors by address, as files and generators have them, and trees on an engine, as functions take them. */
import { type HostTensor, type TensorType, zeros } from "../../ops/index.ts";
import type { DeviceTensor, Engine } from "../engine.ts";
import type { Declarations, Tree } from "../model.ts";
import { flatten, isTyped, nest } from "../tree.ts";
import { batched, expandDeclarations } from "./addresses.ts";
import { drawTensor } from "./random.ts";
import type { HostSegment } from "./source.ts";

/** Moves tensors to an engine, as a tree. */
export function uploadTree(
  engine: Engine,
  tensors: Iterable<readonly [string, HostTensor]>,
): Tree<DeviceTensor> {
  return nest([...tensors].map(([address, tensor]) => [address, engine.upload(tensor)] as const));
}

/** Moves the leaves of a tree to the host, by address. */
export function downloadTree(
  engine: Engine,
  tree: Tree<DeviceTensor>,
): ReadonlyMap<string, HostTensor> {
  return new Map(
    [...leavesByAddress(tree)].map(([address, tensor]) => [address, engine.download(tensor)]),
  );
}

/** Carried states before a stream's first segment: zeros, since `fresh` replaces them by their start values. */
export function initialStates(
  engine: Engine,
  declarations: Declarations,
  batch: number,
): Tree<DeviceTensor> {
  const states = [...expandDeclarations(declarations.states)].map(
    ([address, { kind, axes }]) => [address, zeros(batched(kind, axes, batch))] as const,
  );
  return uploadTree(engine, states);
}

/** The inputs of a segment on an engine. Throws TypeError for what is no segment, such as the list of them that a source gives. */
export function uploadInputs(
  engine: Engine,
  segment: Pick<HostSegment, "inputs">,
): Readonly<Record<string, DeviceTensor>> {
  if (typeof segment?.inputs !== "object") {
    throw new TypeError(
      "uploadInputs takes one segment, { inputs: { tokens, … } }: source.next() gives a list of them.",
    );
  }
  return Object.fromEntries(
    Object.entries(segment.inputs).map(([name, tensor]) => [name, engine.upload(tensor)]),
  );
}

/** Where the draws of one segment are made (rule R20). */
export interface DrawKey {
  readonly seed: number;
  readonly step: number;
  readonly segment: number;
}

/** All draws of one segment on an engine. */
export function segmentDraws(
  engine: Engine,
  declarations: Pick<Declarations, "draws">,
  { seed, step, segment }: DrawKey,
  batch: number,
): Tree<DeviceTensor> {
  const draws = [...expandDeclarations(declarations.draws)].map(([address, declaration]) => {
    return [address, drawTensor(declaration, seed, { step, segment, address }, batch)] as const;
  });
  return uploadTree(engine, draws);
}

/** The leaves of a tree by address, in order. */
export function leavesByAddress<Leaf extends { readonly type: TensorType }>(
  tree: Tree<Leaf>,
): Map<string, Leaf> {
  const isLeaf = isTyped as (node: unknown) => node is Leaf;
  return new Map(flatten(tree, isLeaf).map(({ name, leaf }) => [name, leaf]));
}
