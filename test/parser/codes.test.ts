import { describe, expect, it } from "vitest";
import { diagnostics, longestFile, parse } from "../../src/parser/index.ts";

const codesOf = (text: string): readonly string[] =>
  parse({ path: "test.mem", text }).diagnostics.map(({ code }) => code);

describe("the registry", () => {
  it("has codes of this stage's range, in order", () => {
    const codes = Object.keys(diagnostics);
    expect(codes).toEqual([...codes].sort());
    for (const code of codes) expect(code).toMatch(/^MEM00\d\d$/);
  });

  it.each(Object.entries(diagnostics))(
    "%s: the example has the fault, the mended one has none",
    (code, entry) => {
      expect(entry.title).toMatch(/^\S.{3,50}[^.]$/);
      expect(entry.explanation).toMatch(/^[A-Z`0-9].{40,}\.$/s);
      expect(codesOf(entry.fix)).toEqual([]);
      // The length of a file is no matter for a page.
      const example = code === "MEM0007" ? " ".repeat(longestFile + 1) : entry.example;
      const found = codesOf(example);
      expect(found).toContain(code);
      // Nothing but the fault itself: one cause, one message.
      if (code !== "MEM0012") expect(found).toEqual([code]);
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
