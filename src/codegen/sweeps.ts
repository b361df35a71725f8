/** The sweeps over the segments of a rollout, one variant for each way to take the gradient through time. */
import { layOut, object, text } from "./expression.ts";
import type { RolloutContext } from "./rollout.ts";
import type { Staged } from "./staged.ts";
import { shapeKey, shapeOf } from "./struct.ts";

/** Type of parameters and states on the engine. */
export const STATE = "Tree<DeviceTensor>";

/** Writes the sweeps of a rollout: lines of its body, between its declarations and its end. */
export class SweepWriter {
  readonly #context: RolloutContext;
  readonly #staged: Staged;
  readonly #overlaps: boolean;

  constructor(context: RolloutContext, staged: Staged) {
    this.#context = context;
    this.#staged = staged;
    const { schedule } = context.program;
    this.#overlaps = schedule.stride < schedule.rollout;
  }

  sweeps(): readonly string[] {
    if (this.#context.handed === undefined) return this.#detached();
    const { throughTime } = this.#context.program.schedule;
    switch (throughTime.kind) {
      case "detach":
        return this.#detached();
      case "mrbp":
        return this.#chunks(this.#replaySweeps());
      case "bptt":
        return this.#chunks(this.#keptSweeps());
      case "checkpoint":
        return this.#chunks(this.#checkpointSweeps());
      default:
        return throughTime satisfies never;
    }
  }

  // -------------------------------------------------------------- no gradient between segments

  #detached(): readonly string[] {
    return [
      "let entering = states;",
      ...(this.#overlaps ? ["let following = states; // they enter the next rollout"] : []),
      "for (const [s, { inputs, draws }] of segments.entries()) {",
      "  const own = run.merge(parameters, entering, draws);",
      `  const back = await run.call(${this.#staged.replay}, own, inputs, run.scalar(weights[s]!));`,
      "  losses.push(back.losses);",
      ...this.#counted("  counts.push(back.counts);"),
      ...this.#usedUp("entering"),
      "  entering = back.next;",
      "  gradients = await run.add(gradients, back.parameters);",
      ...(this.#overlaps ? ["  if (s < stride) following = entering;"] : []),
      "}",
      ...this.#unused("entering"),
      ...this.#returned(this.#overlaps ? "following" : "entering"),
    ];
  }

  // -------------------------------------------------------------- chunks between cuts

  #chunks(inside: readonly string[]): readonly string[] {
    const { cutAfter } = this.#context.program.schedule;
    const head =
      cutAfter === undefined
        ? [
            "for (let first = 0; first < segments.length; first += horizon) {",
            "  const end = Math.min(first + horizon, segments.length);",
          ]
        : [
            "let first = 0;",
            "const ends = cutAfter.map((s) => s + 1).filter((end) => end < segments.length);",
            "for (const end of [...ends, segments.length]) {",
          ];
    const tail = cutAfter === undefined ? ["}"] : ["  first = end;", "}"];
    const following = this.#overlaps ? "Math.min(stride, segments.length)" : "segments.length";
    return [
      `const entering: ${STATE}[] = [states]; // entering[s] enters segment s`,
      ...head,
      ...inside.map((line) => `  ${line}`),
      ...tail,
      ...this.#unused("entering[segments.length]!"),
      ...this.#returned(`entering[${following}]!`),
    ];
  }

  /** A line that is only needed where losses are weighed. */
  #counted(line: string): readonly string[] {
    return this.#context.counts ? [line] : [];
  }

  #returned(states: string): readonly string[] {
    const result = object([
      ["losses", text("losses")],
      ...(this.#context.counts ? [["counts", text("counts")] as const] : []),
      ["gradients", text("gradients ?? {}")],
      ["states", text(states)],
    ]);
    return layOut("return ", result, ";", 2);
  }

