/** `--set ADDRESS=VALUE`: values that replace the spec's, from the command line and from the run that goes on or is read. */
import { InputError, UsageError } from "./exit.ts";
import { quoted } from "./shell.ts";

/** By address: `mem.count` → `16`. */
export type Settings = Readonly<Record<string, string>>;

const form = /^\s*([A-Za-z_](?:[\w.]|\[[\w*]*\])*)\s*=\s*(\S.*?)\s*$/;

/** One `ADDRESS=VALUE`; undefined for any other text. A repeat is named without its copies: `layer[*3].mem.count` is `layer.mem.count`. */
function parseSetting(
  text: string,
): { readonly address: string; readonly value: string } | undefined {
  const [, address, value] = form.exec(text) ?? [];
  if (address === undefined || value === undefined || /\p{Cc}/u.test(value)) return undefined;
  return { address: address.replaceAll(/\[\*\d*\]/g, ""), value };
}

/** `--set mem.count=16`, each address once. Throws UsageError. */
export function parseSettings(pairs: readonly string[], command: string): Settings {
  const settings = new Map<string, string>();
  for (const pair of pairs) {
    const setting = parseSetting(pair);
    if (setting === undefined) {
      throw new UsageError(`--set ${pair} is not of the form address=value`, {
        command,
        help: "for example: --set mem.count=16",
      });
    }
    const { address, value } = setting;
    if (settings.has(address)) throw new UsageError(`--set ${address} is given twice`, { command });
    settings.set(address, value);
  }
  return Object.fromEntries(settings);
}

/** Where settings that were stored with a run come from, for messages. */
export interface StoredSettings {
  /** The run's folder, as the user knows it. */
  readonly shown: string;
  readonly settings: Settings;
}

/**
 * The settings that a run was trained with, and those of the command line besides. What is stored comes from a file that may be
 * anybody's, so it must have the form that the command line asks for. What is of one part of a training, or of evaluation and
 * sampling, may be set anew; any other contradiction is an InputError.
 */
export function settingsOfRun(
  given: Settings,
  { shown, settings: stored }: StoredSettings,
): Settings {
  const merged = new Map<string, string>();
  for (const [address, value] of Object.entries(stored)) {
    const parsed = parseSetting(`${address}=${value}`);
    if (parsed?.address !== address || parsed.value !== value) {
      const text = `${address}=${value}`.slice(0, 100);
      throw new InputError(
        `the checkpoint in ${shown} says that it was trained with ${text}, which is no setting`,
        "it is damaged, or memc did not write it; use another one",
        "MEM0912",
      );
    }
    merged.set(address, value);
  }
  for (const [address, value] of Object.entries(given)) {
    const before = merged.get(address);
    if (before !== undefined && isSame(before, value)) continue;
    if (before !== undefined && !maySetAnew.test(address)) {
      throw new InputError(
        `${shown} was trained with ${address}=${before}, which --set ${address}=${value} contradicts`,
        `leave --set ${address} out, as what a run was trained with applies by itself; or train another run with it`,
        "MEM0918",
      );
    }
    for (const each of merged.keys())
      if (each === address || each.startsWith(`${address}.`)) merged.delete(each);
    merged.set(address, value);
  }
  return Object.fromEntries(merged);
}

/** A training may go on for longer and at another rate; its parameters, its states and its place in the data stay what they are. */
const maySetAnew = /^((evaluate|generate)\..*|train\.(steps|optimizer(\..*)?))$/;

/** `0.010` and `1e-2` are the same number; white space does not count. */
function isSame(one: string, other: string): boolean {
  const plain = (text: string) => text.replaceAll(/\s+/g, "");
  return plain(one) === plain(other) || Number(one) === Number(other);
}

/** `, --set mem.count=16 --set D=64`, as a shell takes it; empty without settings. */
export function settingsText(settings: Settings): string {
  const words = Object.entries(settings).map(([address, value]) => {
    return `--set ${quoted(`${address}=${value}`)}`;
  });
  return words.length === 0 ? "" : `, ${words.join(" ")}`;
}
