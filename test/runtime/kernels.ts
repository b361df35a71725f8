/** Watches the kernels of the op table, which only the reference engine computes with. Each test file has a table of its own. */
import { expect } from "vitest";
import type { HostTensor, OpAttributes, OpName } from "../../src/ops/index.ts";
import { operations } from "../../src/ops/index.ts";
import type { Engine } from "../../src/runtime/engine.ts";

/** A call of an operation's kernel. */
export type KernelCall = {
  readonly [Name in OpName]: {
    readonly op: Name;
    readonly inputs: readonly HostTensor[];
    readonly attributes: OpAttributes<number>[Name];
  };
}[OpName];

/** From now on, `listener` is told of every call before it is made. */
export function watchKernels(listener: (call: KernelCall) => void): void {
  for (const [op, operation] of Object.entries(operations)) {
    const evaluate = new Proxy<(typeof operation)["evaluate"]>(operation.evaluate, {
      apply(kernel, self, operands) {
        const [inputs, attributes] = operands;
        listener({ op, inputs, attributes } as KernelCall); // operation and attributes come from one call
        return Reflect.apply(kernel, self, operands);
      },
    });
    Object.defineProperty(operation, "evaluate", { value: evaluate });
  }
}

const called = new Set<string>();
watchKernels(({ op }) => called.add(op));

/** The operations whose kernels were called since this was last asked, sorted. */
export function kernelsCalled(): readonly string[] {
  const names = [...called].sort();
  called.clear();
  return names;
}

/**
 * The engine, whose runs fail if a kernel is called meanwhile. Compiling a plan may call them: what has no entries, and whether a
 * constant mask leaves any, is known then. So may staging, which is no matter of engines: constants are worked out in float64.
 */
export function withoutKernels(engine: Engine): Engine {
  return {
    ...engine,
    async compile(plan) {
      const executable = await engine.compile(plan);
      return {
        plan,
        async run(inputs) {
          called.clear();
          const outputs = await executable.run(inputs);
          expect(kernelsCalled(), `kernels called by a run of ${plan.name}`).toEqual([]);
          return outputs;
        },
        release: () => executable.release(),
      };
    },
  };
}
