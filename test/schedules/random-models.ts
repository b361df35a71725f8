/**
 * Random small models: loops inside each other, memories of several states, captured values, names in odd order, and axes that are
 * joined, merged, split and indexed under names that other operands have too.
 */
import { generator } from "../codegen/tensors.ts";

/** Names that generated code has uses of its own for, and plain ones. */
export const NAMES = [
  ...["out", "each", "back", "i", "t", "h", "step", "own", "dims", "y", "a", "layer", "z"],
  ...["g", "Each", "G", "losses"],
];

/** What statements at one place may use. Values have axis D, and that of the tokens outside of scans. */
interface Place {
  readonly indent: string;
  /** Real values that may be read and, those in `carried` too, bound again. */
  readonly values: readonly string[];
  readonly carried: readonly string[];
  readonly parameters: readonly string[];
  readonly inScan: boolean;
  /** How many loops may still be opened inside each other. */
  readonly depth: number;
}

class ModelWriter {
  readonly #next: () => number;
  readonly #names = new Set<string>();
  readonly #wide: string;
  readonly #cell: string;
  /** The axis of the tokens. */
  readonly #tokens: string;

  constructor(seed: number) {
    this.#next = generator(seed);
    this.#wide = this.#name();
    this.#cell = this.#name();
    this.#tokens = this.#name();
  }

  text(): string {
    const [first, second] = [this.#name(), this.#name()];
    return [
      "mem 1",
      `block ${this.#wide}(x[..., D]) -> [..., D] {`,
      "  param W[D -> E: D] ~ glorot",
      "  return tanh((x . W over D) rename E as D) }",
      `block ${this.#cell}(h[D], x[D]) -> [D] {`,
      "  param v[D], u[D] ~ normal(0, 0.7)",
      "  return tanh(h * u + x * v) }",
      ...this.#memory("first"),
      ...this.#memory("second"),
      `model M { dim D = 2; input x[${this.#tokens}, D]; input begins in flag`,
      "  param w[D] ~ normal(0, 0.7)",
      "  count = 1; begun = begins",
      `  memory ${first} = first(width = D)`,
      ...this.#statements(this.#place("  ", "w"), (place) => {
        const [value, more] = [this.#value(place), this.#name()];
        return [
          "  repeat 2 as deep {",
          `    memory ${second} = second(width = D) reset when begun`,
          `    begun = ${this.#one(["begun", "begun and not begins", "not begins"])}`,
          `    x = tanh(x + ${second}.run(${value}))`,
          "  }",
          `  ${more} = ${first}.run(x + ${value})`,
          `  loss main = (2 * ${more} - x) ^ 2 }`,
        ];
      }),
      "",
    ].join("\n");
  }

  #memory(name: string): readonly string[] {
    const states = Array.from({ length: 1 + this.#below(3) }, () => this.#name());
    const [first = ""] = states;
    const t = this.#tokens;
    const [carried, steps] = [this.#name(), this.#name()];
    return [
      `memory ${name}(width: int) { dim D = width`,
      ...states.map((state) => `  state ${state}[D] starts 0.1, gradient through`),
      `  run(x[${t}, D]) -> [${t}, D] {`,
      "    count = 1",
      ...this.#statements({ ...this.#place("    ", ...states), depth: 1 }, (place) => [
        `    ${carried} = ${first}`,
        `    ${steps} = scan over ${t} yield ${carried} {`,
        `      ${carried} = where(valid(${t}), tanh(${carried} + ${this.#value({ ...place, inScan: true })}), ${carried})`,
        "    }",
        `    ${first} <- ${carried}`,
        ...states.slice(1).map((state) => {
          const mean = `mean(${this.#value(place)} over ${t} where valid(${t}))`;
          return `    ${state} <- tanh(0.5 * ${state} + ${mean})`;
        }),
        `    return ${steps} + x }`,
      ]),
      "}",
    ];
  }

