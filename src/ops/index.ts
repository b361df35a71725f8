export * from "./attributes.ts";
export * from "./types.ts";
