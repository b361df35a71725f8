/** Text that a model makes up, byte by byte, shown so that it cannot steer the terminal. */
import type { SampleOptions } from "../runtime/training/sampler.ts";
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

/** Control characters, but for line ends and tabs, as their pictures: a model of bytes may well make escape sequences. */
export function printable(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, (control) => {
    if (control === "\n" || control === "\t") return control;
    const code = control.charCodeAt(0);
    return code < 0x20 ? String.fromCharCode(0x2400 + code) : "\u2421";
  });
}
