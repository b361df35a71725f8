/** The entries of `train`, `evaluate` and `generate`: how a program is executed. */

import { parse } from "../../parser/index.ts";
import { suggest } from "../../parser/suggest.ts";
import type {
  Argument,
  Expression,
  ProgramDefinition,
  ScheduleEntry,
  ScheduleValue,
  Span,
} from "../../parser/tree.ts";
import type { OptimizerInfo, Program, Schedule } from "../program.ts";
import { Problem, problem, type Report } from "./problem.ts";

/** A schedule with the `set` entries, which change what is computed. */
export interface CheckedSchedule {
  readonly schedule: Omit<Schedule, "segment"> & {
    readonly segment: { readonly tokens: number; readonly span: Span | undefined };
  };
  /** Values by address, as text. */
  readonly settings: ReadonlyMap<string, string>;
  /** Where each of them stands. */
  readonly settingSpans: ReadonlyMap<string, Span>;
}

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

const adamw: OptimizerInfo = {
  name: "adamw",
  rate: 1e-3,
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-8,
  weightDecay: 0,
  warmup: 0,
  decay: "none",
};

const defaults: CheckedSchedule["schedule"] = {
  segment: { tokens: 64, span: undefined },
  batch: 16,
  batching: "streams",
  rollout: 1,
  stride: 1,
  throughTime: { kind: "detach" },
  segmentWeights: { kind: "uniform" },
  optimizer: adamw,
  groups: [],
  freeze: [],
  updateEvery: 1,
  data: [],
  steps: 1000,
  draws: "fresh",
};

/**
 * Reads a program's entries; `base` gives what it does not say (evaluate and generate follow train). `overrides` are the settings
 * of the command line, of which those like `train.batch` are entries; `at` is where their problems are reported.
 */
export function checkSchedule(
  kind: Program["kind"],
  definition: ProgramDefinition | undefined,
  base: CheckedSchedule["schedule"] | undefined,
  overrides: ReadonlyMap<string, string>,
  at: Span,
  report: Report,
): CheckedSchedule {
  const schedule: Mutable<CheckedSchedule["schedule"]> = { ...(base ?? defaults) };
  const settings = new Map<string, string>();
  const settingSpans = new Map<string, Span>();
  const seen = new Map<string, Span>();
  let stride: number | undefined;
  for (const entry of definition?.entries ?? []) {
    report.attempt(() => {
      const word = entry.word.text;
      const before = seen.get(word);
      if (before !== undefined && !repeatable.has(word)) {
        throw problem("MEM0300", entry.word.span, `${word} stands twice.`, {
          notes: [{ message: "The first is here.", span: before }],
        });
      }
      seen.set(word, entry.word.span);
      if (word === "set") readSetting(entry, settings, settingSpans);
      else if (word === "stride") stride = count(entry, 1);
      else readEntry(entry, schedule);
    });
  }
  schedule.stride =
    stride ??
    (base === undefined || schedule.rollout !== base.rollout ? schedule.rollout : base.stride);
  const changed = [...overrides.keys()].some((address) => address.startsWith(`${kind}.`));
  if (changed) applyOverrides(kind, schedule, overrides, at, report);
  if (changed || definition !== undefined)
    report.attempt(() => checkTogether(definition?.program.span ?? at, schedule));
  return { schedule, settings, settingSpans };
}

const repeatable: ReadonlySet<string> = new Set(["group", "set", "freeze", "data"]);
const words = [
  "segment",
  "batch",
  "rollout",
  "stride",
  "through_time",
  "cut",
  "segment_weights",
  "average",
  "optimizer",
  "group",
  "freeze",
  "update",
  "data",
  "steps",
  "draws",
  "batching",
  "set",
] as const;

