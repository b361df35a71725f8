import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { type Diagnostic, parse, renderJson, renderText } from "../../src/parser/index.ts";
import { lex } from "../../src/parser/lexer.ts";
import { vocabulary } from "../../src/parser/tokens.ts";
import { random } from "./kit.ts";

const folder = new URL("samples/", import.meta.url);
const samples = readdirSync(folder)
  .sort()
  .map((name) => ({ path: name, text: readFileSync(new URL(name, folder), "utf8") }));

/**
 * What must hold of any text: an answer, spans inside the text, an error if there is no tree,
 * output for both forms.
 */
function survives(text: string): readonly Diagnostic[] {
  const file = { path: "fuzz.mem", text };
  const { tree, diagnostics } = parse(file);
  if (tree === undefined) expect(diagnostics).not.toEqual([]);
  for (const { span } of diagnostics) {
    if (!(0 <= span.start && span.start <= span.end && span.end <= text.length)) {
      throw new Error(`a span outside of the text: ${JSON.stringify(span)}`);
    }
  }
  renderText(diagnostics, [file]);
  renderJson(diagnostics, [file]);
  return diagnostics;
}

/** Runs trials, each from its own seed; a failure says how to repeat it. */
function trials(seed: number, count: number, make: (next: () => number) => string): void {
  console.log(`seed ${seed}`);
  for (let trial = 0; trial < count; trial++) {
    const text = make(random(seed + trial));
    try {
      survives(text);
    } catch (error) {
      throw new Error(`seed ${seed + trial}, text ${JSON.stringify(text)}`, { cause: error });
    }
  }
}

const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31));

describe("samples", () => {
  it.each(samples)("$path is read without a diagnostic", (file) => {
    expect(parse(file).diagnostics).toEqual([]);
  });
});

describe("any input has an answer", () => {
  it("random characters", () => {
    trials(seed, 300, (next) => {
      const length = Math.floor(next() * 200);
      const code = (): number => Math.floor(next() < 0.8 ? next() * 128 : next() * 0x10000);
      return Array.from({ length }, () => String.fromCharCode(code())).join("");
    });
  });

  it("random tokens", () => {
    const images = vocabulary.flatMap(({ LABEL }) => /^`(.+)`/.exec(LABEL ?? "")?.[1] ?? []);
    const words = [...images, "x", "M", "3", '"s"', "**.b", "\n", "\n", "{", "}", "(", ")"];
    trials(seed, 300, (next) => {
      const count = Math.floor(next() * 60);
      const pick = (): string => words[Math.floor(next() * words.length)]!;
      return `model M {${Array.from({ length: count }, pick).join(next() < 0.5 ? " " : "")}`;
    });
  });

  it("a sample with one token missing, doubled, or replaced by another one", () => {
    trials(seed, 200, (next) => {
      const { path, text } = samples[Math.floor(next() * samples.length)]!;
      const { tokens } = lex({ path, text });
      const pick = () => tokens[Math.floor(next() * tokens.length)]!;
      const token = pick();
      const kind = next();
      const image = kind < 0.3 ? "" : kind < 0.6 ? `${token.image} ${token.image}` : pick().image;
      const end = token.startOffset + token.image.length;
      return text.slice(0, token.startOffset) + image + text.slice(end);
    });
  });

  it("a sample cut anywhere", () => {
    trials(seed, 200, (next) => {
      const { text } = samples[Math.floor(next() * samples.length)]!;
      return text.slice(Math.floor((next() * text.length) / 2), Math.floor(next() * text.length));
    });
  });
});

describe("work is bounded", () => {
  const codes = (text: string): readonly string[] => [
    ...new Set(survives(text).map(({ code }) => code)),
  ];
  const inModel = (value: string): string => `model M { x = ${value} }`;
  const many = 100_000;
  const some = 10_000;

  it.each([
    ["parentheses", "(".repeat(many)],
    ["brackets", "[".repeat(many)],
    ["braces", "{".repeat(many)],
    ["calls", "f(".repeat(many)],
    ["choices", "when ".repeat(many)],
    ["signs", `${"- ".repeat(some)}1`],
    ["negations", `${"not ".repeat(some)}on`],
    ["powers", `1${" ^ 1".repeat(some)}`],
    ["sums", `1${" + 1".repeat(some)}`],
    ["members", `x${".y".repeat(some)}`],
    ["suffixes", `x${" at L = 0".repeat(some)}`],
    ["choices one after another", `when a { 0 } ${"else when a { 0 } ".repeat(some)} else { 0 }`],
  ])("%s", (_, value) => expect(codes(inModel(value))).toContain("MEM0008"));

  it("loops in loops, lists of lists, statements in statements", () => {
    expect(codes(inModel("scan over T { y = ".repeat(some)))).toContain("MEM0008");
    expect(codes(`memory m(x: ${"list(".repeat(many)}`)).toContain("MEM0008");
    expect(codes(`model M { ${"repeat 2 as i { ".repeat(some)}`)).toContain("MEM0008");
    expect(codes(`train { ${"a { ".repeat(some)}`)).toContain("MEM0008");
    expect(codes(`train { a = ${"a = ".repeat(many)} 1 }`)).not.toContain("MEM0008");
  });

  it("what is within the bounds is read: ninety deep in every way", () => {
    const deep = (open: string, close: string, inner = "1"): string =>
      open.repeat(90) + inner + close.repeat(90);
    expect(codes(inModel(deep("(", ")")))).toEqual([]);
    expect(codes(inModel(deep("f(x, -", " over T)")))).toEqual([]);
    expect(codes(inModel(deep("when a { ", " } else { 0 }")))).toEqual([]);
    expect(codes(inModel(deep("scan over T { y = ", " }")))).toEqual([]);
    expect(codes(`model M { ${deep("repeat 2 as i { ", " }", "")} }`)).toEqual([]);
    expect(codes(`model M { ${deep("f() { ", " }", "")} }`)).toEqual([]);
    expect(codes(inModel(`1${" + 1".repeat(900)}`))).toEqual([]);
  });

  it("long chains of names, digits and dots are read in one pass", () => {
    expect(codes(`train { freeze a${".a".repeat(many)} }`)).toEqual([]);
    expect(codes(`train { freeze a${"[1]".repeat(many)} }`)).toEqual([]);
    expect(codes(inModel("1".repeat(many)))).toEqual(["MEM0004"]);
    expect(codes(inModel(`${"1".repeat(many)}a`))).toEqual(["MEM0003"]);
    expect(codes("/* ".repeat(many))).toEqual(["MEM0005"]);
    expect(codes("/**/".repeat(many))).toEqual(["MEM0005", "MEM0012"]);
    expect(codes("/// a\n".repeat(many))).toEqual([]);
    expect(codes("\n".repeat(many))).toEqual([]);
    expect(codes("? ".repeat(many))).toEqual(["MEM0001", "MEM0012"]);
  });

  it("files have at most a million characters", () => {
    expect(codes(" ".repeat(1_000_001))).toEqual(["MEM0007"]);
  });
});
