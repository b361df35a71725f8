/** What a case's tensors are to the generated code: parameters, entering states, inputs and draws. */
import {
  type DeviceTensor,
  downloadTree,
  type Engine,
  expandDeclarations,
  type HostTensor,
  hostTensor,
  initialParameters,
  initialStates,
  type SegmentBatch,
  segmentDraws,
  type TensorType,
  type Tree,
  uploadTree,
  zeros,
} from "memc/runtime";
import { InputError } from "../exit.ts";
import type { Given, SpecRun } from "./adapter.ts";
import type { GoldenCase, Tensors } from "./case.ts";
import { fromFile, LayoutError } from "./layout.ts";
import type { LoadedPrograms } from "./programs.ts";

/** A case, the programs that it is run through, and where. */
export interface GoldenSetting {
  readonly golden: GoldenCase;
  readonly spec: SpecRun;
  readonly programs: LoadedPrograms;
  readonly engine: Engine;
}

/** First values of the parameters: those of the case, and initialisers for the addresses that are fresh. */
export function parameterTensors({
  golden,
  spec,
  programs,
}: GoldenSetting): ReadonlyMap<string, HostTensor> {
  const { parameters } = programs.train;
  const tensors = new Map<string, HostTensor>();
  const types = new Map<string, TensorType>();
  for (const [address, { axes }] of expandDeclarations(parameters)) {
    types.set(address, realType(axes));
  }
  const unused = new Set(golden.weights.keys());
  for (const each of spec.weights) {
    unused.delete(each.file);
    for (const [address, tensor] of place(each, golden.weights, types)) {
      tensors.set(address, tensor);
    }
  }
  const missing = [...types.keys()].filter((address) => !tensors.has(address));
  const first = initialParameters({ parameters }, 0);
  for (const address of missing) {
    const tensor = first.get(address);
    if (!spec.fresh.includes(address) || tensor === undefined) {
      throw new InputError(`${spec.spec}: no weight of the case is ${address}`);
    }
    tensors.set(address, tensor);
  }
  unused.delete("_empty");
  const [left] = unused;
  if (left !== undefined && spec.others !== true)
    throw new InputError(`the weight ${left} is taken by no parameter`);
  return tensors;
}

/** States that enter the first segment: those of the case, or of a stream that starts. */
export function startingStates({
  golden,
  spec,
  programs,
  engine,
}: GoldenSetting): Tree<DeviceTensor> {
  const { train } = programs;
  const { batch, states: given = [], counts = {} } = spec;
  const zero = initialStates(engine, train, batch);
  const all = new Map(downloadTree(engine, zero));
  const types = new Map([...all].map(([address, { type }]) => [address, type] as const));
  for (const each of given) {
    for (const [address, tensor] of place(each, golden.inputs, types)) {
      all.set(address, tensor);
    }
  }
  for (const [address, count] of Object.entries(counts)) {
    const type = types.get(address);
    if (type === undefined) throw new InputError(`there is no state ${address}`);
    all.set(
      address,
      hostTensor(
        "int",
        type.axes,
        Array.from({ length: batch }, () => count),
      ),
    );
  }
  return uploadTree(engine, all);
}

/** Inputs and draws of a segment. */
export function segmentBatch(setting: GoldenSetting, s: number): SegmentBatch {
  const { golden, spec, programs, engine } = setting;
  const { train } = programs;
  const { batch, states } = spec;
  const { axis, tokens } = train.schedule.segment;
  const fresh = s === 0 && states === undefined;
  const rows = { name: "batch", size: batch };
  const inputs = new Map<string, HostTensor>([
    ["fresh", filled("flag", [rows], fresh ? 1 : 0)],
    ["valid", filled("flag", [rows, { name: axis, size: tokens }], 1)],
  ]);
  const types = new Map<string, TensorType>();
  for (const [name, { kind, axes }] of Object.entries(train.inputs)) {
    types.set(name, { kind, axes: [rows, ...realType(axes).axes] });
  }
  for (const each of spec.segments[s] ?? []) {
    for (const [name, tensor] of place(each, golden.inputs, types)) {
      inputs.set(name, tensor);
    }
  }
  for (const [name, type] of types) {
    if (inputs.has(name)) continue;
    // Documents begin where streams do.
    if (type.kind === "flag") inputs.set(name, zeros(type));
    else throw new InputError(`${spec.spec}: no input of the case is ${name}`);
  }
  return {
    inputs: Object.fromEntries([...inputs].map(([name, tensor]) => [name, engine.upload(tensor)])),
    draws: drawsOf(setting, s),
    tokens: batch * tokens,
  };
}

function drawsOf({ golden, spec, programs, engine }: GoldenSetting, s: number): Tree<DeviceTensor> {
  const { train } = programs;
  const key = { seed: 0, step: 0, segment: s };
  const drawn = segmentDraws(engine, train, key, spec.batch);
  const all = new Map(downloadTree(engine, drawn));
  const types = new Map([...all].map(([address, { type }]) => [address, type] as const));
  for (const each of spec.draws?.[s] ?? []) {
    for (const [address, tensor] of place(each, golden.inputs, types)) {
      all.set(address, tensor);
    }
  }
  return uploadTree(engine, all);
}

/** The tensors of one entry of a map, by address. Throws InputError. */
function place(
  { file, layout, to }: Given,
  tensors: Tensors,
  types: ReadonlyMap<string, TensorType>,
): readonly (readonly [string, HostTensor])[] {
  const tensor = tensors.get(file);
  if (tensor === undefined) throw new InputError(`the case has no tensor ${file}`);
  const wanted = to.map((address) => {
    const type = types.get(address);
    if (type === undefined) throw new InputError(`${file}: there is nothing called ${address}`);
    return type;
  });
  try {
    const placed = fromFile(tensor, layout, wanted);
    return placed.map((each, i) => [to[i] ?? "", each] as const);
  } catch (error) {
    if (error instanceof LayoutError) throw new InputError(`${file}: ${error.message}`);
    throw error;
  }
}

/** A real tensor of these axes. */
export function realType(axes: Readonly<Record<string, number>>): TensorType {
  return { kind: "real", axes: Object.entries(axes).map(([name, size]) => ({ name, size })) };
}

function filled(kind: "flag", axes: TensorType["axes"], value: number): HostTensor {
  const tensor = zeros({ kind, axes });
  tensor.data.fill(value);
  return tensor;
}
