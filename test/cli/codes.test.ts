/** Every code about files and runs: a command that gives it, and what is printed. And of all codes: that each has such a page. */
import { readdirSync, readFileSync } from "node:fs";
import { symlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import type { FileCode } from "../../src/cli/codes.ts";
import { allDiagnostics } from "../../src/cli/registry.ts";
import type { RunCode } from "../../src/cli/run-codes.ts";
import {
  globalInstallation,
  type Installed,
  permissionsHold,
  setPermissions,
} from "./installation.ts";
import { folderWith, memc } from "./kit.ts";

interface Scene {
  readonly files: Readonly<Record<string, string>>;
  /** What a folder of texts cannot hold. */
  readonly prepare?: (folder: string) => Promise<unknown>;
  /** Commands that succeed before the one with the fault. */
  readonly before?: readonly string[];
  readonly command: string;
  /** What of the program is installed; all of it if not said. */
  readonly installed?: Installed;
}

const model = `mem 1
model Small(D: int = 4) {
  dim vocab = 128
  input  tokens[T] in vocab
  target labels[T] in vocab
  use table = embedding(vocab, width = D)
  x = table.look(tokens)
  output logits = table.score(norm(x))
  loss main = cross_entropy(logits, labels)
}
`;
const training = `train {
  data { labels = tokens ahead 1 }
  segment 4 tokens;  batch 1 streams
  optimizer adamw(rate = 1e-2)
  steps 1
}
`;
const small = { "small.mem": model + training, "book.txt": "to be or not to be" };
const usual: Readonly<Record<string, string>> = small;
const options = "--engine reference --no-evaluate --data book.txt";
const train = `train small.mem ${options}`;

const scenes: Readonly<Record<FileCode | RunCode, Scene>> = {
  MEM0900: {
    files: { "model.mem": 'import fifo from "memories/fifo.mem"\n' },
    command: "check model.mem",
  },
  MEM0901: { files: { "specs/model.mem": "mem 1\n" }, command: "check specs" },
  MEM0902: {
    files: {},
    prepare: (folder) => symlink("model.mem", join(folder, "model.mem")),
    command: "check model.mem",
  },
  MEM0903: { files: { "model.mem": " ".repeat(2 ** 20 + 1) }, command: "check model.mem" },
  MEM0904: { files: { "model.mem": "mem 1\0" }, command: "check model.mem" },
  MEM0905: {
    files: {
      "project/package.json": "{}",
      "project/model.mem": 'import fifo from "../fifo.mem"\n',
    },
    command: "check project/model.mem",
  },
  MEM0906: {
    files: { "model.mem": 'import fifo from "/home/me/fifo.mem"\n' },
    command: "check model.mem",
  },
  MEM0910: {
    files: { ...small, "empty/.hidden": "" },
    command: "train small.mem --data empty",
  },
  MEM0911: { files: { ...small, "book.txt": "a" }, command: train },
  MEM0912: {
    files: { ...small, "other.mem": model.replace("norm(x)", "norm(x) as last") + training },
    before: [train],
    command: "eval other.mem --data book.txt --checkpoint runs/small",
  },
  MEM0913: { files: small, command: "sample small.mem" },
  MEM0914: {
    files: {
      ...small,
      "small.mem": (model + training).replace("look(tokens)", "look(tokens) + log(-1)"),
    },
    command: train,
  },
  MEM0915: { files: small, command: `${train} --out book.txt/run` },
  MEM0916: {
    files: small,
    installed: { packages: ["ts-morph", "esbuild"] },
    command: "train small.mem --data book.txt --no-evaluate --engine onnx",
  },
  MEM0917: { files: small, before: [train], command: `${train} --seed 7 --out runs/small` },
  MEM0918: {
    files: small,
    before: [`${train} --set D=8`],
    command: "eval small.mem --data book.txt --set D=4",
  },
  MEM0919: {
    files: { ...small, "src/small.ts": "export {};\n" },
    command: "build small.mem --out src",
  },
  MEM0920: { files: { ...small, "small.mem": model }, command: train },
  MEM0921: { files: small, installed: { specs: false, packages: [] }, command: "check small.mem" },
  MEM0922: {
    files: {
      ...small,
      "small.mem": model.replace("labels)\n", "labels) weighted by -1\n") + training,
    },
    command: train,
  },
};

/** What the command prints: in this process, or where the scene says what is installed, by a copy of the program. */
async function played({ command, installed }: Scene, folder: string): Promise<string> {
  const words = command.split(" ");
  if (installed === undefined) {
    const { code, err } = await memc(folder, ...words);
    expect(code).toBe(1);
    return err.replaceAll(folder, "…").replaceAll(/(\.train\.ts:)\d+/g, "$1…");
  }
  const { place, run } = await globalInstallation(installed);
  if (permissionsHold) await setPermissions(folder, 0o777);
  const { status, stderr } = run(folder, words);
  expect(status, stderr).toBe(1);
  return stderr.replaceAll(dirname(place), "…");
}

/** A file as a page shows it: the usual ones not at all, a long one by its length. */
const shownFile = ([name, text]: readonly [string, string]): string =>
  `${name}:\n${text.length < 1000 ? text.replaceAll("\0", "\\0").trimEnd() : `${text.length} characters`}\n`;

describe("the scene of a code gives that code", () => {
  test.for(Object.entries(scenes))("%s", async ([code, scene]) => {
    const folder = await folderWith(scene.files);
    await scene.prepare?.(folder);
    for (const command of scene.before ?? []) {
      const { code: ended, err } = await memc(folder, ...command.split(" "));
      expect(ended, err).toBe(0);
    }
    const printed = await played(scene, folder);
    expect(printed.match(/MEM\d{4}/g)).toEqual([code]);
    // What a training says of its progress comes before, and differs with time.
    const message = printed.slice(printed.indexOf("error["));
    const files = Object.entries(scene.files)
      .filter(([name, text]) => usual[name] !== text)
      .map(shownFile)
      .join("\n");
    const commands = [...(scene.before ?? []), scene.command].map((words) => `$ memc ${words}\n`);
    const page = `${files}\n${"-".repeat(40)}\n\n${commands.join("")}${message}`;
    await expect(page).toMatchFileSnapshot(`golden/${code}.txt`);
  });
});

test("every code of the registry has a page that shows it as it is printed", async () => {
  const folders = ["test/parser/golden", "test/ir/check/golden", "test/cli/golden"];
  const pages = folders.flatMap((path) => readdirSync(path).map((name) => join(path, name)));
  const shown = pages.filter((path) => {
    const code = basename(path, ".txt");
    return new RegExp(`^(error|warning)\\[${code}\\]: .`, "m").test(readFileSync(path, "utf8"));
  });
  const codes = [...(await allDiagnostics()).keys()];
  expect(shown.map((path) => basename(path, ".txt")).sort()).toEqual(codes);
  expect(pages).toHaveLength(codes.length);
});
