/** A value that all examples share is repeated along the batch where each example goes on with its own. */
import { expect, it } from "vitest";
import { compile } from "../../src/codegen/compile.ts";

const options = { version: "0.1.0", hash: "0123456789abcdef" };

/** The lines of the segment's function of the spec's evaluating program. */
async function segmentOf(body: string): Promise<string> {
  const text = `mem 1\n${body}\nevaluate { segment 3 tokens; batch 2 streams }\n`;
  const { diagnostics, files } = await compile([{ path: "m.mem", text }], "m.mem", options);
  expect(diagnostics).toEqual([]);
  const [, segment = ""] = files?.[0]?.text.split("\nfunction segment(") ?? [];
  return segment.slice(0, segment.indexOf("\n}\n"));
}

it("is repeated where a scan starts from it", async () => {
  const segment = await segmentOf(`model M {
  dim D = 3
  input x[T, D]
  param w[D] ~ normal(0, 1)
  y = scan over T from m = w yield m { m = tanh(m * w + x) }
  output o = y
}`);
  expect(segment).toContain(
    'let m = g.broadcast(own.w, { axes: [{ name: "batch", size: g.size(inputs.fresh, "batch") }] });',
  );
  expect(segment).not.toContain("g.where(");
});

it("is repeated where a state starts from it at a step of the segment", async () => {
  const segment = await segmentOf(`memory decay(width: int) {
  dim D = width
  param s0[D] ~ normal(0, 1)
  state s[D] starts s0, gradient through
  step(x[T, D]) -> [T, D] {
    y = linear_scan(0.5, where(valid(T), x, 0) over T, from = s)
    s <- last(y over T)
    return y
  }
}
model M {
  dim D = 3
  input x[T, D]
  input document[T] in flag
  memory m = decay(width = D) reset when document
  output o = m.step(x)
}`);
  expect(segment).toMatch(
    /const sStart = g\.broadcast\(own\.m\.s0, \{\s+axes: \[\{ name: "batch", /,
  );
  expect(segment.match(/g\.where\(/g)).toHaveLength(2); // what enters the segment, and what leaves it
});
