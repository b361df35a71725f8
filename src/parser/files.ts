/** Files: the edition, imports, definitions and programs. The last layer of the grammar. */
import { EOF, type IToken } from "chevrotain";
import type { Diagnostic } from "./diagnostic.ts";
import { type Finding, unexpected } from "./faults.ts";
import type { Arranged } from "./grammar.ts";
import { ScheduleGrammar } from "./schedules.ts";
import { suggest } from "./suggest.ts";
import * as t from "./tokens.ts";
import type {
  BlockDefinition,
  FileTree,
  Import,
  Item,
  ModelDefinition,
  ProgramDefinition,
  Span,
} from "./tree.ts";

/** The edition of the language this compiler knows. */
export const edition = 1;

const itemWords = ["import", "block", "memory", "model", "train", "evaluate", "generate"];

export class FileGrammar extends ScheduleGrammar {
  constructor(options: { readonly validate: boolean }) {
    super(options.validate);
    this.performSelfAnalysis();
  }

  /** The tree of one file, and the errors met. Never throws on any arrangement of tokens. */
  read(arranged: Arranged): {
    readonly tree: FileTree;
    readonly diagnostics: readonly Diagnostic[];
    readonly skipped: readonly Span[];
  } {
    this.begin(arranged);
    const tree = this.file();
    return { tree, diagnostics: this.faults, skipped: this.skipped };
  }

  readonly file = this.RULE("file", (): FileTree => {
    const items: Item[] = [];
    this.MANY1(() => this.CONSUME1(t.Separator));
    let stated: FileTree["edition"];
    this.OPTION({
      GATE: () => this.is(2, t.NumberLiteral),
      DEF: () => {
        this.recovering(() => {
          stated = this.SUBRULE(this.edition);
          this.ACTION(() => this.endOfStatement());
        });
      },
    });
    do {
      this.MANY2(() =>
        this.OR([
          { ALT: () => this.CONSUME2(t.Separator) },
          {
            ALT: () =>
              this.recovering(
                () => {
                  const item = this.SUBRULE(this.item);
                  this.ACTION(() => {
                    items.push(item);
                    this.endOfStatement();
                  });
                },
                this.#bodyOf(this.LA(1)),
              ),
          },
        ]),
      );
    } while (this.skipsJunk((token) => noItem(token)));
    return this.ACTION(() => {
      const span = { file: this.arranged.path, start: 0, end: this.arranged.text.length };
      return stated === undefined ? { items, span } : { edition: stated, items, span };
    });
  });

