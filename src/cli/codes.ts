/** The diagnostics about files as files; those about what is written in them live with the parser and the checker. */
import type { DiagnosticEntry } from "../parser/registry.ts";

export const fileDiagnostics = {
  MEM0900: {
    title: "No such file",
    explanation:
      "The spec, or a file it imports, does not exist. A path on the command line starts at the shell's folder, " +
      "the path of an import at the folder of the importing file.",
    example: 'import fifo from "memories/fifo.mem"',
    fix: 'import fifo from "fifo.mem"',
  },
  MEM0901: {
    title: "Not a file",
    explanation: "A spec is a regular file. Folders, pipes and devices are not read.",
    example: "memc check specs/",
    fix: "memc check specs/memformer.mem",
  },
  MEM0902: {
    title: "A file cannot be read",
    explanation: "The file exists, but the system refuses to read it; its own words are quoted.",
    example: "memc check private.mem",
    fix: "chmod u+r private.mem && memc check private.mem",
  },
  MEM0903: {
    title: "A file is too large",
    explanation:
      "A spec has at most 1 MiB, and a spec with everything it imports at most 16 MiB in at most 1,000 files. " +
      "The limits keep a hostile or mistaken input from using up the machine.",
    example: "memc check corpus.mem",
    fix: "memc check model.mem",
  },
  MEM0904: {
    title: "A file is not UTF-8 text",
    explanation:
      "A spec is UTF-8 text. A byte that cannot occur there was found, so this is another kind of file, or text in another encoding.",
    example: "memc check model.safetensors",
    fix: "memc check model.mem",
  },
  MEM0905: {
    title: "An import leaves the project",
    explanation:
      "A spec reads files of its own project only: those below the nearest folder with a package.json, or without one " +
      "below the spec's own folder. A symbolic link that points outside counts as outside.",
    example: 'import fifo from "../../elsewhere/fifo.mem"',
    fix: 'import fifo from "fifo.mem"',
  },
  MEM0906: {
    title: "An import is not the relative path of a .mem file",
    explanation:
      "An import names a .mem file by a path relative to the importing file, with forward slashes. Absolute paths, " +
      "addresses and other kinds of files are refused, so that a spec from elsewhere cannot show the contents of your files.",
    example: 'import fifo from "/home/me/fifo.mem"',
    fix: 'import fifo from "fifo.mem"',
  },
} as const satisfies Readonly<Record<string, DiagnosticEntry>>;

export type FileCode = keyof typeof fileDiagnostics;
