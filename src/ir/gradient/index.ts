/** Gradients made at build time. */
export { criticalPath, sliceResults } from "./critical.ts";
export type { DifferentiatedGraph, DifferentiateOptions } from "./differentiate.ts";
export { differentiate } from "./differentiate.ts";
