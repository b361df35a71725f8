/**
 * Random programs of many operations, evaluated one operation at a time with the op table and,
 * staged, as a plan on an engine. What recording leaves out, shares or evaluates ahead must not
 * show in the results.
 */
import { describe, expect, it } from "vitest";
import {
  evaluate,
  type HostTensor,
  hostTensor,
  inferTypes,
  OpError,
  type OpName,
  scalar,
  type TensorType,
} from "../../src/ops/index.ts";
import type { Builder, Tensor } from "../../src/runtime/builder.ts";
import type { Engine } from "../../src/runtime/engine.ts";
import { type Staged, type StagedFunction, stage } from "../../src/runtime/stage.ts";
import { compare, generator } from "./conformance.ts";

/** Operands are earlier values, by number, or literals. */
type Operand = { readonly value: number } | { readonly literal: number | boolean };

interface Step {
  readonly op: OpName;
  readonly operands: readonly Operand[];
  readonly mask?: Operand;
  readonly attributes: Readonly<Record<string, unknown>>;
}

export interface Program {
  readonly seed: number;
  readonly inputs: readonly HostTensor[];
  readonly steps: readonly Step[];
  /** Numbers of the values that it returns: first the inputs, then the steps' results. */
  readonly results: readonly number[];
}

const AXES = { batch: 2, T: 3, D: 4, S: 1 } as const;

/** Steps keep numbers near 1 and continuous, so that an engine of 32 bits can be compared too. */
const templates: readonly ((pick: Picker) => Step)[] = [
  ...(["neg", "tanh", "sigmoid", "sin", "real", "stop", "abs", "relu"] as const).map(
    (op) => (p: Picker) => ({ op, operands: [p.value()], attributes: {} }),
  ),
  ...(["add", "sub", "mul", "minimum", "maximum", "div"] as const).map((op) => (p: Picker) => {
    const left = op === "div" ? p.value() : p.operand();
    const right = op === "div" ? { literal: p.one([1, 2, -1]) } : p.operand();
    return { op, operands: [left, right], attributes: {} };
  }),
  (p) => ({ op: "where", operands: [p.flag(), p.value(), p.operand()], attributes: {} }),
  ...(["sum", "mean", "max", "logsumexp", "softmax"] as const).map((op) => (p: Picker) => {
    const step = { op, operands: [p.value()], attributes: { over: [p.axis()] } };
    return p.chance() ? step : { ...step, mask: p.flag() };
  }),
  (p) => ({
    op: "cumsum",
    operands: [p.value()],
    attributes: { over: p.axis(), reverse: p.chance() },
  }),
  (p) => ({ op: "contract", operands: [p.value(), p.value()], attributes: { over: [p.axis()] } }),
  (p) => ({ op: "rename", operands: [p.value()], attributes: { names: { [p.axis()]: p.axis() } } }),
  (p) => ({ op: "rename", operands: [p.value()], attributes: { names: { T: "D", D: "T" } } }),
  (p) => ({
    op: "split",
    operands: [p.value()],
    attributes: {
      axis: "D",
      into: [
        { name: "A", size: p.one([1, 2, 4]) },
        { name: "B", size: p.one([1, 2, 4]) },
      ],
    },
  }),
  (p) => ({
    op: "merge",
    operands: [p.value()],
    attributes: { axes: p.one([["A", "B"], ["B", "A"], ["T"]]), into: p.one(["D", "T"]) },
  }),
  (p) => ({
    op: "slice",
    operands: [p.value()],
    attributes: {
      axis: p.axis(),
      start: p.one([0, 1]),
      size: p.one([1, 2, 3]),
      into: p.one(["T", null]),
    },
  }),
  (p) => {
    const axis = p.axis();
    return {
      op: "broadcast",
      operands: [p.value()],
      attributes: { axes: [{ name: axis, size: AXES[axis] }] },
    };
  },
  (p) => ({
    op: "join",
    operands: [p.value(), p.value()],
    attributes: { pieces: [p.axis(), null], into: "D" },
  }),
  (p) => ({
    op: "shift",
    operands: [p.value()],
    attributes: { axis: p.axis(), by: p.one([0, 1, -1]), fill: p.one([0, 1]) },
  }),
  (p) => ({ op: "reverse", operands: [p.value()], attributes: { axis: p.axis() } }),
  (p) => ({ op: "index", operands: [], attributes: { axis: p.axis(), size: 3 } }),
  (p) => {
    const axis = p.axis();
    const axes = [{ name: axis, size: AXES[axis] }];
    return {
      op: "fill",
      operands: [],
      attributes: { value: p.one([0, 1]), axes, kind: p.one(["real", "flag"]) },
    };
  },
];

/** Chooses what a step is made of. */
class Picker {
  private readonly random: () => number;
  private readonly types: readonly TensorType[];

  constructor(random: () => number, types: readonly TensorType[]) {
    this.random = random;
    this.types = types;
  }

  one<Choice>(choices: readonly Choice[]): Choice {
    const chosen = choices[Math.floor(this.random() * choices.length)];
    if (chosen === undefined) throw new Error("nothing to choose from");
    return chosen;
  }

  chance(): boolean {
    return this.random() < 0.5;
  }

  axis(): keyof typeof AXES {
    return this.one(["batch", "T", "D", "S"] as const);
  }

  value(): Operand {
    return { value: this.one(this.numbersOf((kind) => kind !== "flag")) };
  }

  operand(): Operand {
    return this.chance() ? this.value() : { literal: this.one([0, 1, 0.5]) };
  }

