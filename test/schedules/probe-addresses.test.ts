/** Every value that a probe asks for has an address of its own, wherever loops and calls stand and with and without passes. */
import { expect, test } from "vitest";
import { probesOf, programsOf, randomExample } from "./kit.ts";

/** Addresses of what a segment of two tokens shows of the named values, sorted; values must not depend on passes. */
async function shown(names: readonly string[], text: string): Promise<readonly string[]> {
  const seen = async (passes: "none" | Readonly<Record<string, never>>) => {
    const programs = await programsOf(text, {}, names, passes);
    const example = randomExample(programs, 5);
    const [segment] = example.segments;
    return probesOf(programs, example, segment!.inputs);
  };
  const [probes, plain] = [await seen({}), await seen("none")];
  for (const [name, { data }] of probes)
    data.forEach((entry, i) => {
      expect(entry, name).toBeCloseTo(plain.get(name)!.data[i]!, 12);
    });
  expect([...probes.keys()].sort()).toEqual([...plain.keys()].sort());
  return [...probes.keys()].sort().map((name) => name.replace(/^probe\./, ""));
}

const model = (body: string, blocks = "") => `${blocks}
model M {
  input x[T]
  param w starts 0.5
  ${body}
  output o = y
  loss other = y ^ 2 * w
}
train { segment 2 tokens; batch 2 streams; rollout 1 segment }`;

test("two scans over one axis", async () => {
  const body = `y = scan over T from m = w yield m { m = tanh(m + x) }
  y = y + scan over T from m = w yield m { m = tanh(m - x) }`;
  expect(await shown(["m"], model(body))).toEqual(["T2[0].m", "T2[1].m", "T[0].m", "T[1].m"]);
});

test("two repeats of one index, as one loop and written out", async () => {
  const body = (factor: string) => `y = x
  repeat 2 as i { q = tanh(y) * ${factor}; y = y + q }
  repeat 2 as i { q = sin(y) * ${factor}; y = y + q }`;
  expect(await shown(["q"], model(body("w")))).toEqual(["i2[0].q", "i2[1].q", "i[0].q", "i[1].q"]);
  expect(await shown(["q"], model(body("(i + 1)")))).toEqual([
    "i.0.q",
    "i.1.q",
    "i2.0.q",
    "i2.1.q",
  ]);
});

test("a loss in one repeat and a value of its name in the next", async () => {
  const body = `y = x
  repeat 2 as i { y = tanh(y); loss main = y ^ 2 }
  repeat 2 as i { main = sin(y); y = main }`;
  const repeats = ["i2[0].main", "i2[1].main", "i[0].main", "i[1].main"];
  expect(await shown(["main"], model(body))).toEqual(repeats);
});

test("a loop inside a repeat that is written out", async () => {
  const repeated = `y = x * w
  repeat 2 as i { y = y * (i + 1); repeat 2 as j { q = tanh(y); y = q } }`;
  expect(await shown(["q"], model(repeated))).toEqual([
    "i.0.j[0].q",
    "i.0.j[1].q",
    "i.1.j[0].q",
    "i.1.j[1].q",
  ]);
  const scanned = `y = x * w
  repeat 2 as i { y = y * (i + 1); y = scan over T yield q { q = tanh(y) } }`;
  expect(await shown(["q"], model(scanned))).toEqual([
    "i.0.T[0].q",
    "i.0.T[1].q",
    "i.1.T[0].q",
    "i.1.T[1].q",
  ]);
});

test("a loss in a scan is one term, so it has no address for each step", async () => {
  const scanned = `y = x * w
  repeat 2 as i { y = y * (i + 1); scan over T { loss main = y ^ 2 } }`;
  expect(await shown(["main"], model(scanned))).toEqual(["i.0.main", "i.1.main"]);
});

test("two calls of a block without parameters, in one place", async () => {
  const block = "block double(x[...]) -> [...] { q = 2 * x; return tanh(q) }";
  const two = model("y = double(x) + double(w * x) + double(x) as other", block);
  expect(await shown(["q"], two)).toEqual(["double.q", "double2.q", "other.q"]);
  const taken = model("y = double(x) + double(w * x) + double(x) as double2", block);
  expect(await shown(["q"], taken)).toEqual(["double.q", "double2.q", "double3.q"]);
});

test("two calls of a method, and of an instance", async () => {
  const definitions = `block f(x[...]) -> [...] { param v starts 0.1; q = v * x; return tanh(q) }
memory m() {
  state s starts 0.1, gradient through
  look(x[T]) -> [T] { q = s * x; return q }
  write(x[T]) { s <- s + mean(x over T where valid(T)) }
}`;
  const body = `memory mem = m()
  use g = f()
  y = mem.look(x) + mem.look(w * x) + g(x) + g(w * x)
  mem.write(x)`;
  const addresses = ["g.q", "g2.q", "mem.look.q", "mem.look2.q"];
  expect(await shown(["q"], model(body, definitions))).toEqual(addresses);
});

test("losses of an instance and of a method, at the addresses that metrics have", async () => {
  const definitions = `block f(x[...]) -> [...] { param v starts 0.1; loss small = (v * x) ^ 2; return tanh(v * x) }
memory m() {
  state s starts 0.1, gradient through
  step(x[T]) -> [T] {
    loss small = (x - s) ^ 2
    s <- s + mean(x over T where valid(T))
    return s * x
  }
}`;
  const body = `y = x
  repeat 2 as layer { memory mem = m(); use g = f(); y = mem.step(y) + g(y) }`;
  const addresses = ["layer[0].g.small", "layer[0].mem.small", "layer[1].g.small"];
  expect(await shown(["small"], model(body, definitions))).toEqual([
    ...addresses,
    "layer[1].mem.small",
  ]);
});

test("gradients, at the address of the value", async () => {
  const body = `y = scan over T from m = w yield m { q = m + x; m = tanh(q) }
  y = y + scan over T from m = w yield m { q = m - x; m = tanh(q) }`;
  const { text } = await programsOf(model(body), {}, ["gradient.q"]);
  const backward = text.slice(text.indexOf("Backward("));
  expect(backward).toContain('g.scope("T", t)');
  expect(backward).toContain('g.scope("T2", t)');
});
