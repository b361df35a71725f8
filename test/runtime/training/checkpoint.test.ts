import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { referenceEngine } from "../../../src/runtime/index.ts";
import {
  loadCheckpoint,
  type SaveOptions,
  saveCheckpoint,
  summarizeCheckpoint,
} from "../../../src/runtime/training/checkpoint.ts";
import { type Disk, disk } from "../../../src/runtime/training/disk.ts";
import { loadParameters } from "../../../src/runtime/training/parameters.ts";
import { readSafetensors } from "../../../src/runtime/training/safetensors.ts";
import type { TrainingState } from "../../../src/runtime/training/state.ts";
import { textSource } from "../../../src/runtime/training/streams.ts";
import { CheckpointError } from "../../../src/runtime/training/tensor-files.ts";
import { train } from "../../../src/runtime/training/trainer.ts";
import { documents, schedule, training } from "./memory-model.ts";

const definition = training();
const origin = {
  ...{ memc: "0.1.0", spec: "memory.mem", specHash: "abc", settings: { D: "6" }, dims: { D: 6 } },
  trainedOn: { data: "books", valid: "new.txt" },
};
const options: SaveOptions = { definition, steps: 8, origin, realBytes: 8 };
const record = { ...origin, model: definition.name, schedule, steps: 8 };
const names = ["model.safetensors", "optimizer.safetensors", "states.safetensors", "training.json"];

async function stateAfter(steps: number, resume?: TrainingState): Promise<TrainingState> {
  const source = textSource(documents, definition, { passes: "endless", seed: 7 });
  const common = { definition, engine: referenceEngine, source, seed: 7 };
  const abort = new AbortController();
  const onStep = ({ step }: { readonly step: number }) => {
    if (step === steps) abort.abort();
  };
  const start = resume === undefined ? {} : { resume };
  return (await train({ ...common, ...start, onStep, signal: abort.signal })).state;
}

let folder: string;
let states: readonly [TrainingState, TrainingState];
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "memc-checkpoint-"));
  states ??= [await stateAfter(2), await stateAfter(4)];
});
afterEach(() => rmSync(folder, { recursive: true }));