  /** When the header of a definition is wrong, its braces are read all the same. */
  #bodyOf(first: IToken): () => void {
    const isProgram = [t.Train, t.Evaluate, t.Generate].includes(first.tokenType);
    return isProgram ? () => this.SUBRULE8(this.entries) : () => this.SUBRULE9(this.body);
  }

  /** `mem 1` */
  protected readonly edition = this.RULE("edition", (): NonNullable<FileTree["edition"]> => {
    const word = this.CONSUME(t.Mem);
    const { value, span } = this.SUBRULE(this.number);
    return this.ACTION(() => {
      if (value !== edition) {
        this.fail("MEM0033", span, `this compiler does not know edition ${value}`, {
          help: `it knows edition ${edition}: write \`mem ${edition}\`, or update the compiler`,
        });
      }
      return { value, span: this.spanFrom(word) };
    });
  });

  protected readonly item = this.RULE("item", (): Item => {
    const doc = this.arranged.docs.get(this.LA(1).startOffset);
    const item = this.OR<Item>([
      { ALT: () => this.SUBRULE(this.import) },
      { ALT: () => this.SUBRULE(this.block) },
      { ALT: () => this.SUBRULE(this.model) },
      { ALT: () => this.SUBRULE(this.program) },
    ]);
    return this.ACTION(() => {
      if (doc === undefined || item.kind === "import" || item.kind === "program") return item;
      return { ...item, doc };
    });
  });

  /** `import name, other from "file.mem"` */
  protected readonly import = this.RULE("import", (): Import => {
    const word = this.CONSUME(t.Import);
    const names = this.SUBRULE(this.names);
    this.CONSUME(t.From);
    const token = this.CONSUME(t.StringLiteral);
    return this.ACTION(() => {
      const from = { text: token.image.replace(/^"|"$/g, ""), span: this.spanOf(token) };
      return { kind: "import", names, from, span: this.spanFrom(word) };
    });
  });

  /** `block name(x[T, D], heads: int) -> [T, D] { … }`, `memory name(options) { … }` */
  protected readonly block = this.RULE("block", (): BlockDefinition => {
    const word = this.OR([
      { ALT: () => this.CONSUME(t.Block) },
      { ALT: () => this.CONSUME(t.Memory) },
    ]);
    const name = this.SUBRULE(this.name);
    this.ACTION(() => {
      if (word.tokenType === t.Memory && this.is(1, t.Becomes)) {
        this.fail("MEM0032", word, "an instance of a memory stands inside a model or a block", {
          help: "move it into the model; at file level a memory is defined: `memory name(…) { … }`",
        });
      }
    });
    const formals = this.SUBRULE(this.formals);
    const outputs = this.OPTION(() => this.SUBRULE(this.outputs));
    const body = this.SUBRULE(this.body);
    return this.ACTION(() => {
      const kind = word.tokenType === t.Memory ? "memory" : "block";
      const [tensor] = formals.formals;
      if (kind === "memory" && tensor !== undefined) {
        this.fail("MEM0039", tensor.span, "a memory has options; tensors come in by its methods", {
          help: `declare \`${tensor.name.text}\` in the methods that take it`,
        });
      }
      const node = { kind, name, ...formals, body, span: this.spanFrom(word) } as const;
      return outputs === undefined ? node : { ...node, outputs };
    });
  });

  /** `model Name(tied: flag = on) { … }` */
  protected readonly model = this.RULE("model", (): ModelDefinition => {
    const word = this.CONSUME(t.Model);
    const name = this.SUBRULE(this.name);
    const formals = this.OPTION(() => this.SUBRULE(this.formals));
    const body = this.SUBRULE(this.body);
    return this.ACTION(() => {
      const [tensor] = formals?.formals ?? [];
      if (tensor !== undefined) {
        this.fail("MEM0039", tensor.span, "a model has options; tensors come in by `input`", {
          help: `write \`input ${tensor.name.text}[…]\` in the model`,
        });
      }
      return {
        kind: "model",
        name,
        options: formals?.options ?? [],
        body,
        span: this.spanFrom(word),
      };
    });
  });

  /** `train { … }`, `evaluate { … }`, `generate { … }` */
  protected readonly program = this.RULE("program", (): ProgramDefinition => {
    const word = this.OR([
      { ALT: () => this.CONSUME(t.Train) },
      { ALT: () => this.CONSUME(t.Evaluate) },
      { ALT: () => this.CONSUME(t.Generate) },
    ]);
    const entries = this.SUBRULE(this.entries);
    return this.ACTION(() => {
      const program = { text: word.image, span: this.spanOf(word) };
      return { kind: "program", program, entries, span: this.spanFrom(word) };
    });
  });
}

function noItem(token: IToken): Finding {
  const wanted = "import, block, memory, model, train, evaluate or generate";
  if (token.tokenType === EOF) return unexpected(wanted, token);
  const finding: Finding = { ...unexpected(wanted, token), code: "MEM0022" };
  const known = t.reservedWords.has(token.image);
  if (known) return { ...finding, help: `\`${token.image}\` stands inside a model or a block` };
  const near = suggest(token.image, itemWords);
  return near === undefined ? finding : { ...finding, help: `did you mean \`${near}\`?` };
}
