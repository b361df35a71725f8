/** Gradients made at build time. */
export { criticalFunction, criticalPath } from "./critical.ts";
export type { DifferentiatedGraph, DifferentiateOptions } from "./differentiate.ts";
export { differentiate, functionGradient } from "./differentiate.ts";
