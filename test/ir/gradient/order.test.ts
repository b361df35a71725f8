/**
 * Gradients list their axes as the spec declares the parameter or state, whatever the order in which they are computed and
 * whatever passes put in the place of what computed them; so do next states.
 */
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { lower } from "../../../src/codegen/compile.ts";
import { segmentVariants } from "../../../src/codegen/segment-functions.ts";
import type { GraphFunction, Port } from "../../../src/ir/graph.ts";
import { functionOf } from "../passes/kit.ts";

function folder(
  path: string,
  below = "",
): readonly { readonly path: string; readonly text: string }[] {
  return readdirSync(path)
    .filter((name) => name.endsWith(".mem"))
    .map((name) => ({ path: below + name, text: readFileSync(`${path}/${name}`, "utf8") }));
}

const library = folder("specs/std", "std/");
const models = folder("specs");
const odd = folder("test/schedules/odd").map(({ path, text }) => ({
  path,
  text: `${text}
train { segment 4 tokens; batch 2 streams; rollout 2 segments; optimizer adamw(rate = 1e-3) }
`,
}));

/** Parameters made part by part, read backwards, with their axes turned round and more than once. */
const turned = {
  path: "turned.mem",
  text: `mem 1
block sums(x[T, D]) -> [T, D] {
  param U[E: 2, D], W[D -> F: 2, G: 3] starts 1
  return sum(exp(x * U) over E) + sum((x . W over D) over (F, G)) }
memory store(width: int) { dim S = 3, D = width
  state M[S, D] starts 0.5, gradient through
  write(x[T, D]) { M <- softmax((x . M over D) over T) . x over T }
  read(x[T, D]) -> [T, D] { return softmax((x . M over D) over S) . M over S } }
model Turned { dim D = 3, V = 5
  input ids[T] in V
  param w[V, D] ~ normal(0, 1)
  param A[D, E: 3], B[E: 3, D], p[D, E: 3], q[D, V], J[D, E: 3], c[F: 2, D] starts 1
  memory s = store(width = D)
  x = w at V = ids
  repeat 2 as layer { x = x + sums(x) }
  y = s.read(x)
  s.write(y)
  z = sum(tanh(A + B) * (p + A) over E) * y
  first, others = J split E into (F: 2, G: 1)
  y = y + sum(tanh(c * first) over F) + sum(tanh(y * others) over G)
  logits = ((z + y) . w over D) + sum(q over D)
  loss main = logsumexp(logits over V) - (logits at V = ids)
}
train { segment 4 tokens; batch 2 streams; rollout 2 segments; optimizer adamw(rate = 1e-3) }
`,
};

const keyOf = ({ struct, path }: Port): string => [struct, ...path].join(".");
const axesOf = ({ value }: Port): string => value.type.axes.map(({ name }) => name).join();

function orders(ports: readonly Port[], ...roles: readonly Port["role"][]): Map<string, string> {
  const chosen = ports.filter(({ role }) => roles.includes(role));
  return new Map(chosen.map((port) => [keyOf(port), axesOf(port)]));
}

function expectDeclared(given: ReadonlyMap<string, string>, { inputs }: GraphFunction): void {
  const declared = orders(inputs, "parameter", "state");
  const wanted = new Map(Array.from(given, ([key]) => [key, declared.get(key)]));
  expect(Object.fromEntries(given)).toEqual(Object.fromEntries(wanted));
}

describe.each([turned, ...models, ...odd])("the axes of $path", ({ path, text }) => {
  it.each(["all", "none"] as const)("are in the order declared with %s of the passes", (passes) => {
    const options = passes === "none" ? { passes } : {};
    const { diagnostics, model } = lower([...library, { path, text }], path, options);
    expect(diagnostics.filter(({ severity }) => severity === "error")).toEqual([]);
    const graph = model?.programs.train?.graph;
    if (graph === undefined) throw new Error(`${path} does not train.`);
    const main = functionOf(graph);
    const { backward } = segmentVariants(graph);
    const gradients = orders(functionOf(graph, backward).results, "gradient");
    expectDeclared(gradients, main);
    expectDeclared(orders(main.results, "next"), main);
  });
});
