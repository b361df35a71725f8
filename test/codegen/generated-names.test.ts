/** Names that generated text has of its own: all of them are known, and a function of the spec gets none. */
import { ts } from "ts-morph";
import { expect, it } from "vitest";
import { compile } from "../../src/codegen/compile.ts";
import { operations } from "../../src/ops/index.ts";
import { reservedWords } from "../../src/parser/tokens.ts";

/** A model all of whose names begin with z, in which loops and memories are inside each other. */
const model = `mem 1
block zcell(zin[..., ZD]) -> [..., ZD] { param zu[ZD] ~ normal(0, 1)
  loss zterm = zin ^ 2 weighted by 1 + stop(zin) ^ 2
  return tanh(zin * zu) }
memory zrows(zwidth: int) { dim ZD = zwidth
  state zs[ZD] starts 0.1, gradient through
  state zstill[ZD] starts 0.1, gradient stop
  zstep(zin[ZT, ZD]) -> [ZT, ZD] { zout = zin * zs + zstill
    zs <- mean(zout over ZT where valid(ZT))
    zstill <- mean(zin over ZT where valid(ZT))
    return zout } }
model ZM { dim ZD = 4, zlayers = round(7.4) mod 5; input ztokens[ZT, ZD]
  param zw[ZD] ~ normal(0, 1)
  memory zmem = zrows(zwidth = ZD)
  zx = ztokens * zw
  repeat zlayers as zlayer { memory zinner = zrows(zwidth = ZD); zx = zinner.zstep(zcell(zx)) }
  zy = scan over ZT from zh = zw yield zh { repeat 3 as zk { param zv[ZD] ~ normal(0, 1); zh = tanh(zh * zv + zx) } }
  zy = zmem.zstep(zy + zx)
  output zo = zy
  loss zmain = (zy - 0.1) ^ 2 }
`;

const schedules = [
  "through_time detach",
  "through_time bptt(3)",
  "through_time mrbp(3); stride 1 segments; segment_weights powers(0.5)",
  "through_time mrbp(3); cut after 0; average tokens",
  "through_time checkpoint(horizon = 3, every = 2); segment_weights [1, 2, 3]",
];

async function generated(text: string): Promise<readonly string[]> {
  const options = { version: "0.1.0", hash: "0".repeat(64) };
  const { diagnostics, files } = await compile([{ path: "m.mem", text }], "m.mem", options);
  expect(diagnostics.filter(({ severity }) => severity === "error")).toEqual([]);
  return (files ?? []).map((file) => file.text);
}

const trained = (text: string, schedule: string) =>
  `${text}train { segment 3 tokens; batch 2 streams; rollout 3 segments; ${schedule} }\n`;

interface Binding {
  readonly name: string;
  /** Names bound around it, those of the file's top level among them. */
  readonly around: ReadonlySet<string>;
  /** It is bound again and again: an element, an index. */
  readonly repeated: boolean;
}

const isRepeated = (node: ts.Node) =>
  ts.isArrowFunction(node) || ts.isForOfStatement(node) || ts.isForStatement(node);

/** Names that a file binds: imports, functions, parameters, variables; what it exports nothing in it mentions. */
function bindings(text: string): readonly Binding[] {
  const found: Binding[] = [];
  const visit = (node: ts.Node, around: ReadonlySet<string>): void => {
    const inside = new Set(around);
    const bind = (name: ts.BindingName): void => {
      if (ts.isIdentifier(name)) {
        found.push({ name: name.text, around, repeated: isRepeated(node) });
        inside.add(name.text);
      } else for (const part of name.elements) if (ts.isBindingElement(part)) bind(part.name);
    };
    const declare = (child: ts.Node): void => {
      if (ts.isVariableStatement(child)) {
        const exported = child.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword);
        if (!exported) for (const { name } of child.declarationList.declarations) bind(name);
      } else if (ts.isVariableDeclarationList(child)) {
        for (const { name } of child.declarations) bind(name);
      } else if (ts.isParameter(child)) bind(child.name);
      else if (ts.isFunctionDeclaration(child) && child.name !== undefined) bind(child.name);
      else if (ts.isImportDeclaration(child)) {
        const named = child.importClause?.namedBindings;
        if (named !== undefined && ts.isNamedImports(named)) {
          for (const { name } of named.elements) bind(name);
        }
      }
    };
    // Functions and imports are there from the start, a variable of a body from its statement on.
    const whole = ts.isSourceFile(node);
    if (whole) ts.forEachChild(node, declare);
    ts.forEachChild(node, (child) => {
      if (!whole && !ts.isVariableStatement(node)) declare(child);
      visit(child, new Set(inside));
    });
  };
  visit(ts.createSourceFile("m.ts", text, ts.ScriptTarget.Latest), new Set());
  return found;
}

