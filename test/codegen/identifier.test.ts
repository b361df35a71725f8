/** Text of a spec on its way into generated code: nothing in it can become code. */
import { transformSync } from "esbuild";
import { describe, expect, it } from "vitest";
import {
  camelCase,
  commentLines,
  kebabCase,
  member,
  Names,
  pascalCase,
  propertyName,
  stringLiteral,
  templateText,
} from "../../src/codegen/identifier.ts";
import { emit } from "../../src/codegen/index.ts";
import type { Graph, GraphFunction, Port, Value } from "../../src/ir/graph.ts";
import { mapValues } from "../../src/ir/rewrite.ts";
import { load } from "./load.ts";
import { slotModel } from "./slot-model.ts";
import { generator } from "./tensors.ts";

const nasty = [
  "",
  "class",
  "__proto__",
  "constructor",
  "g",
  "own",
  "dims",
  "Math",
  "eval",
  "arguments",
  "2nd",
  "a b",
  "a-b",
  "π",
  '"',
  "`$".concat("{process.exit(1)}`"),
  "*/ process.exit(1); /*",
  "//",
  "\n",
  "\u2028",
  "\u202e",
  "\\",
  "'];throw 1;['",
  "@ts-nocheck",
  "biome-ignore",
];

const evaluate = (text: string): unknown => new Function(`return (${text});`)();

describe("identifiers", () => {
  it("of a block are not those around it while it is written, and free again once it is closed", () => {
    const names = new Names();
    const block = names.block();
    expect(block.take("each")).toBe("each");
    expect(names.take("each")).toBe("each2");
    expect(block.take("each")).toBe("each3");
    block.close();
    expect(names.take("i")).toBe("i");
    expect(names.has("each3")).toBe(false);
    expect(names.take("each3")).toBe("each3");
  });

  it("of an inner scope make room for those around it and in open blocks, not the other way round", () => {
    const names = new Names(["each"]);
    const block = names.block();
    block.take("i");
    const inner = names.inner();
    expect([inner.take("each"), inner.take("i"), inner.take("_")]).toEqual(["each2", "i2", "_"]);
    expect(names.has("each2")).toBe(false);
  });

  it("are legal, and given once", () => {
    const names = new Names(["taken"]);
    const given = [...nasty, ...nasty, "taken", "taken", "x", "x", "x9", "x9"].map((name) =>
      names.take(name),
    );
    expect(new Set(given).size).toBe(given.length);
    for (const name of given)
      expect(() => new Function(`"use strict"; const ${name} = 1;`)).not.toThrow();
    expect(given.slice(-6)).toEqual(["taken2", "taken3", "x2".slice(0, 1), "x2", "x9", "x10"]);
  });

  it("are written in the case of their kind", () => {
    expect(camelCase(["slots", "write"])).toBe("slotsWrite");
    expect(camelCase(["SlotLanguageModel"])).toBe("slotLanguageModel");
    expect(camelCase(["relative_attention"])).toBe("relativeAttention");
    expect(camelCase(["RMT"])).toBe("rmt");
    expect(pascalCase(["memory", "x2"])).toBe("MemoryX2");
    expect(kebabCase("TransformerXL spec")).toBe("transformer-xl-spec");
  });
});

describe("literals and properties", () => {
  it.each(nasty.map((text) => [text]))("hold %j and nothing else", (text) => {
    expect(evaluate(stringLiteral(text))).toBe(text);
    expect(evaluate(`\`${templateText(text)}\``)).toBe(text);
    const record = evaluate(`({ ${propertyName(text)}: 1 })`) as Record<string, number>;
    expect(Object.keys(record)).toEqual([text]);
    expect(evaluate(`(x) => x${member(text)}`)).toBeTypeOf("function");
  });

  it.each(nasty.map((text) => [text]))("keep %j inside a comment", (text) => {
    const comment = commentLines(`before ${text} after`, 80).map((line) => ` * ${line}`);
    const code = `/**\n${comment.join("\n")}\n */\n7`;
    expect(new Function(code.replace(/7$/, "return 7;"))()).toBe(7);
    expect(code).not.toMatch(/@ts-|biome-ignore|[\u2028\u202e]/);
  });
});

/** The graph with other names for values, functions, addresses, axes and text. */
function renamed(graph: Graph, name: (old: string) => string): Graph {
  const rename = (value: Value): Value => ({ ...value, name: name(value.name) });
  const port = (each: Port): Port => ({
    ...each,
    value: rename(each.value),
    path: each.path.map((segment) => (segment === "*" ? segment : name(segment))),
    struct: each.struct === "own" ? "own" : name(each.struct),
  });
  const change = (written: GraphFunction): GraphFunction => ({
    ...written,
    title: name(written.title),
    doc: name(written.title),
    inputs: written.inputs.map(port),
    results: written.results.map(port),
    nodes: written.nodes.map((node) => {
      const mapped = mapValues(node, rename);
      if (mapped.kind === "call") return { ...mapped, scope: mapped.scope.map(name) };
      if (mapped.kind === "repeat") return { ...mapped, index: name(mapped.index) };
      if (mapped.kind === "probe") return { ...mapped, name: name(mapped.name) };
      return mapped;
    }),
  });
  return {
    main: graph.main,
    functions: new Map([...graph.functions].map(([key, written]) => [key, change(written)])),
  };
}

describe("a model with nasty names throughout", () => {
  it.each([1, 2, 3, 4, 5, 6])(
    "is emitted as code that loads and does nothing else, seed %i",
    async (seed) => {
      const next = generator(seed);
      const given = new Map<string, string>();
      const name = (old: string): string => {
        const known = given.get(old);
        if (known !== undefined) return known;
        const pick = nasty[Math.floor(((next() + 1) / 2) * nasty.length)] ?? "";
        const made = `${pick}${[...given.values()].includes(pick) ? given.size : ""}`;
        given.set(old, made);
        return made;
      };
      const model = slotModel({ depth: 2 });
      const { evaluate: program } = model.programs;
      const graph = renamed(program.graph, name);
      const parameters = program.parameters.map((each) => ({
        ...each,
        path: each.path.map((segment) => (segment === "*" ? segment : name(segment))),
      }));
      const text = name("SlotModel");
      const changed = { ...model, name: text, doc: text, file: `/home/someone/${text}.mem` };
      const [file] = await emit(
        { ...changed, programs: { evaluate: { ...program, graph, parameters } } },
        { version: "0.1.0", hash: "0123456789abcdef" },
      );
      expect(() => transformSync(file?.text ?? "", { loader: "ts" }), `seed ${seed}`).not.toThrow();
      expect(Object.keys(load(file?.text ?? ""))).toHaveLength(2);
      expect(file?.text).not.toContain("/home/someone");
      expect(file?.path).toMatch(/^[a-z0-9-]+\.ts$/);
    },
  );
});