describe("checkpoints", () => {
  it("give back what was saved, and continue to the same bytes", async () => {
    const path = saveCheckpoint(folder, states[0], options);
    expect(path).toBe(join(folder, "checkpoint-000002"));
    expect(readdirSync(path)).toEqual(names);
    const loaded = loadCheckpoint(folder, definition);
    expect(loaded).toEqual({ path, state: states[0], record });
    expect(summarizeCheckpoint(folder)).toEqual({ path, step: 2, seed: 7, record });
    const continued = await stateAfter(4, loaded.state);
    expect(continued).toEqual(states[1]);
    const [one, other] = [join(folder, "a"), join(folder, "b")];
    saveCheckpoint(one, continued, options);
    saveCheckpoint(other, states[1], options);
    for (const file of names) {
      const at = (place: string) => readFileSync(join(place, "checkpoint-000004", file));
      expect(at(one).equals(at(other)), file).toBe(true);
    }
  });

  it("hold one tensor for each layer and parameter, float32 for a float32 engine", () => {
    saveCheckpoint(folder, states[0], { ...options, realBytes: 4 });
    const parameters = loadParameters(folder, definition);
    expect([...parameters.keys()]).toEqual(["table.E", "out.U", "layer[0].bias", "layer[1].bias"]);
    const [saved, loaded] = [states[0].parameters.get("out.U"), parameters.get("out.U")];
    expect(loaded?.data).toEqual(Float64Array.from(saved?.data ?? [], Math.fround));
    const file = join(folder, "checkpoint-000002", "model.safetensors");
    expect(loadParameters(file, definition)).toEqual(parameters);
    const { tensors } = readSafetensors(readFileSync(file));
    expect([...tensors.keys()].sort()).toEqual([
      "layer.0.bias",
      "layer.1.bias",
      "out.U",
      "table.E",
    ]);
  });

  it("need not say where the training code came from", () => {
    saveCheckpoint(folder, states[0], { definition, realBytes: 8 });
    const { record } = loadCheckpoint(folder, definition);
    expect(record).toEqual({ model: definition.name, schedule, steps: schedule.steps });
  });

  it("take back what was written where the disk is full", () => {
    saveCheckpoint(folder, states[0], options);
    const full: Disk = {
      ...disk,
      write(path, bytes) {
        disk.write(path, bytes.subarray(0, 10));
        if (path.endsWith("states.safetensors")) throw new Error("ENOSPC: no space left on device");
      },
    };
    expect(() => saveCheckpoint(folder, states[1], { ...options, disk: full })).toThrow(/ENOSPC/);
    expect(readdirSync(folder)).toEqual(["checkpoint-000002", "latest"]);
    expect(loadCheckpoint(folder, definition).state).toEqual(states[0]);
  });

  it("keep the last few, never overwrite, and clean up after a crash", () => {
    mkdirSync(join(folder, ".saving-checkpoint-000001"));
    const state = (step: number) => ({ ...states[0], step });
    for (const step of [1, 2, 3]) saveCheckpoint(folder, state(step), { ...options, keep: 2 });
    expect(readdirSync(folder)).toEqual(["checkpoint-000002", "checkpoint-000003", "latest"]);
    saveCheckpoint(folder, state(3), { ...options, keep: 2 });
    expect(readdirSync(folder)).toEqual(["checkpoint-000003", "checkpoint-000003-2", "latest"]);
    saveCheckpoint(folder, state(1), { ...options, keep: 1 });
    expect(readdirSync(folder)).toEqual(["checkpoint-000001", "latest"]);
    expect(loadCheckpoint(folder, definition).state.step).toBe(1);
  });

  it("leave the old one or the new one, complete, after a crash at any operation", () => {
    let operations = 0;
    for (let crashAt = 0; ; crashAt++) {
      const place = join(folder, String(crashAt));
      saveCheckpoint(place, states[0], options);
      let crashed = false;
      try {
        const broken = { ...options, keep: 1, disk: crashing(crashAt) };
        saveCheckpoint(place, states[1], broken);
      } catch (error) {
        if (!(error instanceof Crash)) throw error;
        crashed = true;
      }
      const { state } = loadCheckpoint(place, definition);
      expect([states[0].step, states[1].step]).toContain(state.step);
      expect(state).toEqual(state.step === 2 ? states[0] : states[1]);
      if (!crashed) {
        expect(state.step).toBe(4);
        expect(readdirSync(place)).toEqual(["checkpoint-000004", "latest"]);
        break;
      }
      saveCheckpoint(place, states[1], { ...options, keep: 1 });
      expect(readdirSync(place).filter((name) => name.startsWith("."))).toEqual([]);
      operations = crashAt + 1;
    }
    expect(operations).toBeGreaterThan(8);
  });
});

class Crash extends Error {}

/** A disk that dies at its n-th change, which it does half of; from then on it does nothing more. */
function crashing(at: number): Disk {
  let changes = 0;
  const die = () => {
    if (changes > at) throw new Crash();
    return changes++ === at;
  };
  return {
    ...disk,
    makeFolder(path) {
      if (die()) throw new Crash();
      disk.makeFolder(path);
    },
    write(path, bytes) {
      if (die()) {
        disk.write(path, bytes.subarray(0, bytes.length / 2));
        throw new Crash();
      }
      disk.write(path, bytes);
    },
    syncFolder(path) {
      if (die()) throw new Crash();
      disk.syncFolder(path);
    },
    rename(from, to) {
      if (die()) throw new Crash();
      disk.rename(from, to);
    },
    remove(path) {
      if (die()) {
        const [first] = disk.list(path);
        if (first !== undefined) disk.remove(join(path, first));
        throw new Crash();
      }
      disk.remove(path);
    },
  };
}

