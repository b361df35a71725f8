import { describe, expect, it } from "vitest";
import { diagnostics, longestFile, parse } from "../../src/parser/index.ts";
import { renderText } from "../../src/parser/render.ts";

const codesOf = (text: string): readonly string[] =>
  parse({ path: "test.mem", text }).diagnostics.map(({ code }) => code);

/** The length of a file is no matter for a page. */
const exampleOf = (code: string, example: string): string =>
  code === "MEM0007" ? `block b(x[T]) -> [T] { return x }${" ".repeat(longestFile)}` : example;

/** What a page and a diagnostic show of a text: a long one by its beginning. */
const shortened = (text: string): string =>
  text.length < 1000
    ? text.trimEnd()
    : `${text.slice(0, 60).trimEnd()} … ${text.length} characters`;

describe("the registry", () => {
  it("has codes of this stage's range, in order", () => {
    const codes = Object.keys(diagnostics);
    expect(codes).toEqual([...codes].sort());
    for (const code of codes) expect(code).toMatch(/^MEM00\d\d$/);
  });

  it.each(Object.entries(diagnostics))(
    "%s: the example has the fault, the mended one has none",
    async (code, entry) => {
      expect(entry.title).toMatch(/^\S.{3,50}[^.]$/);
      expect(entry.explanation).toMatch(/^[A-Z`0-9].{40,}\.$/s);
      expect(codesOf(entry.fix)).toEqual([]);
      const example = exampleOf(code, entry.example);
      const found = codesOf(example);
      expect(found).toContain(code);
      // Nothing but the fault itself: one cause, one message.
      if (code !== "MEM0012") expect(found).toEqual([code]);
      const file = { path: "spec.mem", text: example };
      const own = parse(file).diagnostics.filter((one) => one.code === code);
      const shown = renderText(own, [file]).split("\n").map(shortened).join("\n");
      const page = `${shortened(example)}\n\n${"-".repeat(40)}\n\n${shown}`;
      await expect(page).toMatchFileSnapshot(`golden/${code}.txt`);
    },
  );

  it("gives every diagnostic a span of the file and a sentence without its end", () => {
    for (const { example } of Object.values(diagnostics)) {
      for (const { span, message } of parse({ path: "test.mem", text: example }).diagnostics) {
        expect(span.file).toBe("test.mem");
        expect(0 <= span.start && span.start <= span.end && span.end <= example.length).toBe(true);
        expect(message).toMatch(/^[^A-Z].*[^.]$|^U\+/s);
      }
    }
  });
});
