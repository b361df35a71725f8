import { describe, expect, it } from "vitest";
import { diagnostic, LineIndex, parse, renderJson, renderText } from "../../src/parser/index.ts";

const render = (text: string, color = false): string => {
  const file = { path: "tiny.mem", text };
  return renderText(parse(file).diagnostics, [file], { color });
};

const at = (file: string, start: number, end: number) => ({ file, start, end });

describe("text", () => {
  it("is code, message, place, line and mark; notes have frames of their own", () => {
    expect(render("model M {\n  x = f(1\n  y = 2\n  z = 1 = 2\n}")).toBe(`\
error[MEM0009]: \`(\` is never closed
 --> tiny.mem:2:8
  |
2 |   x = f(1
  |        ^
note: \`)\` is missing before this point
 --> tiny.mem:2:10
  |
2 |   x = f(1
  |          ^

error[MEM0025]: expected the end of the statement, found \`=\`
 --> tiny.mem:4:9
  |
4 |   z = 1 = 2
  |         ^
help: \`=\` gives a value its name; values are compared by \`==\`
`);
  });

  it("is empty without diagnostics", () => {
    expect(render("model M { }")).toBe("");
  });

  it("keeps tabs under tabs, and counts wide letters as two columns", () => {
    const text = "model M {\n\tx = \t)\n}";
    expect(render(text)).toContain("2 | \tx = \t)\n  | \t    \t^\n");
    const wide = { path: "a.mem", text: "// 記憶 x" };
    const found = diagnostic("MEM0001", at("a.mem", 6, 7), "wrong");
    expect(renderText([found], [wide])).toContain("1 | // 記憶 x\n  |         ^\n");
  });

  it("marks the first of several lines, the end of a file, and an empty file", () => {
    const file = { path: "a.mem", text: "ab\r\ncd\n" };
    const frames = [at("a.mem", 1, 6), at("a.mem", 7, 7)].map((span) =>
      renderText([diagnostic("MEM0001", span, "wrong")], [file]),
    );
    expect(frames[0]).toContain("1 | ab\n  |  ^ …\n");
    expect(frames[1]).toContain(" --> a.mem:3:1\n  |\n3 | \n  | ^\n");
    const empty = { path: "a.mem", text: "" };
    expect(renderText([diagnostic("MEM0001", at("a.mem", 0, 0), "wrong")], [empty])).toContain(
      "1 | \n  | ^\n",
    );
  });

  it("shows the part of a long line around the mark", () => {
    const text = `model M { x = ${"1 + ".repeat(10_000)} ) }`;
    const lines = render(text).split("\n");
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(140);
    const [code, mark] = [lines[3]!, lines[4]!];
    expect(code[mark.indexOf("^")]).toBe(")");
  });

  it("shows no control characters of the spec, its path or a message", () => {
    const path = "a\u001b[2J.mem";
    const text = "x\u001b[31m\u202E\u0085 // \u0007";
    const found = diagnostic("MEM0001", at(path, 0, 1), "found \u001b[1m", { help: "\u0000" });
    const shown = renderText([found], [{ path, text }]);
    expect(shown).not.toMatch(/[^\P{Cc}\n]|\u202E/u);
    expect(shown).toContain("a␛[2J.mem:1:1");
  });

  it("names the file it has no text of", () => {
    expect(renderText([diagnostic("MEM0001", at("b.mem", 0, 1), "wrong")], [])).toBe(
      "error[MEM0001]: wrong\n  --> b.mem\n",
    );
  });

  it("has colours only where asked for", () => {
    const painted = render("}", true);
    expect(painted.startsWith("\u001b[1;31merror[MEM0010]\u001b[0m: ")).toBe(true);
    const plain = painted
      .split("\u001b")
      .map((part, index) => (index === 0 ? part : part.replace(/^\[[\d;]*m/, "")))
      .join("");
    expect(plain).toBe(render("}"));
  });
});

describe("JSON", () => {
  it("has a version, and lines and columns from 1", () => {
    const file = { path: "tiny.mem", text: "model M {\r\n  x = f(1\r\n}" };
    const json = renderJson(parse(file).diagnostics, [file]);
    expect(JSON.parse(json)).toEqual({
      version: 1,
      diagnostics: [
        {
          code: "MEM0009",
          severity: "error",
          message: "`(` is never closed",
          place: {
            file: "tiny.mem",
            start: { offset: 18, line: 2, column: 8 },
            end: { offset: 19, line: 2, column: 9 },
          },
          notes: [
            {
              message: "`)` is missing before this point",
              place: {
                file: "tiny.mem",
                start: { offset: 20, line: 2, column: 10 },
                end: { offset: 20, line: 2, column: 10 },
              },
            },
          ],
        },
      ],
    });
    expect(json.endsWith("}\n")).toBe(true);
  });

  it("has warnings, help and notes without a place", () => {
    const found = diagnostic("MEM0600", at("a.mem", 0, 0), "odd", {
      severity: "warning",
      notes: [{ message: "why" }],
      help: "what to do",
    });
    expect(JSON.parse(renderJson([found], [])).diagnostics).toMatchObject([
      { severity: "warning", notes: [{ message: "why" }], help: "what to do" },
    ]);
  });
});

describe("lines", () => {
  it("end with LF, CRLF or CR", () => {
    const lines = new LineIndex("a\nb\r\nc\rd");
    expect([1, 2, 3, 4].map((line) => lines.line(line))).toEqual(["a", "b", "c", "d"]);
    expect([0, 1, 2, 5, 7].map((offset) => lines.position(offset).line)).toEqual([1, 1, 2, 3, 4]);
    expect(lines.line(5)).toBe("");
  });
});
