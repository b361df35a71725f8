import { mkdir, symlink } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { holdOut, readCorpus, readDocuments } from "../../src/cli/documents.ts";
import { folderWith } from "./kit.ts";

const text = (document: Uint8Array) => new TextDecoder().decode(document);

describe("--data", () => {
  test("a file is one document, relative to the shell's folder", async () => {
    const folder = await folderWith({ "book.txt": "abc" });
    expect((await readDocuments("book.txt", folder)).map(text)).toEqual(["abc"]);
    expect((await readDocuments(join(folder, "book.txt"), "/")).map(text)).toEqual(["abc"]);
  });

  test("each regular file of a folder is a document, by name; hidden and empty ones are not", async () => {
    const folder = await folderWith({
      "texts/b.txt": "second",
      "texts/a.txt": "first",
      "texts/.DS_Store": "x",
      "texts/empty.txt": "",
      "texts/below/c.txt": "not read",
    });
    await mkdir(join(folder, "texts", "folder.txt"));
    expect((await readDocuments("texts", folder)).map(text)).toEqual(["first", "second"]);
  });

  test("any bytes are a document", async () => {
    const folder = await folderWith({ "x.bin": "a\0b\uFFFF" });
    expect((await readDocuments("x.bin", folder))[0]).toHaveLength(6);
  });

  test.each([
    ["missing.txt", /missing\.txt does not exist/],
    ["empty", /empty holds no document/],
    ["broken", /broken.link does not exist/],
    ["/dev/null", /neither a file nor a folder/],
  ])("%s is refused with a sentence", async (path, message) => {
    const folder = await folderWith({ "empty/.keep": "", "broken/a.txt": "a" });
    await symlink(join(folder, "nowhere"), join(folder, "broken", "link"));
    await expect(readDocuments(path, folder)).rejects.toThrow(message);
  });

  test("a task makes its own sequences", async () => {
    expect(await readCorpus("task:recall", undefined, "/")).toEqual({
      kind: "task",
      name: "task:recall",
    });
    await expect(readCorpus("task:recall", "x", "/")).rejects.toThrow(/its own held-out/);
  });

  test("without it the demo novel: 139 chapters, the last 14 held out", async () => {
    const corpus = await readCorpus(undefined, undefined, "/");
    if (corpus.kind !== "documents") throw new Error("documents expected");
    expect(corpus.training).toHaveLength(125);
    expect(corpus.heldOut).toHaveLength(14);
    expect(text(corpus.training[3] ?? new Uint8Array())).toContain("Call me Ishmael.");
  });
});

describe("without --valid", () => {
  const bytes = (length: number) => new Uint8Array(length);

  test("the last tenth of many documents is held out", () => {
    const { training, heldOut } = holdOut(Array.from({ length: 25 }, () => bytes(1)));
    expect([training.length, heldOut.length]).toEqual([23, 2]);
  });

  test("the last tenth of the bytes of few documents", () => {
    const { training, heldOut } = holdOut([bytes(100), bytes(9)]);
    expect(training.map(({ length }) => length)).toEqual([90, 9]);
    expect(heldOut.map(({ length }) => length)).toEqual([10]);
  });
});