  /** Nothing comes back across a cut. */
  #zero(state: string): string {
    return `let dNext: ${this.#staged.handedType} = run.zeros(${this.#pick(state)});`;
  }

  #replaySweeps(): readonly string[] {
    return [
      "// Sweep 1, first to last: the critical path.",
      "for (let s = first; s < end - 1; s++) {",
      "  const { inputs, draws } = segments[s]!;",
      "  const own = run.merge(parameters, entering[s]!, draws);",
      `  const { next } = await run.call(${this.#criticalName()}, own, inputs);`,
      "  entering[s + 1] = next;",
      "}",
      "// Sweep 2, last to first: each segment again, and back. Nothing comes back across a cut.",
      this.#zero("entering[first]!"),
      "for (let s = end - 1; s >= first; s--) {",
      "  const { inputs, draws } = segments[s]!;",
      "  const own = run.merge(parameters, entering[s]!, draws);",
      "  const weight = run.scalar(weights[s]!);",
      `  const back = await run.call(${this.#staged.replay}, own, inputs, weight, dNext);`,
      "  losses[s] = back.losses;",
      ...this.#counted("  counts[s] = back.counts;"),
      "  run.discard(dNext);",
      "  dNext = back.entering;",
      "  if (s === end - 1) entering[end] = back.next;",
      "  else run.discard(back.next);",
      ...this.#usedUp("entering[s]!"),
      "  gradients = await run.add(gradients, back.parameters);",
      "}",
      "run.discard(dNext);",
    ];
  }

  /** The states that entered segment `s` are not needed any more; those that entered the first are the caller's. */
  #usedUp(states: string): readonly string[] {
    if (this.#context.program.states.length === 0) return [];
    // The states after the stride are the rollout's result.
    return [`  if (s > 0${this.#overlaps ? " && s !== stride" : ""}) run.discard(${states});`];
  }

  /** Where rollouts overlap, the next one does not begin with the states after the last segment. */
  #unused(states: string): readonly string[] {
    if (!this.#overlaps || this.#context.program.states.length === 0) return [];
    return [`if (stride < segments.length) run.discard(${states});`];
  }

  /** `next` takes the states after segment `s`, `there.next`. */
  #forward(
    from: string,
    to: string,
    next: readonly string[] = ["  entering[s + 1] = there.next;"],
  ): readonly string[] {
    const { residuals } = this.#staged;
    return [
      `for (let s = ${from}; s < ${to}; s++) {`,
      "  const { inputs, draws } = segments[s]!;",
      "  const own = run.merge(parameters, entering[s]!, draws);",
      `  const there = await run.call(${this.#staged.forward}, own, inputs);`,
      "  losses[s] = there.losses;",
      ...this.#counted("  counts[s] = there.counts;"),
      ...next,
      ...(residuals === undefined ? [] : ["  kept[s] = there.residuals;"]),
      "}",
    ];
  }

  #backward(from: string, to: string): readonly string[] {
    const values = [
      "own",
      ...(this.#staged.backwardReadsInputs ? ["inputs"] : []),
      ...(this.#staged.residuals === undefined ? [] : ["kept[s]!"]),
      "weight",
      "dNext",
    ].join(", ");
    const names = this.#staged.backwardReadsInputs ? "inputs, draws" : "draws";
    return [
      `for (let s = ${from} - 1; s >= ${to}; s--) {`,
      `  const { ${names} } = segments[s]!;`,
      "  const own = run.merge(parameters, entering[s]!, draws);",
      "  const weight = run.scalar(weights[s]!);",
      `  const back = await run.call(${this.#staged.backward}, ${values});`,
      "  run.discard(dNext);",
      "  dNext = back.entering;",
      ...(this.#staged.residuals === undefined ? [] : ["  run.discard(kept[s]!);"]),
      ...this.#usedUp("entering[s]!"),
      "  gradients = await run.add(gradients, back.parameters);",
      "}",
    ];
  }

  #kept(): readonly string[] {
    const { residuals } = this.#staged;
    return residuals === undefined ? [] : [`const kept: ${residuals}[] = [];`];
  }

  #keptSweeps(): readonly string[] {
    return [
      "// Forward, first to last.",
      ...this.#kept(),
      ...this.#forward("first", "end"),
      "// Backward, last to first. Nothing comes back across a cut.",
      this.#zero("entering[first]!"),
      ...this.#backward("end", "first"),
      "run.discard(dNext);",
    ];
  }

  #checkpointSweeps(): readonly string[] {
    return [
      "// Sweep 1, first to last: the critical path, up to the last group.",
      "const last = first + every * Math.floor((end - first - 1) / every);",
      "let state = entering[first]!;",
      "for (let s = first; s < last; s++) {",
      "  const { inputs, draws } = segments[s]!;",
      "  const own = run.merge(parameters, state, draws);",
      `  const { next } = await run.call(${this.#criticalName()}, own, inputs);`,
      "  if ((s - first) % every !== 0) run.discard(state);",
      "  else entering[s] = state;",
      "  state = next;",
      "}",
      "entering[last] = state;",
      "// Sweep 2, last group to first: forward, keeping what the backward needs, and backward.",
      "// Nothing comes back across a cut.",
      this.#zero("entering[first]!"),
      "for (let start = last; start >= first; start -= every) {",
      "  const stop = Math.min(start + every, end);",
      ...this.#kept().map((line) => `  ${line}`),
      ...this.#forward("start", "stop", [
        "  if (s + 1 < stop || stop === end) entering[s + 1] = there.next;",
        "  else run.discard(there.next);",
      ]).map((line) => `  ${line}`),
      ...this.#backward("stop", "start").map((line) => `  ${line}`),
      "}",
      "run.discard(dNext);",
    ];
  }

  #criticalName(): string {
    const { critical } = this.#context;
    if (critical === undefined) throw new Error("The schedule needs a critical path.");
    return critical.text.name;
  }

  #pick(state: string): string {
    const type = this.#staged.handedType;
    return allHanded(this.#context) ? `${state} as ${type}` : `handedOn(${state} as ${type})`;
  }
}

/** All states carry gradient: their tree is the tree of what is handed on. */
export function allHanded({ handed, program }: RolloutContext): boolean {
  const all = shapeOf(program.states.map((state) => state.path));
  return handed !== undefined && shapeKey(all) === shapeKey(handed);
}
