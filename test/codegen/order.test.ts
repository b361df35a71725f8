/**
 * The graph says in which order a value lists its axes, and so do the comments of generated code; running it gives that order. A
 * state leaves a segment as it entered, and a gradient has the order of what it is the gradient of: as the spec declares them.
 */
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { lower } from "../../src/codegen/compile.ts";
import { emit } from "../../src/codegen/emit.ts";
import { segmentFunctions } from "../../src/codegen/segment-functions.ts";
import { signatureOf } from "../../src/codegen/signature.ts";
import { EACH } from "../../src/codegen/struct.ts";
import type { GraphFunction, Port } from "../../src/ir/graph.ts";
import type { CheckedModel, Program } from "../../src/ir/program.ts";
import type { TensorType } from "../../src/ops/index.ts";
import { OPEN, typeText } from "../../src/ops/index.ts";
import type { StagedFunction } from "../../src/runtime/stage.ts";
import { stage } from "../../src/runtime/stage.ts";
import { load } from "./load.ts";
import { loopModel } from "./loop-model.ts";
import { slotModel } from "./slot-model.ts";
import { BATCH_SIZE } from "./tensors.ts";

function folder(
  path: string,
  below = "",
): readonly { readonly path: string; readonly text: string }[] {
  return readdirSync(path)
    .filter((name) => name.endsWith(".mem"))
    .map((name) => ({ path: below + name, text: readFileSync(`${path}/${name}`, "utf8") }));
}

const library = folder("specs/std", "std/");
const train = `
train { segment 4 tokens; batch 2 streams; rollout 2 segments; optimizer adamw(rate = 1e-3) }
`;
const trained = ({ path, text }: { readonly path: string; readonly text: string }) => ({
  path,
  text: text + train,
});

/** Where orders meet: an axis of a loop and the axes of what it yields, operands that lack axes, what is renamed. */
const meeting = [
  {
    path: "written-from-a-loop.mem",
    text: `mem 1
memory layers() {
  dim L = 3, D = 4
  state S[L, D] starts 0, gradient through
  state R[D, L] starts 0, gradient through
  param w[D] ~ normal(0, 1)
  write(x[T, D]) -> [T, D] {
    repeat 3 as l yield h { x = tanh(x * w + 0.1); h = mean(x over T where valid(T)) }
    S <- (h rename l as L) + 0.5 * S
    R <- (h rename l as L) + 0.5 * R
    return x * sum(S * (R + index(L) + 1) over L)
  }
}
model M {
  dim D = 4
  input x[T, D]
  memory m = layers()
  y = m.write(x)
  loss main = y ^ 2
}
`,
  },
  {
    path: "yielded.mem",
    text: `mem 1
model M {
  dim D = 4
  input x[T, D]
  target z[T, D]
  param w[D] ~ normal(0, 1)
  param v[L: 3, D], u[D, L: 3] ~ normal(0, 1)
  y = scan over T from m = w yield m { m = tanh(m * w + x) }
  repeat 3 as layer yield k { x = tanh(x); k = x }
  repeat 3 as l yield h { x = x * (l + 1); h = tanh(x) }
  output o = y
  output p = k
  output q = h
  hh = (k rename layer as L) + (h rename l as L)
  loss main = (y - z) ^ 2 + (hh . v over (L, D)) ^ 2 + sum(hh * u over (L, D))
}
`,
  },
  {
    path: "starts-and-carries.mem",
    text: `mem 1
memory mm(width: int) {
  dim L = 3, D = width
  param s[D] ~ normal(0, 1)
  param r[D, L] ~ normal(0, 1)
  state S[L, D] starts s, gradient through
  state R[L, D] starts r, gradient through
  state n[L, D] in int starts 0
  read(x[T, D]) -> [T, D] { return x * sum(S * tanh(R) over L) }
  write(x[T, D]) {
    m = sum(x over T where valid(T)) * r
    S <- m
    R <- tanh(m) + R
    n <- n + int(m)
  }
}
block turned(x[..., A, B]) -> [..., A, B] {
  param g[B, A] ~ normal(0, 1)
  return tanh(g * x) + x
}
model M {
  dim D = 4
  input x[T, D]
  param a[D, E: 3], b[E: 3, D] ~ normal(0, 1)
  memory m = mm(width = D)
  y = m.read(x)
  m.write(y)
  c = a + 0
  k = int(a * 3)
  repeat 2 as layer { c = b * tanh(c) + b; k = int(b) + k }
  e = turned(turned(a) as first_turn) as second_turn + turned(b) as third_turn
  repeat 2 as turns { e = turned(e) as fourth_turn }
  d = scan over T from h = a yield h { h = tanh(b * x + h) }
  loss main = sum(d * e * y over (D, E)) ^ 2 + sum(c * e * real(k) over (D, E))
}
`,
  },
];

