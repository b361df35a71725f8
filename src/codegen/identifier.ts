/**
 * The one door for text from a spec into generated code: identifiers, property names, string literals and comments.
 * Nothing else in this folder writes a name, a path segment or a doc comment of a spec.
 */

/** Words that cannot name a variable, and globals and types that generated code uses. */
const RESERVED = new Set(
  (
    "abstract any arguments as asserts async await bigint boolean break case catch class const constructor continue " +
    "debugger declare default delete do else enum eval export extends false finally for from function get global " +
    "globalThis if implements import in infer instanceof interface is keyof let module namespace never new null number " +
    "object of package private protected public readonly require return satisfies set static string super switch " +
    "symbol this throw true try type typeof undefined unique unknown using var void while with yield " +
    "Array Infinity Math NaN Number Object Promise Readonly Record String"
  ).split(" "),
);

const PLAIN = /^[A-Za-z_$][A-Za-z0-9_$]*$/;

/** Gives out identifiers, each once, among names that are taken already. */
export class Names {
  readonly #taken: Set<string>;
  /** Of a block or an inner scope: the names around it. */
  #around: Names | undefined;
  /** A block is written while names are taken around it; an inner scope sees what there is, in blocks too. */
  #isBlock = false;
  /** Blocks inside that are being written. */
  readonly #open = new Set<Names>();
  /** The number that a wanted name got last: thousands may want one name. */
  readonly #numbers = new Map<string, number>();

  constructor(taken: Iterable<string> = []) {
    this.#taken = new Set(taken);
  }

  /** An identifier like `wanted` that is neither reserved nor taken: `x`, then `x2`, `x3`. */
  take(wanted: string): string {
    const name = legal(wanted);
    if (!this.has(name)) {
      this.#taken.add(name);
      return name;
    }
    const stem = name.replace(/[0-9]+$/, "");
    const least = Math.max(2, Number(name.slice(stem.length, stem.length + 9)) + 1);
    let count = this.#numbers.get(name) ?? least;
    while (this.has(`${stem}${count}`)) count++;
    this.#numbers.set(name, count);
    this.#taken.add(`${stem}${count}`);
    return `${stem}${count}`;
  }

  has(name: string): boolean {
    return this.#isAround(name) || this.#isInside(name);
  }

  #isAround(name: string): boolean {
    if (this.#taken.has(name)) return true;
    const around = this.#around;
    if (around === undefined) return false;
    return this.#isBlock ? around.#isAround(name) : around.has(name);
  }

  #isInside(name: string): boolean {
    for (const block of this.#open) {
      if (block.#taken.has(name) || block.#isInside(name)) return true;
    }
    return false;
  }

  /**
   * The names of a block inside this scope. Until it is closed, neither takes a name of the other: what is declared around the
   * block while it is being written is also read in it.
   */
  block(): Names {
    const names = this.inner();
    names.#isBlock = true;
    this.#open.add(names);
    return names;
  }

  /** The block is written: names of its own are free again around it. */
  close(): void {
    if (this.#around !== undefined) this.#around.#open.delete(this);
  }

  /** The names of an inner scope: what is taken here is taken there. */
  inner(): Names {
    const names = new Names();
    names.#around = this;
    return names;
  }
}

function legal(wanted: string): string {
  const ascii = wanted.replace(/[^A-Za-z0-9_$]/g, "_").replace(/^(?=[0-9])/, "_");
  if (ascii === "") return "_";
  return RESERVED.has(ascii) ? `${ascii}_` : ascii;
}

/** `["slots", "write"]` as `slotsWrite`. Underscores and other marks inside a word separate words too, except at its start. */
export function camelCase(words: readonly string[]): string {
  const parts = words.flatMap((word) => word.split(/[^A-Za-z0-9$]+/)).filter((part) => part !== "");
  return parts
    .map((part, i) => (i === 0 ? lowerFirst(part) : part.charAt(0).toUpperCase() + part.slice(1)))
    .join("");
}

/** `["slots", "write"]` as `SlotsWrite`. */
export function pascalCase(words: readonly string[]): string {
  const name = camelCase(words);
  return name.charAt(0).toUpperCase() + name.slice(1);
}

/** `SlotLanguageModel` and `slot_language_model` as `slot-language-model`. */
export function kebabCase(name: string): string {
  const spaced = name.replace(/([a-z0-9])(?=[A-Z])/g, "$1-").replace(/[^A-Za-z0-9]+/g, "-");
  return spaced.replace(/^-+|-+$/g, "").toLowerCase();
}

function lowerFirst(word: string): string {
  const capitals = /^[A-Z]+(?=[A-Z][a-z])|^[A-Z]+$|^[A-Z]/.exec(word);
  return capitals === null ? word : capitals[0].toLowerCase() + word.slice(capitals[0].length);
}

/** A string literal in double quotes that holds no raw line break or other control character. */
export function stringLiteral(text: string): string {
  return JSON.stringify(text).replace(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** The text of a template literal's fixed part. */
export function templateText(text: string): string {
  return stringLiteral(text).slice(1, -1).replaceAll('\\"', '"').replace(/[`$]/g, "\\$&");
}

/** The key of an object literal or an object type. `__proto__` is written so that it defines a property. */
export function propertyName(name: string): string {
  if (name === "__proto__") return '["__proto__"]';
  return PLAIN.test(name) ? name : stringLiteral(name);
}

/** Access to a property: `.Wq`, `["odd name"]`. */
export function member(name: string): string {
  return PLAIN.test(name) ? `.${name}` : `[${stringLiteral(name)}]`;
}

/** Whether an identifier can stand for `name: name` in an object literal. */
export function isPlain(name: string): boolean {
  return PLAIN.test(name) && name !== "__proto__";
}

/**
 * Lines of a comment, at most `width` columns each. Comment ends are broken up; so are marks that would switch checks of
 * tools on or off (`@ts-`, `biome-ignore`, `eslint-`).
 */
export function commentLines(text: string, width: number): readonly string[] {
  const safe = Array.from(text, (mark) => (isInvisible(mark) ? " " : mark))
    .join("")
    .replace(/\*\//g, "*\\/")
    .replace(/@ts-/g, "@ ts-")
    .replace(/(biome|eslint|prettier)-/g, "$1 ");
  return safe.split("\n").flatMap((line) => wrap(line.trim(), width));
}

/** As `commentLines`, but lines of one paragraph run on; blank lines part paragraphs. */
export function paragraphs(text: string, width: number): readonly string[] {
  const joined = text.split(/\n[^\S\n]*\n/).map((paragraph) =>
    paragraph
      .split("\n")
      .map((line) => line.trim())
      .join(" "),
  );
  return commentLines(joined.join("\n\n"), width);
}

/** Control characters, and marks that hide text or turn its direction. Line feeds stay. */
function isInvisible(mark: string): boolean {
  return mark !== "\n" && /^[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]$/u.test(mark);
}

function wrap(line: string, width: number): readonly string[] {
  const lines: string[] = [];
  let current = "";
  for (const word of line.split(/ +/)) {
    if (current !== "" && current.length + 1 + word.length > width) {
      lines.push(current);
      current = word;
    } else current = current === "" ? word : `${current} ${word}`;
  }
  lines.push(current);
  return lines;
}