  #place(indent: string, ...parameters: readonly string[]): Place {
    return { indent, values: ["x"], carried: ["x"], parameters, inScan: false, depth: 3 };
  }

  /** A few statements, then what `last` makes of what they bound. */
  #statements(
    start: Place,
    last: (place: Place) => readonly string[] = () => [],
  ): readonly string[] {
    let place = start;
    const lines: string[] = [];
    for (let count = 1 + this.#below(3); count > 0; count--) {
      const statement = this.#statement(place);
      lines.push(...statement.lines.map((line) => place.indent + line));
      place = { ...place, ...statement.place };
    }
    return [...lines, ...last(place)];
  }

  #statement(place: Place): { readonly lines: readonly string[]; readonly place?: Partial<Place> } {
    const kind = this.#below(place.depth > 0 ? 9 : 4);
    const target = this.#one(place.carried);
    const name = this.#name();
    const more = {
      values: [...place.values, name],
      carried: [...place.carried, name],
    };
    if (kind === 0) {
      return {
        lines: [
          `param ${name}[D] ~ normal(0, 0.7)`,
          `${target} = ${target} + ${name} * ${this.#value(place)}`,
        ],
        place: { parameters: [...place.parameters, name] },
      };
    }
    if (kind === 1) return { lines: [`${name} = ${this.#value(place)}`], place: more };
    if (kind === 2) return { lines: [`${target} = ${this.#value(place)}`] };
    if (kind === 3) {
      const block = place.inScan ? `${this.#cell}(${this.#value(place)}, ` : `${this.#wide}(`;
      return { lines: [`${name} = ${block}${this.#value(place)}) as ${name}Made`], place: more };
    }
    return kind < 7 || place.inScan ? this.#repeat(place) : this.#scan(place, name, more);
  }

  #repeat(place: Place): { readonly lines: readonly string[] } {
    const [index, kept] = [this.#name(), this.#name()];
    const target = this.#one(place.carried);
    const yields = this.#below(2) === 0;
    const inside = { ...place, indent: "  ", depth: place.depth - 1 };
    return {
      lines: [
        `repeat ${1 + this.#below(3)} as ${index} ${yields ? `yield ${kept} ` : ""}{`,
        ...this.#statements(inside, (inner) => [
          `  count = ${this.#one(["count + 1", "2 * count", "0.5 * count"])}`,
          `  ${target} = tanh(0.3 * count * ${target} + ${this.#value(inner)})`,
          ...(yields ? [`  ${kept} = ${this.#value(inner)}`] : []),
        ]),
        "}",
        ...(yields ? [`${target} = ${target} + 0.3 * sum(${kept} over ${index})`] : []),
      ],
    };
  }

  #scan(place: Place, name: string, more: Partial<Place>) {
    const [carried, kept] = [this.#name(), this.#name()];
    const from = `0.5 * ${this.#one(place.parameters)}`;
    const inside: Place = {
      ...place,
      indent: "  ",
      values: [...place.values, carried],
      carried: [carried],
      inScan: true,
      depth: place.depth - 1,
    };
    return {
      lines: [
        `${name} = scan over ${this.#tokens} from ${carried} = ${from} yield ${kept} {`,
        ...this.#statements(inside, (inner) => [
          `  ${carried} = tanh(0.5 * ${carried} + ${this.#value(inner)})`,
          `  ${kept} = ${carried} * ${this.#value(inner)}`,
        ]),
        "}",
      ],
      place: more,
    };
  }

  /** A smooth expression with all axes of the place, and not too large. */
  #value(place: Place): string {
    const whole = place.values[this.#below(place.values.length)] ?? "x";
    const [any, other] = [
      this.#one([...place.values, ...place.parameters]),
      this.#one([...place.values, ...place.parameters]),
    ];
    // Only x and what is made of it are sure to have all axes.
    return this.#one([
      `tanh(${whole} + ${any} + 0 * x)`,
      `(0.5 * ${whole} * ${any} + 0.1 * x)`,
      `(${whole} * sigmoid(${any}) - mean(${other} over D) + 0 * x)`,
      `(softmax(${whole} over D) + 0 * x)`,
      `(x / (1 + ${any} * ${any}))`,
      `(reverse(${whole} over D) * ${any} + 0 * x)`,
      `(0.3 * cumsum(${whole} over D) + 0 * x)`,
      ...this.#reshaped(place, whole, any),
    ]);
  }

  /** The same of expressions whose axes come and go; those of the segment's axis only where there is one. */
  #reshaped(place: Place, whole: string, any: string): readonly string[] {
    const t = this.#tokens;
    const parameter = this.#one(place.parameters);
    const turned = `index(D) ${this.#one(["+", "*"])} ${this.#below(3)}`;
    const alongSegment = [
      `(join(${parameter} over D, ${whole} over ${t} as R) at R = index(${t}) + ${this.#below(3)})`,
      `(join(${whole} over ${t}, ${any} + 0 * x over D as R) at R = index(${t}) + ${this.#below(4)})`,
      `0.5 * add(${whole} over ${t} at ${t} = index(${t}) div 2) + ${any}`,
      `put(${whole} + ${any} over ${t} at ${t} = 2 - index(${t}))`,
      `0.5 * sum(window(${whole} over ${t}, size = 2, from = -1 as D2) over D2) * ${any}`,
      `where(valid(${t}), ${any}, ${parameter} * ${whole})`,
    ];
    const anywhere = [
      `(join(${whole} over D, ${any} over D as J) at J = ${turned})`,
      `0.5 * sum(join(${any}, ${whole} over D, ${parameter} over D as J) over J) * ${whole}`,
      `0.5 * sum((${whole} * (${parameter} rename D as E)) merge (D, E) as F split F as (E: 2, D) over E)`,
      `(${whole} at D = ${turned}) * ${any}`,
      `put(${whole} over D at D = ${turned}) + ${any}`,
      `add(${parameter} over D at D = ${turned}) * ${whole}`,
      `0.5 * sum(window(${any} over D, size = 2, from = -1 as W) over W)`,
      `where(index(D) == ${this.#below(2)}, ${any}, ${parameter}) * ${whole}`,
    ];
    const all = place.inScan ? anywhere : [...anywhere, ...alongSegment];
    return all.map((reshaped) => `(0 * x + tanh(${reshaped}))`);
  }

  /** A name not given before: as it stands where it is free, else with a number. */
  #name(): string {
    const wanted = this.#one(NAMES);
    const name = this.#names.has(wanted) ? `${wanted}${this.#names.size}` : wanted;
    this.#names.add(name);
    return name;
  }

  #one(choices: readonly string[]): string {
    return choices[this.#below(choices.length)] ?? "";
  }

  /** A whole number from 0 to `end` - 1. */
  #below(end: number): number {
    return Math.min(end - 1, Math.floor(((this.#next() + 1) / 2) * end));
  }
}

/** The text of a random model, without a `train` section. */
export function randomModel(seed: number): string {
  return new ModelWriter(seed).text();
}
