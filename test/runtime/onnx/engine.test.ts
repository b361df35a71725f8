import { describe, expect, it } from "vitest";
import { type HostTensor, hostTensor } from "../../../src/ops/index.ts";
import type { Tensor } from "../../../src/runtime/builder.ts";
import type { DeviceTensor } from "../../../src/runtime/engine.ts";
import { createOnnxEngine, EngineMissingError } from "../../../src/runtime/onnx/index.ts";
import { loadOnnxRuntime, threadsFor } from "../../../src/runtime/onnx/session.ts";
import { referenceEngine } from "../../../src/runtime/reference.ts";
import { checkPlan, operatorCounts, planFor, randomTensors } from "./kit.ts";
import { transformerBlock } from "./transformer-block.ts";

const engine = createOnnxEngine({ threads: 1 });

describe("The onnx engine", () => {
  it("holds reals in 32 bits, ints and flags as they are", async () => {
    const { upload, download, realBytes } = await engine;
    const reals = hostTensor("real", { D: 2 }, [0.1, -1e300]);
    const ints = hostTensor("int", { D: 2 }, [2147483647, -2147483648]);
    const flags = hostTensor("flag", { D: 2 }, [1, 0]);
    expect(download(upload(reals)).data).toEqual(Float64Array.of(Math.fround(0.1), -Infinity));
    expect(download(upload(ints))).toEqual(ints);
    expect(download(upload(flags))).toEqual(flags);
    expect(realBytes).toBe(4);
  });

  it("copies what it is given and what it gives", async () => {
    const { upload, download } = await engine;
    const given = hostTensor("int", { D: 1 }, Int32Array.of(1));
    const held = upload(given);
    given.data[0] = 2;
    const read = download(held);
    read.data[0] = 3;
    expect(download(held).data).toEqual(Int32Array.of(1));
    const bytes = Buffer.from([1, 0]);
    const flags = upload(hostTensor("flag", { D: 2 }, bytes));
    bytes[0] = 0;
    expect(download(flags).data).toEqual(Uint8Array.of(1, 0));
  });

  it("runs a plan again with other inputs, and leaves earlier results alone", async () => {
    const { compile, upload, download } = await engine;
    const [x, y] = randomTensors([{ T: 3 }, { T: 3 }], 5);
    if (x === undefined || y === undefined) throw new Error("two tensors were made");
    const executable = await compile(planFor([x], (g, a: Tensor) => g.neg(a)));
    const [first] = await executable.run([upload(x)]);
    await executable.run([upload(y)]);
    if (first === undefined) throw new Error("the plan has an output");
    expect(download(first).data).toEqual(x.data.map((entry) => -entry));
    await executable.release();
  });

  it("gives inputs, constants and one value twice without computing anything", async () => {
    const [x] = randomTensors([{ T: 2, D: 3 }], 5);
    if (x === undefined) throw new Error("a tensor was made");
    const plan = planFor([x], (g, a: Tensor) => {
      const renamed = g.rename(a, { names: { D: "E" } });
      return { a, again: a, renamed, ones: g.fill({ value: 1, axes: [], kind: "real" }) };
    });
    expect(operatorCounts(plan)).toEqual({});
    await checkPlan(await engine, plan, [x]);
  });

  it("frees discarded tensors, others that show the same entries excepted", async () => {
    const { compile, upload, download, discard } = await engine;
    const [x] = randomTensors([{ T: 3 }], 5);
    if (x === undefined) throw new Error("a tensor was made");
    // The second result shows the entries of the first.
    const plan = planFor([x], (g, a: Tensor) => {
      const negative = g.neg(a);
      return [negative, g.rename(negative, { names: { T: "U" } })];
    });
    const executable = await compile(plan);
    const minus = ({ data }: HostTensor) => data.map((entry) => -entry);
    const [first, alias] = (await executable.run([upload(x)])) as [DeviceTensor, DeviceTensor];

    discard([first]);
    discard([first, first]);
    expect(() => download(first)).toThrow("read after it was discarded");
    await expect(executable.run([first])).rejects.toThrow("read after it was discarded");
    expect(download(alias).data).toEqual(minus(x));

    const held = process.memoryUsage().arrayBuffers;
    discard([alias]);
    expect(process.memoryUsage().arrayBuffers).toBeLessThan(held);
    await executable.release();
  });

  it("leaves alone an input that a result shows when the input is discarded", async () => {
    const { compile, upload, download, discard } = await engine;
    const [x] = randomTensors([{ T: 3 }], 5);
    if (x === undefined) throw new Error("a tensor was made");
    const executable = await compile(planFor([x], (g, a: Tensor) => [a, g.neg(a)]));
    const given = upload(x);
    const [same] = (await executable.run([given])) as [DeviceTensor];
    discard([given]);
    await executable.run([same]);
    expect(download(same).data).toEqual(x.data);
    await executable.release();
  });

  it("takes inputs that no node uses, of any size", async () => {
    const inputs = randomTensors([{ T: 2 }, { T: 0 }, { S: 3 }], 5);
    const plan = planFor(inputs, (g, a: Tensor, none: Tensor) => [
      g.exp(a),
      g.sum(none, { over: ["T"] }),
    ]);
    await checkPlan(await engine, plan, inputs);
  });

  it("refuses tensors that a plan does not take, naming the input", async () => {
    const { compile, upload } = await engine;
    const [x, y] = randomTensors([{ T: 2 }, { T: 3 }], 5);
    if (x === undefined || y === undefined) throw new Error("two tensors were made");
    const executable = await compile(planFor([x], (g, a: Tensor) => g.neg(a)));
    await expect(executable.run([])).rejects.toThrow("1 inputs, but 0 tensors are given");
    await expect(executable.run([upload(y)])).rejects.toThrow(
      "Input input[0] of plan test is real [T=2], not real [T=3].",
    );
    await expect(executable.run([referenceEngine.upload(x)])).rejects.toThrow("another engine");
  });

  it("shares among threads only what is large", () => {
    const small = transformerBlock({ batch: 2, T: 8, D: 16, H: 2, F: 32 });
    const large = transformerBlock({ batch: 4, T: 256, D: 256, H: 8, F: 1024 });
    expect(threadsFor(small, 8)).toBe(1);
    expect(threadsFor(large, 8)).toBe(8);
  });
});

it("A missing package is an error that says what to run", async () => {
  const missing = () => Promise.reject(new Error("Cannot find package 'onnxruntime-node'"));
  const error = await loadOnnxRuntime(missing).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(EngineMissingError);
  expect(String(error)).toContain("Cannot find package 'onnxruntime-node'");
  expect(String(error)).toMatch(/Run: .*npm install --prefix \S+ onnxruntime-node/);
});