/** Bindings that hide one around them. */
const hidden = (text: string): readonly string[] =>
  bindings(text).flatMap(({ name, around }) => (around.has(name) ? [name] : []));

const listed = (names: readonly string[], write: (name: string, i: number) => string) =>
  names.map(write).join("\n");

/** A model with a block of each name. */
const blocks = (names: readonly string[]) => `mem 1
${listed(names, (name) => `block ${name}(y[..., D]) -> [..., D] { param w[D] starts 0.3; return tanh(y * w) }`)}
model M { dim D = 2; input of_x[T, D]; param of_w[D] starts 1
  of_y = of_x * of_w
${listed(names, (name) => `  of_y = ${name}(of_y)`)}
  loss main = of_y ^ 2 }
`;

/** A model with an index and an axis of each name, and values of that name inside. */
const loops = (names: readonly string[]) => `mem 1
${listed(
  names,
  (name, i) => `block of_${i}(of_x[T, D]) -> [T, D] {
  param many[${name}: 3, D] ~ normal(0, 1)
  repeat 2 as ${name} { param w[D] starts 0.3; of_x = tanh(of_x * w) }
  each_of = scan over ${name} from of = of_x yield of {
    repeat 2 as of_it { param v[D] starts 0.4; ${name} = of + v; of = tanh(${name} * v + many + ${name}) }
  }
  return sum(each_of over ${name}) }`,
)}
model M { dim D = 2; input of_x[T, D]; param of_w[D] starts 1
  of_y = of_x * of_w
${listed(names, (_, i) => `  of_y = of_${i}(of_y)`)}
  loss main = of_y ^ 2 }
`;

/** Words and operations of the language, which no block may be called. */
const isTaken = (name: string) => reservedWords.has(name) || Object.hasOwn(operations, name);

/** Functions of the rollout, which no function of a segment calls: values may be called so. */
const apart = new Set(["replay", "forward", "backward", "segmentWeights"]);

const hiddenBy = async (text: string): Promise<readonly string[]> =>
  (await generated(text)).flatMap(hidden).filter((name) => !apart.has(name));

const tried = new Set<string>();

it.each(schedules)(
  "hide none around them, whatever the spec calls its own: %s",
  async (schedule) => {
    const files = await generated(trained(model, schedule));
    expect(files.flatMap(hidden)).toEqual([]);
    const bound = files.flatMap(bindings);
    const again = new Set(bound.flatMap(({ name, repeated }) => (repeated ? [name] : [])));
    // A name is tried once, under the first schedule that binds it.
    const isNew = (name: string) => !/z/i.test(name) && !isTaken(name) && !tried.has(name);
    const fresh = [...new Set(bound.map(({ name }) => name))].filter(isNew);
    for (const name of fresh) tried.add(name);
    for (let first = 0; first < fresh.length; first += 12) {
      const some = fresh.slice(first, first + 12);
      expect(await hiddenBy(trained(blocks(some), schedule))).toEqual([]);
    }
    const looped = fresh.filter((name) => again.has(name));
    expect(await hiddenBy(trained(loops(looped), schedule))).toEqual([]);
  },
);
