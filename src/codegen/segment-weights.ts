/** The weights of a rollout's segments (rule R15): a small function of the training file. */
import type { Schedule } from "../ir/program.ts";
import type { Names } from "./identifier.ts";
import { literalText } from "./number.ts";
import type { Part } from "./source-file.ts";

export function weightsFunction(
  { segmentWeights }: Schedule,
  names: Names,
): { readonly name: string; readonly part: Part } {
  const name = names.take("segmentWeights");
  const text = {
    name,
    doc: [docOf(segmentWeights)],
    parameters: [{ name: "segments", type: "readonly SegmentBatch[]" }],
    returnType: "readonly number[]",
    lines: linesOf(segmentWeights).map((line) => ({ text: line })),
    types: [],
  };
  return { name, part: { kind: "function", text } };
}

function docOf(weights: Schedule["segmentWeights"]): string {
  switch (weights.kind) {
    case "uniform":
      return "Weights of the segments' losses: all equal, together 1.";
    case "last":
      return "Weights of the segments' losses: only the last one counts.";
    case "tokens":
      return "Weights of the segments' losses: their shares of the rollout's tokens.";
    case "powers":
      return `Weights of the segments' losses: powers of ${literalText(weights.base)}, together 1.`;
    case "list":
      return "Weights of the segments' losses: as listed, together 1.";
    default:
      return weights satisfies never;
  }
}

function linesOf(weights: Schedule["segmentWeights"]): readonly string[] {
  switch (weights.kind) {
    case "uniform":
      return ["return segments.map(() => 1 / segments.length);"];
    case "last":
      return ["return segments.map((_, s) => (s === segments.length - 1 ? 1 : 0));"];
    case "tokens":
      return [
        "const total = segments.reduce((sum, { tokens }) => sum + tokens, 0);",
        "return segments.map(({ tokens }) => tokens / Math.max(total, 1));",
      ];
    case "powers":
      return [
        `const powers = segments.map((_, s) => ${baseText(weights.base)} ** s);`,
        ...normalised("powers"),
      ];
    case "list":
      return [
        `const listed = [${weights.weights.map(literalText).join(", ")}];`,
        "const given = segments.map((_, s) => listed[s] ?? 0);",
        ...normalised("given"),
      ];
    default:
      return weights satisfies never;
  }
}

function baseText(base: number): string {
  return base < 0 ? `(${literalText(base)})` : literalText(base);
}

function normalised(list: string): readonly string[] {
  return [
    `const total = ${list}.reduce((sum, weight) => sum + weight, 0);`,
    `return ${list}.map((weight) => weight / total);`,
  ];
}