function readEntry(entry: ScheduleEntry, schedule: Mutable<CheckedSchedule["schedule"]>): void {
  const word = entry.word.text;
  switch (word) {
    case "segment":
      schedule.segment = { tokens: count(entry, 1), span: entry.span };
      unit(entry, ["tokens", "token"]);
      return;
    case "batch":
      schedule.batch = count(entry, 1);
      if (unit(entry, ["streams", "examples", "stream", "example"])?.startsWith("example"))
        schedule.batching = "examples";
      return;
    case "batching": {
      const kind = onlyWord(entry, ["streams", "examples"]);
      schedule.batching = kind === "examples" ? "examples" : "streams";
      return;
    }
    case "rollout":
      schedule.rollout = count(entry, 1);
      unit(entry, ["segments", "segment"]);
      return;
    case "through_time":
      schedule.throughTime = throughTime(entry);
      return;
    case "cut":
      schedule.cutAfter = numbersAfter(entry, "after");
      return;
    case "segment_weights":
      schedule.segmentWeights = segmentWeights(entry);
      return;
    case "average":
      onlyWord(entry, ["tokens"]);
      schedule.segmentWeights = { kind: "tokens" };
      return;
    case "optimizer":
      schedule.optimizer = optimizer(entry, adamw);
      return;
    case "group":
      schedule.groups = [...schedule.groups, group(entry)];
      return;
    case "freeze":
      schedule.freeze = [...schedule.freeze, ...paths(entry)];
      return;
    case "update":
      schedule.updateEvery = numbersAfter(entry, "every")[0] ?? 1;
      return;
    case "data":
      schedule.data = dataEntries(entry);
      return;
    case "steps":
      schedule.steps = count(entry, 1);
      return;
    case "draws": {
      const kind = onlyWord(entry, ["fresh", "fixed"]);
      schedule.draws = kind === "fixed" ? "fixed" : "fresh";
      return;
    }
    default: {
      const near = suggest(word, words);
      throw problem("MEM0301", entry.word.span, `There is no schedule entry ${word}.`, {
        help: near === undefined ? `There are ${words.join(", ")}.` : `Did you mean ${near}?`,
      });
    }
  }
}

// ---------------------------------------------------------------- values

function numberOf(expression: Expression): number | undefined {
  if (expression.kind === "number") return expression.value;
  if (expression.kind === "unary" && expression.operator === "-") {
    const inner = numberOf(expression.operand);
    return inner === undefined ? undefined : -inner;
  }
  return undefined;
}

function firstNumber(
  entry: ScheduleEntry,
): { readonly value: number; readonly span: Span } | undefined {
  const value = entry.values[0];
  if (value?.kind !== "expression") return undefined;
  const number = numberOf(value.value);
  return number === undefined ? undefined : { value: number, span: value.span };
}

function count(entry: ScheduleEntry, least: number): number {
  const number = firstNumber(entry);
  if (number === undefined)
    throw problem("MEM0302", entry.span, `${entry.word.text} needs a number.`, {
      help: `${entry.word.text} 16`,
    });
  if (!Number.isInteger(number.value) || number.value < least || number.value > 1e9) {
    throw problem(
      "MEM0303",
      number.span,
      `${entry.word.text} must be a whole number of at least ${least}, not ${number.value}.`,
    );
  }
  return number.value;
}

const wordOf = (
  value: ScheduleValue | undefined,
): { readonly text: string; readonly span: Span } | undefined => {
  if (value?.kind === "word") return value.word;
  if (value?.kind === "expression" && value.value.kind === "reference") return value.value.name;
  return undefined;
};

function unit(entry: ScheduleEntry, allowed: readonly string[]): string | undefined {
  const extra = entry.values[1];
  if (extra === undefined) return undefined;
  const word = wordOf(extra);
  if (word !== undefined && allowed.includes(word.text) && entry.values.length === 2)
    return word.text;
  throw problem("MEM0304", extra.span, `${entry.word.text} counts ${allowed[0]}.`, {
    help: `${entry.word.text} ${firstNumber(entry)?.value ?? "N"} ${allowed[0]}`,
  });
}

function onlyWord(entry: ScheduleEntry, allowed: readonly string[]): string {
  const word = wordOf(entry.values[0]);
  if (word !== undefined && allowed.includes(word.text) && entry.values.length === 1)
    return word.text;
  throw problem("MEM0304", entry.span, `${entry.word.text} is ${allowed.join(" or ")}.`);
}

function numbersAfter(entry: ScheduleEntry, keyword: string): readonly number[] {
  const [first, ...rest] = entry.values;
  if (wordOf(first)?.text !== keyword)
    throw problem("MEM0304", entry.span, `Write ${entry.word.text} ${keyword} N.`);
  const numbers = rest.flatMap((value) =>
    value.kind === "expression" ? [numberOf(value.value)] : [],
  );
  const whole = numbers.filter(
    (number): number is number => number !== undefined && Number.isInteger(number) && number >= 0,
  );
  if (whole.length === 0 || whole.length !== numbers.length)
    throw problem("MEM0302", entry.span, `${entry.word.text} ${keyword} needs whole numbers.`);
  return whole;
}

interface CallParts {
  readonly name: string;
  readonly span: Span;
  readonly arguments: readonly Argument[];
}

