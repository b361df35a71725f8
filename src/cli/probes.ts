/** `--probe ADDRESS`: whether the addresses are those of values that the generated code makes visible. */
import type { SourceFile } from "../parser/diagnostic.ts";
import { suggest } from "../parser/suggest.ts";
import type { GeneratedFile } from "./build-result.ts";
import { UsageError } from "./exit.ts";
import { definitionsOf } from "./programs.ts";
import { loadRuntime } from "./runtime.ts";

/**
 * Compares what `--probe` asks for with the addresses that a run of the programs gives. Throws UsageError for an index that no copy has
 * and for a name that nothing in the files has; gives a note for what may exist under other options.
 */
export async function checkProbes(
  asked: readonly string[],
  files: readonly SourceFile[],
  generated: readonly GeneratedFile[],
): Promise<readonly string[]> {
  if (asked.length === 0 || generated.length === 0) return [];
  const made = await madeProbes(generated);
  const words = new Set(files.flatMap(({ text }) => wordsOf(text)));
  return asked.flatMap((given) => {
    if (made.some((each) => isMatch(given, each))) return [];
    const address = given.replace(/^gradient\./, "");
    if (made.some((each) => isMatch(address, each))) {
      if (generated.some(({ text }) => isProbedIn(text, address, "gradient"))) return [];
      const trains = generated.some(({ path }) => path.endsWith(".train.ts"));
      const help = `a loss has no gradient with respect to ${address}`;
      throw unmatched(
        given,
        trains ? help : "gradients are of training, and the spec has no train program",
      );
    }
    const copies = made.filter((each) => isMatch(withoutIndices(address), each));
    if (copies.length > 0) throw unmatched(given, `there ${listed(copies)}`);
    const steps = withoutIndices(address).split(".");
    const last = steps.at(-1) ?? address;
    const elsewhere = made.filter((each) => isMatch(last, each));
    // A value of the training program alone is in no segment that is read.
    if (elsewhere.length === 0 && generated.some(({ text }) => isProbedIn(text, last, "value")))
      return [];
    const unknown = steps.find((step) => step !== "next" && !words.has(step));
    if (unknown === undefined) {
      // The checker has warned of a name that no value has.
      if (elsewhere.length === 0) return [];
      return [
        `note: --probe ${given} matches nothing with these options; there ${listed(elsewhere)}`,
      ];
    }
    if (elsewhere.length > 0) throw unmatched(given, `there ${listed(elsewhere)}`);
    const meant = suggest(unknown, words);
    throw unmatched(
      given,
      meant === undefined
        ? `nothing in the spec is called ${unknown}`
        : `nothing in the spec is called ${unknown}; did you mean ${meant}?`,
    );
  });
}

/** Addresses of the probes that one segment gives, `layer[0].attention.p`, in every program that reads. */
async function madeProbes(generated: readonly GeneratedFile[]): Promise<readonly string[]> {
  const [{ evaluate, generate }, runtime] = await Promise.all([
    definitionsOf(generated),
    loadRuntime(),
  ]);
  const names = [...new Set([evaluate, generate])].flatMap((model) =>
    runtime.planSegment(model, { probes: true }).outputs.map(({ name }) => name),
  );
  const found = names.filter(
    (name) => name.startsWith("probe.") && !/^probe\.gradient\./.test(name),
  );
  return [...new Set(found.map((name) => name.slice("probe.".length)))];
}

/** Whether an address, or the end of one, is that of a probe; `[*]` and no index stand for any. */
function isMatch(address: string, made: string): boolean {
  const [asked, has] = [stepsOf(address), stepsOf(made)];
  return asked.every((step, i) => {
    const own = has[has.length - asked.length + i];
    if (own === undefined || own.name !== step.name) return false;
    return step.index === undefined || step.index === "*" || step.index === own.index;
  });
}

/** The steps of an address; `layer.0.p`, of a repeat that is written out, is `layer[0].p`. */
function stepsOf(
  address: string,
): readonly { readonly name: string; readonly index: string | undefined }[] {
  return address
    .replaceAll(" ", ".")
    .replaceAll(/\.(\d+)(?=\.|$)/g, "[$1]")
    .split(".")
    .map((step) => {
      const [, name = step, index] = /^([^[]*)\[([^\]]*)\]$/.exec(step) ?? [];
      return { name, index: index?.replace(/^\*\d+$/, "*") };
    });
}

function withoutIndices(address: string): string {
  return stepsOf(address)
    .map(({ name }) => name)
    .join(".");
}

/** Names in a file of the spec; what its comments say is none. */
function wordsOf(text: string): readonly string[] {
  const code = text.replaceAll(/\/\/.*$/gm, "");
  return [...code.matchAll(/[A-Za-z_]\w*/g)].map(([word]) => word);
}

/** Whether a function of generated code probes the value that an address ends with. */
function isProbedIn(text: string, address: string, of: "value" | "gradient"): boolean {
  const last = withoutIndices(address).split(".").at(-1) ?? address;
  return [...text.matchAll(/\.probe\("([^"]*)", "(\w+)"/g)].some(
    ([, probed = "", kind]) => kind === of && isMatch(last, probed),
  );
}

/** `is mem.write.p`, `are layer[0].p, layer[1].p and 2 more`. */
function listed(addresses: readonly string[]): string {
  const shown = addresses.slice(0, 4);
  const more = addresses.length - shown.length;
  const rest = more > 0 ? ` and ${more} more` : "";
  return `${addresses.length === 1 ? "is" : "are"} ${shown.join(", ")}${rest}`;
}

function unmatched(address: string, help: string): UsageError {
  return new UsageError(`--probe ${address} matches nothing`, { command: "build", help });
}
