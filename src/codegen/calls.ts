/** Calls of generated functions: what goes in as structs, and how the results are taken. */
import type { CallNode, NumberBinding, Value } from "../ir/graph.ts";
import type { BodyWriter } from "./body.ts";
import type { Callee } from "./body-context.ts";
import type { Expression } from "./expression.ts";
import { call, object, text, WIDTH } from "./expression.ts";
import type { Names } from "./identifier.ts";
import { camelCase, pascalCase, propertyName } from "./identifier.ts";
import type { Leaf } from "./place.ts";
import { assemble } from "./place.ts";
import type { PlacedPort, ResultGroup } from "./signature.ts";
import type { Statement } from "./statement.ts";
import type { Shape } from "./struct.ts";
import { scopeText } from "./wording.ts";

/** How the results of a call are taken: a variable or a pattern, and the shapes to note beside it. */
interface Taken {
  readonly target: string;
  readonly note: string;
  readonly define: () => void;
}

/** The tensor that is all of a group of results, if it is one. */
function wholeTensor(group: ResultGroup, results: readonly Value[]): Value | undefined {
  const [port] = group.ports;
  return group.shape.kind === "tensor" && port !== undefined ? results[port.position] : undefined;
}

/** Writes a call, and takes its results. */
export function writeCall(body: BodyWriter, node: CallNode): void {
  const callee = body.context.callee(node.function);
  const builder = callee.probes && node.scope.length > 0 ? scopeText(node.scope) : "g";
  const leaf = (position: number, path: readonly string[]): Leaf => {
    const operand = node.inputs[position];
    if (operand === undefined) throw new Error(`${node.function} is called with too few inputs.`);
    return { path, source: body.source(operand) };
  };
  const build = () => callExpression(body, node, callee, builder, leaf);
  recordHandings(body, node.function, callee, leaf);
  const [only] = node.results;
  if (callee.signature.sole && only !== undefined) {
    body.finish(only, node.inputs, build, node.origin);
    return;
  }
  const taken = takenResults(body, node, callee);
  const statement = (): Statement =>
    taken === undefined
      ? { kind: "run", expression: build(), origin: node.origin }
      : {
          kind: "declare",
          keyword: "const",
          target: taken.target,
          note: taken.note,
          expression: build(),
          origin: node.origin,
        };
  body.fit(node.inputs, statement);
  body.add(statement());
  body.consume(node.inputs);
  taken?.define();
}

/**
 * What a call's results are assigned to: undefined if nothing reads them; a pattern that takes
 * the struct apart where the function returns tensors, which have names in the spec; else one
 * variable. Gradients stay together: `dAttention.context`.
 */
function takenResults(body: BodyWriter, node: CallNode, callee: Callee): Taken | undefined {
  const { names } = body.scope;
  const { groups, resultShape } = callee.signature;
  const read = groups.filter(({ ports }) =>
    ports.some(({ position }) => {
      const value = node.results[position];
      return value !== undefined && body.uses(value) > 0;
    }),
  );
  if (read.length === 0) return undefined;
  const scope = camelCase(node.scope);
  const together = (plain: string) => {
    const wanted = plain === "" || body.context.names.has(plain) ? `${plain}Result` : plain;
    const target = names.take(wanted);
    const define = () => defineResults(body, groups, node.results, target, resultShape);
    return { target, note: "", define };
  };
  if (callee.kind === "backward") return together(`d${pascalCase(node.scope)}`);
  if (!read.some(({ role }) => role === "return")) return together(scope);
  const inPattern = (free: Names) => {
    const variables = read.map((group) => {
      const value = wholeTensor(group, node.results);
      return free.take(value ? body.wantedName(value) : scope + pascalCase([group.key]));
    });
    const properties = read.map(({ key }, i) =>
      key === variables[i] ? key : `${propertyName(key)}: ${variables[i]}`,
    );
    return { variables, target: `{ ${properties.join(", ")} }` };
  };
  const { target } = inPattern(names.inner());
  if (`  const ${target} = ${callee.name}(`.length > WIDTH) return together(scope);
  const { variables } = inPattern(names);
  const shapes = read.flatMap((group, i) => {
    const value = wholeTensor(group, node.results);
    const shape = value && body.context.shapeOf(value);
    return shape === undefined ? [] : [`${variables[i]}: ${shape}`];
  });
  return {
    target,
    note: shapes.join(", "),
    define: () =>
      read.forEach((group, i) => {
        const inside = { key: undefined, ports: group.ports };
        defineResults(body, [inside], node.results, variables[i] ?? "", group.shape);
      }),
  };
}

/** The call of a function, its struct parameters put together from `leaf`. */
export function callExpression(
  body: BodyWriter,
  node: { readonly numbers: readonly NumberBinding[] },
  callee: Callee,
  builder: string,
  leaf: (position: number, path: readonly string[]) => Leaf,
): Expression {
  const values = callee.signature.parameters.map(
    (parameter) =>
      assemble(
        parameter.ports.map(({ position, path }) => leaf(position, path)),
        false,
        body.scope.names,
      ).expression,
  );
  const numbers = callee.numbers.map((name): [string, Expression] => {
    const binding = node.numbers.find((candidate) => candidate.name === name);
    if (binding === undefined || !("text" in binding.value)) {
      throw new Error(`${callee.name} is called without its number ${name}.`);
    }
    return [name, body.scope.number(binding.value)];
  });
  const last = numbers.length === 0 ? [] : [object(numbers)];
  return call(callee.name, text(builder), ...values, ...last);
}

/** Notes which structs a callee gets. */
export function recordHandings(
  body: BodyWriter,
  name: string,
  callee: Callee,
  leaf: (position: number, path: readonly string[]) => Leaf,
): void {
  for (const parameter of callee.signature.parameters) {
    const leaves = parameter.ports.map(({ position, path }) => leaf(position, path));
    const { handed } = assemble(leaves, false, body.scope.names);
    body.handings.push({ callee: name, group: parameter.group, from: handed });
  }
}

function defineResults(
  body: BodyWriter,
  groups: readonly { readonly key: string | undefined; readonly ports: readonly PlacedPort[] }[],
  results: readonly Value[],
  name: string,
  shape: Shape,
): void {
  const root = { text: name, shape };
  for (const { key, ports } of groups) {
    for (const { position, path } of ports) {
      const value = results[position];
      if (value === undefined) continue;
      const inside = key === undefined ? path : [key, ...path];
      body.scope.define(value, { kind: "place", root, path: inside });
    }
  }
}