function callOf(entry: ScheduleEntry): CallParts {
  const value = entry.values[0];
  const word = wordOf(value);
  if (word !== undefined) return { name: word.text, span: word.span, arguments: [] };
  if (
    value?.kind === "expression" &&
    value.value.kind === "call" &&
    value.value.callee.kind === "reference"
  ) {
    return {
      name: value.value.callee.name.text,
      span: value.span,
      arguments: value.value.arguments,
    };
  }
  throw problem(
    "MEM0302",
    entry.span,
    `${entry.word.text} needs a name, perhaps with options in parentheses.`,
  );
}

function namedNumbers(call: CallParts, allowed: readonly string[]): ReadonlyMap<string, number> {
  const numbers = new Map<string, number>();
  for (const argument of call.arguments) {
    const name = argument.name?.text ?? (call.arguments.length === 1 ? allowed[0] : undefined);
    if (name === undefined || !allowed.includes(name)) {
      const near = argument.name && suggest(argument.name.text, allowed);
      throw problem(
        "MEM0171",
        argument.span,
        `${call.name} has no option ${argument.name?.text ?? "without a name"}.`,
        {
          help: near === undefined ? `It has ${allowed.join(", ")}.` : `Did you mean ${near}?`,
        },
      );
    }
    const value = numberOf(argument.value);
    if (value === undefined) throw problem("MEM0302", argument.span, `${name} must be a number.`);
    numbers.set(name, value);
  }
  return numbers;
}

function throughTime(entry: ScheduleEntry): Schedule["throughTime"] {
  const call = callOf(entry);
  const whole = (numbers: ReadonlyMap<string, number>, name: string): number => {
    const value = numbers.get(name);
    if (value === undefined)
      throw problem("MEM0170", call.span, `${call.name} needs its ${name}.`, {
        help: `${call.name}(${name} = 4)`,
      });
    if (!Number.isInteger(value) || value < 1)
      throw problem(
        "MEM0303",
        call.span,
        `${name} must be a whole number of at least 1, not ${value}.`,
      );
    return value;
  };
  switch (call.name) {
    case "detach":
      return { kind: "detach" };
    case "bptt":
    case "mrbp":
      return { kind: call.name, horizon: whole(namedNumbers(call, ["horizon"]), "horizon") };
    case "checkpoint": {
      const numbers = namedNumbers(call, ["horizon", "every"]);
      return {
        kind: "checkpoint",
        horizon: whole(numbers, "horizon"),
        every: whole(numbers, "every"),
      };
    }
    default: {
      const names = ["detach", "bptt", "mrbp", "checkpoint"];
      const near = suggest(call.name, names);
      throw problem(
        "MEM0307",
        call.span,
        `There is no way of back-propagation through time called ${call.name}.`,
        {
          help: near === undefined ? `There are ${names.join(", ")}.` : `Did you mean ${near}?`,
        },
      );
    }
  }
}

function segmentWeights(entry: ScheduleEntry): Schedule["segmentWeights"] {
  const value = entry.values[0];
  if (value?.kind === "expression" && value.value.kind === "list") {
    const weights = value.value.items.map(numberOf);
    const known = weights.filter((weight): weight is number => weight !== undefined && weight >= 0);
    if (known.length !== weights.length || known.reduce((sum, weight) => sum + weight, 0) <= 0) {
      throw problem("MEM0308", value.span, "Segment weights are numbers of at least 0, not all 0.");
    }
    return { kind: "list", weights: known };
  }
  const call = callOf(entry);
  if (call.name === "uniform" || call.name === "last") return { kind: call.name };
  if (call.name === "powers") {
    const base = namedNumbers(call, ["base"]).get("base") ?? 2;
    if (!(base > 0))
      throw problem(
        "MEM0308",
        call.span,
        `The base of powers must be greater than 0, not ${base}.`,
      );
    return { kind: "powers", base };
  }
  throw problem(
    "MEM0308",
    call.span,
    `Segment weights are uniform, last, powers(2) or a list, not ${call.name}.`,
  );
}

