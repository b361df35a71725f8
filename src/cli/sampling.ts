/** Text that a model makes up, byte by byte, shown so that it cannot steer the terminal. */
import type { SampleOptions } from "../runtime/training/sampler.ts";
import { printable } from "./printable.ts";
import type { Runtime } from "./runtime.ts";

export interface TextSampleOptions extends Omit<SampleOptions, "prompt"> {
  readonly prompt: string;
}

/** Line ends stand before a prompt that is shorter than what the model needs to predict anything. */
const padding = 0x0a;

/** Gives the continuation of a prompt in pieces of whole characters. */
export async function* sampleText(
  { prompt, ...options }: TextSampleOptions,
  runtime: Runtime,
): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  const bytes = new TextEncoder().encode(prompt);
  for await (const token of runtime.sample({ ...options, prompt: bytes, padding })) {
    yield printable(decoder.decode(Uint8Array.of(token), { stream: true }));
  }
  yield printable(decoder.decode());
}
