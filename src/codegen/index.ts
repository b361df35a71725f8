/** Code generation: a checked model to readable TypeScript. */
export { type EmitOptions, type EmittedFile, emit, type Trace } from "./emit.ts";
export type { TraceEntry } from "./source-file.ts";
