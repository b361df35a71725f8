/** A memory's method may use a state before another method binds the state's axes: the program is then checked more than once. */
import { expect, test } from "vitest";
import { checkText, modelOf, shownOf } from "./kit.ts";

/** A model with memories that can be read before they are written, and a segment of 4 tokens. */
const model = (body: string): string =>
  `memory last() {
  state row[T] starts 0, gradient stop
  read() -> [T] { return row }
  write(x[T]) { row <- x }
}
model M {
  input x[T]
  memory m = last(); memory n = last(); memory o = last()
${body}
}
evaluate { segment 4 tokens }`;

/** Codes of diagnostics with the text that they are about. */
function found(text: string): readonly string[] {
  return checkText(text).diagnostics.map(
    ({ code, span }) => `${code} ${text.slice(span.start, span.end)}`,
  );
}

test("what is written to one memory may come from another that is read before it is written", () => {
  const text = model(`
  a = m.read() + x
  b = n.read() + x
  c = o.read() + x
  m.write(x); n.write(a); o.write(b)
  output y = a + b + c`);
  expect(shownOf(text)).toBe("");
  expect(modelOf(text).programs.evaluate.states.map(({ path }) => path.join("."))).toEqual([
    "m.row",
    "n.row",
    "o.row",
  ]);
});

test("a state whose axes no call binds is reported once", () => {
  const text = model(`
  a = m.read() + x
  b = n.read() + x
  n.write(x)
  output y = a + b`);
  expect(found(text)).toEqual(["MEM0111 T"]);
});

test("an attempt that is cut short by a limit does not hide what an earlier one found", () => {
  const text = model(`
  a = m.read() + x
  m.write(x)
  b = x + nothing
  repeat 10000 as i { a = i * a + i * a + i }
  c = x + nowhere
  output y = a`);
  expect(found(text)).toEqual(["MEM0110 nothing", "MEM0262 i * a + i * a", "MEM0110 nowhere"]);
});
