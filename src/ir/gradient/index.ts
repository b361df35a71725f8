/** Gradients made at build time. */
export type { DifferentiatedGraph, DifferentiateOptions } from "./differentiate.ts";
export { differentiate } from "./differentiate.ts";
