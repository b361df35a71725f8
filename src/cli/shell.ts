/** Words of a command line as a shell takes them. */

/** A word, in quotes where a shell would read more into it. */
export function quoted(word: string): string {
  return /^[\w./:=@%+,-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

/** What `--set`, `--probe` and `--disable-pass` make of generated code: equal builds have equal texts. */
export interface BuildSettings {
  /** By address. */
  readonly settings: Readonly<Record<string, string>>;
  readonly probes: readonly string[];
  /** Names of passes that are left out, or `all`. */
  readonly disabled: readonly string[];
}

/** `--set D=16 --probe 'layer[*].p' --disable-pass all`; empty for a build of the spec as it is. */
export function buildOptionsText({ settings, probes, disabled }: BuildSettings): string {
  const pairs = Object.entries(settings).map(([address, value]) => `${address}=${value}`);
  const words = [
    ...pairs.sort().flatMap((pair) => ["--set", pair]),
    ...probes.flatMap((address) => ["--probe", address]),
    ...[...disabled].sort().flatMap((name) => ["--disable-pass", name]),
  ];
  return words.map(quoted).join(" ");
}
