/** The functions of a graph and those a pass makes of them, each once. */
import type { GraphFunction } from "./graph.ts";
import { printFunction } from "./graph-text.ts";
import { reachable } from "./reachable.ts";

export class FunctionSet {
  readonly #functions: Map<string, GraphFunction>;
  readonly #byText = new Map<string, GraphFunction>();
  /** The name each function made was meant to have. */
  readonly #meant = new Map<string, string>();

  constructor(functions: ReadonlyMap<string, GraphFunction>) {
    this.#functions = new Map(functions);
  }

  get(name: string): GraphFunction {
    const found = this.#functions.get(name);
    if (found === undefined) throw new Error(`The graph has no function ${name}.`);
    return found;
  }

  /**
   * Adds a function, with a number behind its name if that is taken; one made before with the same
   * text serves again.
   */
  define(written: GraphFunction): GraphFunction {
    const text = printFunction(written);
    const known = this.#byText.get(text);
    if (known !== undefined) return known;
    let { name } = written;
    for (let count = 2; this.#functions.has(name); count++) name = `${written.name}${count}`;
    const defined = { ...written, name };
    this.#byText.set(text, defined);
    this.#meant.set(name, written.name);
    this.#functions.set(name, defined);
    return defined;
  }

  /**
   * The given functions and all they call, callees before callers, numbered without gaps. `nameOf`
   * tells their new names.
   */
  finish(roots: readonly string[]): {
    readonly functions: ReadonlyMap<string, GraphFunction>;
    readonly nameOf: (name: string) => string;
  } {
    const needed = reachable((name) => this.get(name), roots);
    const names = this.#shortNames([...needed.keys()]);
    const nameOf = (name: string): string => names.get(name) ?? name;
    const functions = new Map(
      [...needed.values()].map((written) => [nameOf(written.name), renamed(written, nameOf)]),
    );
    return { functions, nameOf };
  }

  #shortNames(kept: readonly string[]): ReadonlyMap<string, string> {
    const taken = new Set(kept.filter((name) => !this.#meant.has(name)));
    const names = new Map<string, string>();
    for (const name of kept) {
      const meant = this.#meant.get(name);
      if (meant === undefined) continue;
      let short = meant;
      for (let count = 2; taken.has(short); count++) short = `${meant}${count}`;
      taken.add(short);
      names.set(name, short);
    }
    return names;
  }
}

function renamed(written: GraphFunction, nameOf: (name: string) => string): GraphFunction {
  const nodes = written.nodes.map((node) =>
    node.kind === "call" || node.kind === "repeat" || node.kind === "scan"
      ? { ...node, function: nameOf(node.function) }
      : node,
  );
  return { ...written, name: nameOf(written.name), nodes };
}
