/** The tokens of a graph's text form, read one after the other. */

interface Token {
  readonly kind: "name" | "quoted" | "number" | "mark";
  readonly text: string;
  readonly line: number;
}

const pattern =
  /("(?:[^"\\]|\\.)*")|(-?(?:Infinity|NaN)\b|-?\d[\d.]*(?:e[+-]?\d+)?)|([A-Za-z_$][\w$]*)|(\S)/g;

/** Throws an Error that names the line where the text is not as expected. */
export class Reader {
  readonly #tokens: Token[] = [];
  #position = 0;

  constructor(text: string) {
    for (const [index, content] of text.split("\n").entries()) {
      for (const [, quoted, number, name, mark] of content.matchAll(pattern)) {
        const line = index + 1;
        if (quoted !== undefined) this.#tokens.push({ kind: "quoted", text: quoted, line });
        else if (number !== undefined) this.#tokens.push({ kind: "number", text: number, line });
        else if (name !== undefined) this.#tokens.push({ kind: "name", text: name, line });
        else this.#tokens.push({ kind: "mark", text: mark ?? "", line });
      }
    }
  }

  atEnd(): boolean {
    return this.#position >= this.#tokens.length;
  }

  peek(ahead = 0): Token {
    const last = this.#tokens.at(-1)?.line ?? 1;
    return this.#tokens[this.#position + ahead] ?? { kind: "mark", text: "the end", line: last };
  }

  next(): Token {
    const token = this.peek();
    this.#position++;
    return token;
  }

  is(text: string, ahead = 0): boolean {
    const token = this.peek(ahead);
    return token.text === text && token.kind !== "quoted";
  }

  accept(text: string): boolean {
    const found = this.is(text);
    if (found) this.#position++;
    return found;
  }

  expect(text: string): void {
    if (!this.accept(text)) this.fail(text);
  }

  fail(expected: string): never {
    const { line, text } = this.peek();
    throw new Error(`Line ${line}: expected ${expected}, found ${text}.`);
  }

  name(): string {
    const token = this.peek();
    if (token.kind === "name") return this.next().text;
    if (token.kind === "quoted") {
      const text: unknown = JSON.parse(this.next().text);
      if (typeof text === "string") return text;
    }
    return this.fail("a name");
  }

  number(): number {
    if (this.peek().kind !== "number") this.fail("a number");
    return Number(this.next().text);
  }

  oneOf<Word extends string>(words: readonly Word[]): Word {
    const found = words.find((word) => this.is(word));
    if (found === undefined) return this.fail(words.join(" or "));
    this.#position++;
    return found;
  }

  /** Items with commas between them, up to the closing mark, which is read too. */
  until<Item>(close: string, item: () => Item): Item[] {
    const items: Item[] = [];
    while (!this.accept(close)) {
      items.push(item());
      if (!this.is(close)) this.expect(",");
    }
    return items;
  }

  /** One or more items with commas between them. */
  list<Item>(item: () => Item): Item[] {
    const items = [item()];
    while (this.accept(",")) items.push(item());
    return items;
  }
}