  flag(): Operand {
    const flags = this.numbersOf((kind) => kind === "flag");
    return this.chance() || flags.length === 0
      ? { literal: this.chance() }
      : { value: this.one(flags) };
  }

  private numbersOf(wanted: (kind: TensorType["kind"]) => boolean): number[] {
    return this.types.flatMap(({ kind }, i) => (wanted(kind) ? [i] : []));
  }
}

const operandsOf = (step: Step): readonly Operand[] =>
  step.mask === undefined ? step.operands : [...step.operands, step.mask];

/** The kind that the builder gives a literal beside these operands. */
function literalTensor(literal: number | boolean, kinds: readonly string[]): HostTensor {
  if (typeof literal === "boolean") return scalar(literal ? 1 : 0, "flag");
  const whole = Number.isInteger(literal) && kinds.includes("int") && !kinds.includes("real");
  return scalar(literal, whole ? "int" : "real");
}

function hostOperands(step: Step, values: readonly HostTensor[]): readonly HostTensor[] {
  const known = operandsOf(step).map((x) => ("value" in x ? values[x.value] : undefined));
  const kinds = step.op === "div" ? [] : known.map((tensor) => tensor?.type.kind ?? "");
  return operandsOf(step).map((x, i) =>
    "literal" in x ? literalTensor(x.literal, kinds) : (known[i] ?? scalar(0)),
  );
}

/** A program of about `length` legal steps; always the same for one seed. */
export function randomProgram(seed: number, length = 40): Program {
  const random = generator(seed);
  const entries = (count: number) =>
    Array.from({ length: count }, () => Math.fround(2 * random() - 1));
  const inputs = [
    hostTensor("real", { batch: 2, T: 3, D: 4 }, entries(24)),
    hostTensor("real", { D: 4, T: 3 }, entries(12)),
    hostTensor("int", { T: 3 }, [0, 1, 2]),
    hostTensor("flag", { T: 3, S: 1 }, [1, 0, 1]),
  ];
  const values: HostTensor[] = [...inputs];
  const steps: Step[] = [];
  for (let attempt = 0; attempt < 40 * length && steps.length < length; attempt++) {
    const picker = new Picker(
      random,
      values.map(({ type }) => type),
    );
    const step = picker.one(templates)(picker);
    const result = attempted(step, hostOperands(step, values));
    if (result === undefined) continue;
    steps.push(step);
    values.push(result);
  }
  const results = values.flatMap((_, i) => (i >= inputs.length && random() < 0.3 ? [i] : []));
  return { seed, inputs, steps, results: [...results, values.length - 1] };
}

/** The step's result, if it is legal, small and of moderate numbers. */
function attempted(step: Step, operands: readonly HostTensor[]): HostTensor | undefined {
  try {
    inferTypes(
      step.op,
      operands.map(({ type }) => type),
      step.attributes as never,
    );
    const [result] = evaluate(step.op, operands, step.attributes as never);
    const moderate =
      result?.data.length !== 0 && result?.data.length !== undefined && result.data.length < 500;
    return moderate && result.data.every((x) => Math.abs(x) < 50) ? result : undefined;
  } catch (error) {
    if (error instanceof OpError) return undefined;
    throw error;
  }
}

/** The results, one operation at a time. */
export function evaluateProgram({ inputs, steps, results }: Program): readonly HostTensor[] {
  const values: HostTensor[] = [...inputs];
  for (const step of steps) {
    const [result] = evaluate(step.op, hostOperands(step, values), step.attributes as never);
    if (result !== undefined) values.push(result);
  }
  return results.map((i) => values[i] ?? scalar(Number.NaN));
}

/** The program as generated code would write it, staged. */
export function stageProgram({ inputs, steps, results, seed }: Program): Staged {
  type Method = (...given: readonly unknown[]) => Tensor;
  const body = (g: Builder, ...given: readonly Tensor[]) => {
    const values: Tensor[] = [...given];
    const methods = g as unknown as Readonly<Record<OpName, Method>>;
    const resolve = (x: Operand) => ("value" in x ? values[x.value] : x.literal);
    for (const { op, operands, mask, attributes } of steps) {
      const positional = operands.map(resolve);
      const last = mask === undefined ? attributes : { ...attributes, where: resolve(mask) };
      const method = methods[op].bind(g);
      values.push(op === "join" ? method(positional, last) : method(...positional, last));
    }
    return results.map((i) => values[i]);
  };
  return stage(
    `random${seed}`,
    body as unknown as StagedFunction,
    inputs.map(({ type }) => type),
  );
}

/** Registers one test a seed: the staged program on an engine against one operation at a time. */
export function describeRandomPlans(
  name: string,
  makeEngine: () => Engine | Promise<Engine>,
  seeds: readonly number[] = Array.from({ length: 40 }, (_, i) => i + 1),
): void {
  describe(`${name} runs random programs`, () => {
    const engine = Promise.resolve().then(makeEngine);
    it.each(seeds)("seed %i", async (seed) => {
      const ready = await engine;
      const program = randomProgram(seed);
      const { plan } = stageProgram(program);
      const executable = await ready.compile(plan);
      const outputs = await executable.run(program.inputs.map((tensor) => ready.upload(tensor)));
      await executable.release();
      const expected = evaluateProgram(program);
      expect(outputs).toHaveLength(expected.length);
      expected.forEach((tensor, i) => {
        const output = outputs[i];
        const tolerance = ready.realBytes === 4 ? 1e-4 : 1e-12;
        if (output !== undefined) compare(ready.download(output), tensor, tolerance, `result ${i}`);
      });
    });
  });
}