/** `adamw(…)`; `base` gives what is not said. */
function optimizer(entry: ScheduleEntry, base: OptimizerInfo): OptimizerInfo {
  const call = callOf(entry);
  if (call.name !== "adamw") {
    throw problem("MEM0309", call.span, `There is no optimiser ${call.name}.`, {
      help: "optimizer adamw(rate = 3e-4)",
    });
  }
  const decayArgument = call.arguments.find((argument) => argument.name?.text === "decay");
  const decay =
    decayArgument?.value.kind === "reference" ? decayArgument.value.name.text : undefined;
  if (decayArgument !== undefined && decay !== "cosine" && decay !== "linear" && decay !== "none") {
    throw problem("MEM0309", decayArgument.span, "decay is none, cosine or linear.");
  }
  const rest = {
    ...call,
    arguments: call.arguments.filter((argument) => argument !== decayArgument),
  };
  const numbers = namedNumbers(rest, [
    "rate",
    "beta1",
    "beta2",
    "epsilon",
    "weight_decay",
    "clip",
    "warmup",
  ]);
  const ranged = (
    name: string,
    otherwise: number,
    low: number,
    high: number,
    openLow = false,
  ): number => {
    const value = numbers.get(name) ?? otherwise;
    if (!(openLow ? value > low : value >= low) || !(value < high)) {
      throw problem(
        "MEM0172",
        call.span,
        `${name} must be ${openLow ? "greater than" : "at least"} ${low}${Number.isFinite(high) ? ` and less than ${high}` : ""}, not ${value}.`,
      );
    }
    return value;
  };
  const clip = numbers.has("clip")
    ? ranged("clip", 1, 0, Number.POSITIVE_INFINITY, true)
    : base.clip;
  return {
    name: "adamw",
    rate: ranged("rate", base.rate, 0, Number.POSITIVE_INFINITY, true),
    beta1: ranged("beta1", base.beta1, 0, 1),
    beta2: ranged("beta2", base.beta2, 0, 1),
    epsilon: ranged("epsilon", base.epsilon, 0, Number.POSITIVE_INFINITY, true),
    weightDecay: ranged("weight_decay", base.weightDecay, 0, Number.POSITIVE_INFINITY),
    warmup: ranged("warmup", base.warmup, 0, Number.POSITIVE_INFINITY),
    decay: decay === "cosine" || decay === "linear" || decay === "none" ? decay : base.decay,
    ...(clip === undefined ? {} : { clip }),
  };
}

function paths(entry: ScheduleEntry): readonly string[] {
  return entry.values.map((value) => {
    const path = pathOf(value);
    if (path === undefined)
      throw problem(
        "MEM0311",
        value.span,
        "A path of parameters is needed: **.bias, layer[*].attention.Wq.",
      );
    return path;
  });
}

/** The text of a path. */
export function pathOf(value: ScheduleValue): string | undefined {
  if (value.kind === "path") return value.path;
  if (value.kind === "word") return value.word.text;
  if (value.kind === "expression") return dotted(value.value);
  return undefined;
}

function dotted(expression: Expression): string | undefined {
  if (expression.kind === "reference") return expression.name.text;
  if (expression.kind !== "member") return undefined;
  const object = dotted(expression.object);
  return object === undefined ? undefined : `${object}.${expression.member.text}`;
}

function group(entry: ScheduleEntry): Schedule["groups"][number] {
  const found: Mutable<Schedule["groups"][number]> = { paths: paths(entry) };
  for (const inner of entry.entries ?? []) {
    const number = firstNumber(inner);
    if (number === undefined || number.value < 0)
      throw problem("MEM0302", inner.span, `${inner.word.text} needs a number of at least 0.`);
    if (inner.word.text === "rate") found.rate = number.value;
    else if (inner.word.text === "weight_decay") found.weightDecay = number.value;
    else
      throw problem(
        "MEM0301",
        inner.word.span,
        `A group sets rate and weight_decay, not ${inner.word.text}.`,
      );
  }
  return found;
}

function dataEntries(entry: ScheduleEntry): Schedule["data"] {
  const assignments = [
    ...entry.values.flatMap((value) =>
      value.kind === "assignment"
        ? [{ name: value.name, values: value.values, span: value.span }]
        : [],
    ),
    ...(entry.entries ?? []).map((inner) => {
      const [value] = inner.values;
      if (value?.kind === "assignment")
        return { name: value.name, values: value.values, span: value.span };
      return { name: inner.word, values: inner.values, span: inner.span };
    }),
  ];
  return assignments.map(({ name, values, span }) => {
    const [source, ahead, distance] = values;
    const from = wordOf(source);
    if (from === undefined)
      throw problem("MEM0312", span, `Say where ${name.text} comes from.`, {
        help: `${name.text} = tokens ahead 1`,
      });
    if (ahead === undefined) return { name: name.text, source: from.text, ahead: 0 };
    const number = distance?.kind === "expression" ? numberOf(distance.value) : undefined;
    if (wordOf(ahead)?.text === "ahead" && wordOf(distance)?.text === "segment")
      return { name: name.text, source: from.text, ahead: "segment" };
    if (
      wordOf(ahead)?.text === "ahead" &&
      number !== undefined &&
      Number.isInteger(number) &&
      number >= 0
    ) {
      return { name: name.text, source: from.text, ahead: number };
    }
    throw problem(
      "MEM0312",
      span,
      `${name.text} is so many tokens or one segment ahead of ${from.text}.`,
      { help: `${name.text} = tokens ahead 1` },
    );
  });
}