describe("a checkpoint is refused", () => {
  const refused = (changed = definition) => {
    try {
      loadCheckpoint(folder, changed);
    } catch (error) {
      expect(error).toBeInstanceOf(CheckpointError);
      return (error as CheckpointError).message;
    }
    throw new Error("It was read.");
  };
  const inside = (file: string) => join(folder, "checkpoint-000002", file);
  beforeEach(() => void saveCheckpoint(folder, states[0], options));

  it("when there is none", () => {
    expect(() => loadCheckpoint(join(folder, "nowhere"), definition)).toThrow(/no checkpoint in/);
  });

  it("when `latest` names something else", () => {
    writeFileSync(join(folder, "latest"), "../../etc");
    expect(refused()).toMatch(/latest names no checkpoint/);
  });

  it.each(names)("when %s is missing", (file) => {
    rmSync(inside(file));
    expect(refused()).toMatch(file === "training.json" ? /training.json is missing/ : /is missing/);
  });

  it("when a file is cut short or changed", () => {
    const bytes = readFileSync(inside("states.safetensors"));
    writeFileSync(inside("states.safetensors"), bytes.subarray(0, 40));
    expect(refused()).toMatch(/states.safetensors has 40 bytes; \d+ were written/);
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
    writeFileSync(inside("states.safetensors"), bytes);
    expect(refused()).toMatch(/SHA-256/);
  });

  it.each([
    ["nonsense", "{", /not valid JSON/],
    ["a list", "[]", /not hold an object/],
    ["another format", '{"format":2}', /format 2; this version of memc reads 1/],
    ["no step", '{"format":1}', /no valid `step`/],
    ["a step of another object", '{"format":1,"__proto__":{"step":1}}', /no valid `step`/],
    ["nothing but brackets", "[".repeat(100_000), /not valid JSON/],
  ])("when training.json holds %s", (_, text, message) => {
    writeFileSync(inside("training.json"), text);
    expect(refused()).toMatch(message);
  });

  it.each([
    ["settings", { settings: { D: 6 } }],
    ["settings", { settings: ["D=6"] }],
    ["dims", { dims: { D: "6" } }],
    ["dims", { dims: [6] }],
    ["spec", { spec: 1 }],
    ["trainedOn", { trainedOn: "book.txt" }],
    ["trainedOn", { trainedOn: { data: 1 } }],
    ["trainedOn", { trainedOn: { valid: "\u001b[2J" } }],
    ["steps", { steps: 1e308 }],
  ])("when training.json has a wrong `%s`: %j", (field, change) => {
    const training = JSON.parse(readFileSync(inside("training.json"), "utf8"));
    writeFileSync(inside("training.json"), JSON.stringify({ ...training, ...change }));
    expect(refused()).toMatch(`no valid \`${field}\``);
    expect(() => summarizeCheckpoint(folder)).toThrow(`no valid \`${field}\``);
  });

  it("when a folder stands where a file should", () => {
    rmSync(inside("model.safetensors"));
    mkdirSync(inside("model.safetensors"));
    expect(refused()).toMatch(/model.safetensors cannot be read: it is not a regular file\.$/);
  });

  it("when the model has other tensors, naming each", () => {
    const { "out.U": U, ...others } = definition.parameters;
    const start = { kind: "constant", value: 0 } as const;
    const parameters = { ...others, "out.V": U ?? { axes: {}, start } };
    expect(() => loadParameters(folder, { ...definition, parameters })).toThrow(
      /: missing: out.V; not in the model: out.U/,
    );
    const wider = { ...definition.parameters, "layer[*2].bias": { axes: { D: 7 }, start } };
    expect(() => loadParameters(folder, { ...definition, parameters: wider })).toThrow(
      /: layer\.0\.bias is F64 \[6\] in the file, real \[D=7\] in the model; layer\.1/,
    );
  });

  it("when the batch is another", () => {
    expect(refused(training({ batch: 3 }))).toMatch(
      /states.safetensors is not of this model: mem.M is F64 \[2, 6\] in the file, real \[batch=3, D=6\]/,
    );
  });
});
