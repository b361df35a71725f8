import { spawnSync } from "node:child_process";
import { chmod, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { largestFile } from "../../src/cli/read-text.ts";
import { readSources } from "../../src/cli/sources.ts";
import { folderWith } from "./kit.ts";

const model = 'import fifo from "parts/fifo.mem"\nmodel M {\n}\n';

async function read(folder: string, spec: string) {
  const { main, files, diagnostics } = await readSources(spec, folder);
  return {
    main,
    own: files.map(({ path }) => path).filter((path) => !path.startsWith("std/")),
    problems: diagnostics.map(({ code, message, span }) => ({ code, message, span })),
  };
}

describe("a spec and its imports", () => {
  test("are read from the importing file's folder, each once, cycles included", async () => {
    const folder = await folderWith({
      "package.json": "{}",
      "specs/model.mem": 'import a from "../shared/a.mem"\nimport b from "b.mem"\nmodel M {\n}\n',
      "specs/b.mem": 'import a from "../shared/a.mem"\n',
      "shared/a.mem": 'import b from "../specs/b.mem"\n',
    });
    expect(await read(folder, "specs/model.mem")).toEqual({
      main: "specs/model.mem",
      own: ["specs/model.mem", "shared/a.mem", "specs/b.mem"],
      problems: [],
    });
  });

  test("the standard library comes along", async () => {
    const folder = await folderWith({ "model.mem": "model M {\n}\n" });
    const { files } = await readSources("model.mem", folder);
    expect(files[0]).toEqual({ path: "model.mem", text: "model M {\n}\n" });
    expect(files.slice(1).every(({ path }) => /^std\/[\w-]+\.mem$/.test(path))).toBe(true);
  });

  test("have the same paths wherever the shell is, and are shown as the user knows them", async () => {
    const folder = await folderWith({
      "project/package.json": "{}",
      "project/specs/model.mem": 'import a from "../parts/a.mem"\n',
      "project/parts/a.mem": "",
    });
    const project = join(folder, "project");
    for (const [shell, spec, shown] of [
      [project, "specs/model.mem", ["specs/model.mem", "parts/a.mem"]],
      [join(project, "specs"), "model.mem", ["model.mem", `${project}/parts/a.mem`]],
      [folder, "project/specs/model.mem", ["project/specs/model.mem", "project/parts/a.mem"]],
      ["/", `${project}/specs/model.mem`, null],
    ] as const) {
      const sources = await readSources(spec, shell);
      expect(sources.main).toBe("specs/model.mem");
      const own = sources.files.map(({ path }) => path).filter((path) => !path.startsWith("std/"));
      expect(own).toEqual(["specs/model.mem", "parts/a.mem"]);
      if (shown !== null) expect(own.map(sources.shown)).toEqual(shown);
      expect(sources.diagnostics).toEqual([]);
    }
  });

  test("a folder of the project called std is not the library", async () => {
    const folder = await folderWith({
      "mine/package.json": "{}",
      "mine/std/model.mem": 'import a from "a.mem"\n',
      "mine/std/a.mem": "",
    });
    const { main, files } = await readSources("mine/std/model.mem", folder);
    expect([main, files[1]?.path]).toEqual(["mine/std/model.mem", "mine/std/a.mem"]);
  });

  test("a missing import is said at the import, beside what else is wrong", async () => {
    const folder = await folderWith({ "model.mem": model });
    const start = model.indexOf('"');
    expect((await read(folder, "model.mem")).problems).toEqual([
      {
        code: "MEM0900",
        message: "parts/fifo.mem does not exist",
        span: { file: "model.mem", start, end: model.indexOf("\n") },
      },
    ]);
  });
});

describe("a spec cannot read outside its project", () => {
  test("by going up", async () => {
    const folder = await folderWith({
      "project/package.json": "{}",
      "project/model.mem": 'import x from "../x.mem"\n',
      "x.mem": "",
    });
    const { problems } = await read(folder, "project/model.mem");
    expect(problems).toMatchObject([
      { code: "MEM0905", message: "x.mem is outside the project project" },
    ]);
  });

  test("without a package.json its own folder is the project", async () => {
    const folder = await folderWith({ "a/model.mem": 'import x from "../x.mem"\n', "x.mem": "" });
    expect((await read(folder, "a/model.mem")).problems).toMatchObject([{ code: "MEM0905" }]);
  });

  test("by a symbolic link, to a file or a folder", async () => {
    const folder = await folderWith({
      "project/package.json": "{}",
      "project/model.mem": 'import x from "link.mem"\nimport y from "below/y.mem"\n',
      "outside/y.mem": "",
    });
    await symlink(join(folder, "outside/y.mem"), join(folder, "project/link.mem"));
    await symlink(join(folder, "outside"), join(folder, "project/below"));
    const { problems } = await read(folder, "project/model.mem");
    expect(problems.map(({ code }) => code)).toEqual(["MEM0905", "MEM0905"]);
  });

  test("nor tell whether a file outside exists", async () => {
    const folder = await folderWith({ "a/model.mem": 'import x from "../nothing.mem"\n' });
    expect((await read(folder, "a/model.mem")).problems).toMatchObject([{ code: "MEM0905" }]);
  });

  test.each([
    ["/etc/passwd", "is not a relative path"],
    ["https://example.org/x.mem", "is not a relative path"],
    ["C:/x.mem", "is not a relative path"],
    [".env", "is not a .mem file"],
  ])("by naming %s", async (name, message) => {
    const folder = await folderWith({ "model.mem": `import x from "${name}"\n` });
    expect((await read(folder, "model.mem")).problems).toMatchObject([
      { code: "MEM0906", message: `the import "${name}" ${message}` },
    ]);
  });
});

describe("a spec that cannot be read", () => {
  test.each([
    ["missing.mem", "MEM0900", "missing.mem does not exist"],
    ["model.mem/x.mem", "MEM0900", "model.mem/x.mem does not exist"],
    ["folder", "MEM0901", "folder is a folder"],
    ["/dev/null", "MEM0901", "/dev/null is not a regular file"],
    ["binary.mem", "MEM0904", "binary.mem is not text: byte 1 is 0"],
    ["latin1.mem", "MEM0904", "latin1.mem is not UTF-8 text"],
    ["utf16.mem", "MEM0904", "utf16.mem is UTF-16 text; save it as UTF-8"],
    ["large.mem", "MEM0903", `large.mem has ${largestFile + 1} bytes; the limit is ${largestFile}`],
    ["circle.mem", "MEM0902", "circle.mem cannot be read: symbolic links in a circle"],
    [`${"x".repeat(300)}.mem`, "MEM0902", /its name is too long$/],
  ])("%s", async (spec, code, message) => {
    const folder = await folderWith({
      "model.mem": "",
      "folder/x.mem": "",
      "binary.mem": "a\0b",
      "large.mem": " ".repeat(largestFile + 1),
    });
    await writeFile(join(folder, "latin1.mem"), Buffer.from("// \xe9\n", "latin1"));
    await writeFile(join(folder, "utf16.mem"), Buffer.from("\ufeffmodel M {}", "utf16le"));
    await symlink("circle.mem", join(folder, "circle.mem"));
    const { problems } = await read(folder, spec);
    expect(problems).toHaveLength(1);
    expect(problems[0]?.code).toBe(code);
    expect(problems[0]?.message).toMatch(message);
  });

  test.skipIf(process.platform === "win32")("a pipe does not block", async () => {
    const folder = await folderWith();
    spawnSync("mkfifo", [join(folder, "pipe.mem")]);
    const { problems } = await read(folder, "pipe.mem");
    expect(problems).toMatchObject([
      { code: "MEM0901", message: "pipe.mem is not a regular file" },
    ]);
  });

  test.skipIf(process.getuid?.() === 0)("no permission", async () => {
    const folder = await folderWith({ "model.mem": "" });
    await chmod(join(folder, "model.mem"), 0);
    expect((await read(folder, "model.mem")).problems).toMatchObject([{ code: "MEM0902" }]);
  });

  test("other specs are proposed in place of one that is not there, not of one that is no text", async () => {
    const folder = await folderWith({ "binary.mem": "\0", "other.mem": "" });
    const { diagnostics } = await readSources("binary.mem", folder);
    expect(diagnostics[0]?.help).toBe("a spec is text; save it as UTF-8, or name another file");
  });

  test("says which one may have been meant", async () => {
    const folder = await folderWith({ "memformer.mem": "", "other.mem": "" });
    const { diagnostics } = await readSources("memfromer.mem", folder);
    expect(diagnostics[0]?.help).toBe("did you mean memformer.mem?");
    const inFolder = await readSources(".", folder);
    expect(inFolder.diagnostics[0]?.help).toBe("name one of its specs: memformer.mem, other.mem");
  });
});
