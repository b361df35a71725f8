import type { Program } from "../ir/program.ts";
import type { Functions } from "./functions.ts";
import type { Module } from "./module.ts";
import type { Part } from "./source-file.ts";

export function rolloutParts(
  _program: Program,
  _module: Module,
  _functions: Functions,
): readonly Part[] {
  return [];
}