function readSetting(
  entry: ScheduleEntry,
  settings: Map<string, string>,
  spans: Map<string, Span>,
): void {
  if (entry.values.length === 0) throw problem("MEM0313", entry.span, "Write set NAME = VALUE.");
  for (const value of entry.values) {
    if (value.kind !== "assignment")
      throw problem("MEM0313", value.span, "Write set NAME = VALUE.");
    const [first] = value.values;
    const text =
      first?.kind === "expression"
        ? literalText(first.value)
        : first?.kind === "word"
          ? first.word.text
          : undefined;
    if (text === undefined)
      throw problem(
        "MEM0313",
        value.span,
        "A setting is a number, a flag or the name of an alternative.",
      );
    settings.set(value.name.text, text);
    spans.set(value.name.text, value.span);
  }
}

function literalText(expression: Expression): string | undefined {
  const number = numberOf(expression);
  if (number !== undefined) return String(number);
  if (expression.kind === "flag") return expression.value ? "on" : "off";
  if (expression.kind === "list") {
    const items = expression.items.map(literalText);
    return items.includes(undefined) ? undefined : `[${items.join(", ")}]`;
  }
  if (expression.kind === "call" && expression.callee.kind === "reference") {
    const options = expression.arguments.map(({ name, value }) => {
      const text = literalText(value);
      return name === undefined || text === undefined ? undefined : `${name.text} = ${text}`;
    });
    return options.includes(undefined)
      ? undefined
      : `${expression.callee.name.text}(${options.join(", ")})`;
  }
  return expression.kind === "reference" ? expression.name.text : undefined;
}

// ---------------------------------------------------------------- together

/** Entries from the command line: `train.batch=8`, `train.through_time=mrbp(horizon = 4)`, `train.optimizer.rate=1e-3`. */
function applyOverrides(
  kind: Program["kind"],
  schedule: Mutable<CheckedSchedule["schedule"]>,
  overrides: ReadonlyMap<string, string>,
  at: Span,
  report: Report,
): void {
  const rollout = schedule.rollout;
  const before = schedule.stride;
  for (const [address, text] of overrides) {
    const [program, word = "", option, ...more] = address.split(".");
    if (program !== kind) continue;
    const written = option === undefined ? `${word} ${text}` : `${word} adamw(${option} = ${text})`;
    report.attempt(() => {
      // Only the optimiser has options with addresses of their own.
      const known = more.length === 0 && (option === undefined || word === "optimizer");
      const entry = known ? entryOf(kind, word, written) : undefined;
      if (entry === undefined) throw problem("MEM0173", at, `${address} cannot be set to ${text}.`);
      try {
        if (word === "stride") schedule.stride = count(entry, 1);
        else if (option !== undefined) schedule.optimizer = optimizer(entry, schedule.optimizer);
        else readEntry(entry, schedule);
      } catch (error) {
        if (!(error instanceof Problem)) throw error;
        const { code: _, message, help } = error.diagnostic;
        throw problem("MEM0173", at, `${address} cannot be set to ${text}: ${message}`, { help });
      }
    });
  }
  const follows = before === rollout && !overrides.has(`${kind}.stride`);
  if (follows) schedule.stride = schedule.rollout;
}

/** The one entry that a text is; undefined if it is anything else. */
function entryOf(kind: Program["kind"], word: string, written: string): ScheduleEntry | undefined {
  const { tree, diagnostics } = parse({ path: "setting", text: `${kind} { ${written} }` });
  const [item, ...more] = tree?.items ?? [];
  if (diagnostics.length > 0 || more.length > 0 || item?.kind !== "program") return undefined;
  const [entry, ...others] = item.entries;
  return others.length === 0 && entry?.word.text === word && word !== "set" ? entry : undefined;
}

function checkTogether(span: Span, schedule: CheckedSchedule["schedule"]): void {
  const { rollout, stride, cutAfter, segmentWeights: weights } = schedule;
  if (stride > rollout)
    throw problem("MEM0314", span, `stride ${stride} skips segments of a rollout of ${rollout}.`, {
      help: `stride is at most ${rollout}.`,
    });
  const late = cutAfter?.find((position) => position >= rollout - 1);
  if (late !== undefined)
    throw problem(
      "MEM0315",
      span,
      `There is no edge after segment ${late} in a rollout of ${rollout} (segments count from 0).`,
    );
  if (weights.kind === "list" && weights.weights.length !== rollout) {
    throw problem(
      "MEM0308",
      span,
      `${weights.weights.length} segment weights for a rollout of ${rollout} segments.`,
    );
  }
}