/** A program's text as it is emitted, and its graph. */
interface Emitted {
  readonly program: Program;
  readonly text: string;
}

async function emitted(model: CheckedModel): Promise<readonly Emitted[]> {
  const files = await emit(model, { version: "0.1.0", hash: "0".repeat(64) });
  const { evaluate, train, generate } = model.programs;
  const programs = [evaluate, train, generate].filter((program) => program !== undefined);
  return programs.map((program, i) => ({ program, text: files[i]?.text ?? "" }));
}

const sized = ({ kind, axes }: TensorType): TensorType => ({
  kind,
  axes: axes.map(({ name, size }) => ({ name, size: size === OPEN ? BATCH_SIZE : size })),
});

/** A tree with leaves at these paths, as many as there are copies. */
function tree(leaves: readonly (readonly [path: readonly string[], port: Port])[]): unknown {
  const build = (
    below: readonly (readonly [readonly string[], Port])[],
    depth: number,
  ): unknown => {
    const [first] = below;
    if (first === undefined) return {};
    const [path, { value }] = first;
    if (path.length === 0) return sized(value.type);
    if (path[0] === EACH) {
      const element = below.map(([rest, port]) => [rest.slice(1), port] as const);
      const count = value.type.copies[depth] ?? 0;
      return Array.from({ length: count }, () => build(element, depth + 1));
    }
    const names = [...new Set(below.map(([[name = ""]]) => name))];
    return Object.fromEntries(
      names.map((name) => [
        name,
        build(
          below.flatMap(([rest, port]) => (rest[0] === name ? [[rest.slice(1), port]] : [])),
          depth,
        ),
      ]),
    );
  };
  return build(leaves, 0);
}

/** The first of the tensors at a path. */
function at(result: unknown, path: readonly string[]): unknown {
  return path.reduce(
    (part, name) => (part as Readonly<Record<string, unknown>>)[name === EACH ? "0" : name],
    result,
  );
}

/** Types of what a segment's function gives, as the graph says and as it runs, by address. */
function resultTypes(
  { program, text }: Emitted,
  written: GraphFunction,
  name: string,
): { readonly said: Record<string, string>; readonly found: Record<string, string> } {
  const run = load(`${text}\nexport { ${name} };\n`)[name] as StagedFunction;
  const states = new Set(program.states.map(({ path }) => path.join(".")));
  const signature = signatureOf(written, {
    main: true,
    isState: ({ path }) => states.has(path.join(".")),
  });
  const inputs = signature.parameters.map(({ ports }) =>
    tree(ports.map(({ position, path }) => [path, written.inputs[position] as Port])),
  );
  const { plan, resultTree } = stage(name, run, inputs as never);
  const said: Record<string, string> = {};
  const found: Record<string, string> = {};
  for (const { key, ports } of signature.groups) {
    for (const { position, path } of ports) {
      const type = written.results[position]?.value.type;
      if (type === undefined || type.copies.includes(0)) continue;
      const address = [name, key, ...path].join(".");
      const output = plan.outputs[at(resultTree, [key, ...path]) as number];
      said[address] = typeText(sized(type));
      found[address] = typeText(plan.values[output?.value ?? -1] as TensorType);
    }
  }
  return { said, found };
}

async function expectAsSaid(model: CheckedModel): Promise<void> {
  for (const each of await emitted(model)) {
    const { graph } = each.program;
    const parameters = new Map<string, string>();
    for (const [name, as] of segmentFunctions(each.program)) {
      const written = graph.functions.get(name);
      if (written === undefined) throw new Error(`There is no ${name}.`);
      const { said, found } = resultTypes(each, written, as);
      expect(found).toEqual(said);
      for (const { role, path, value } of written.inputs) {
        if (role === "parameter" || role === "state") {
          parameters.set(path.join("."), typeText(sized(value.type)));
        }
      }
      for (const { role, path, value } of written.results) {
        const declared = parameters.get(path.join("."));
        if ((role !== "next" && role !== "gradient") || declared === undefined) continue;
        expect(typeText(sized(value.type)), `${as} ${path.join(".")}`).toBe(declared);
      }
    }
  }
}

const specs = [...folder("specs"), ...folder("test/schedules/odd").map(trained)];

describe.each([...specs, ...meeting.map(trained)])("what $path gives", ({ path, text }) => {
  it.each(["all", "none"] as const)(
    "lists axes as its graph, with %s of the passes",
    async (passes) => {
      const options = passes === "none" ? { passes } : {};
      const { diagnostics, model } = lower([...library, { path, text }], path, options);
      expect(diagnostics.filter(({ severity }) => severity === "error")).toEqual([]);
      if (model === undefined) throw new Error(`${path} is no model.`);
      await expectAsSaid(model);
    },
  );
});

it("is in the graph's order for loops of every kind", async () => {
  await expectAsSaid(loopModel({ depth: 3, T: 5 }));
  await expectAsSaid(slotModel());
});
