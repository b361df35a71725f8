/** The op table, its types and the host tensors it computes with. */
export * from "./attributes.ts";
export {
  axisList,
  elementCount,
  findAxis,
  newName,
  sameType,
  sameUpToOrder,
  typeText,
} from "./axes.ts";
export { erf } from "./special-functions.ts";
export * from "./table.ts";
export { hostTensor, scalar, transposeTo, zeros } from "./tensor.ts";
export * from "./types.ts";
