import { readdir } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import packageJson from "../../package.json" with { type: "json" };
import { fileDiagnostics } from "../../src/cli/codes.ts";
import { commands } from "../../src/cli/commands.ts";
import { InternalError, reportCrash } from "../../src/cli/crash.ts";
import { version } from "../../src/cli/package.ts";
import { diagnostics } from "../../src/parser/registry.ts";
import { contents, folderWith, memc, recordingTerminal } from "./kit.ts";

describe("the command line", () => {
  test("--version is the package's", async () => {
    expect(version).toBe(packageJson.version);
    expect(await memc("/", "--version")).toEqual({ code: 0, out: `${version}\n`, err: "" });
    expect(await memc("/", "-v")).toEqual({ code: 0, out: `${version}\n`, err: "" });
  });

  test("--help names every command", async () => {
    const { code, out, err } = await memc("/", "--help");
    expect([code, err]).toEqual([0, ""]);
    for (const { name, summary } of commands)
      expect(out).toMatch(new RegExp(`${name} .*${summary}`));
    expect((await memc("/", "help")).out).toBe(out);
  });

  test.each(commands.map(({ name }) => name))("%s --help shows its options", async (name) => {
    const { code, out, err } = await memc("/", name, "--help");
    expect([code, err]).toEqual([0, ""]);
    expect(out).toMatch(new RegExp(`^memc ${name} `));
    expect((await memc("/", "help", name)).out).toBe(out);
  });

  test("lines fit a terminal", async () => {
    const pages = await Promise.all(commands.map(({ name }) => memc("/", name, "--help")));
    for (const { out } of [await memc("/", "--help"), ...pages]) {
      expect(out.split("\n").filter((line) => line.length > 100)).toEqual([]);
    }
  });

  test.each([
    [[], "memc: a command is needed\nSee: memc --help\n"],
    [["chekc"], "memc: there is no command 'chekc'\n  did you mean 'check'?\nSee: memc --help\n"],
    [["--colour", "check"], "memc: the command comes first, before --colour\nSee: memc --help\n"],
    [["check"], "memc: <spec> is missing\n  usage: memc check <spec>\nSee: memc check --help\n"],
    [["train", "a.mem", "--resume=yes"], /^memc: --resume takes no value: /],
    [["check", "a.mem", "b.mem"], /^memc: unknown argument: b.mem\nSee: memc check --help\n/],
    [["check", "a.mem", "--", "b.mem"], "memc: unknown argument: b.mem\nSee: memc check --help\n"],
    [
      ["check", "--", "a.mem", "--help"],
      "memc: unknown argument: --help\nSee: memc check --help\n",
    ],
    [
      ["check", "--"],
      "memc: <spec> is missing\n  usage: memc check <spec>\nSee: memc check --help\n",
    ],
    [["check", "--fromat=json", "--", "a.mem"], /^memc: unknown argument: fromat\n/],
    [["check", "--", ""], /^memc: spec is empty/],
    [
      ["check", "a.mem", "--fromat", "json"],
      /^memc: unknown argument: fromat\n {2}did you mean --format\?/,
    ],
    [
      ["train", "a.mem", "--step", "4"],
      /^memc: unknown argument: step\n {2}did you mean --steps\?/,
    ],
    [["check", "a.mem", "--format", "xml"], /^memc: --format xml: text or json is needed\n/],
    [["train", "a.mem", "--engine=gpu"], /^memc: --engine gpu: onnx or reference is needed\n/],
    [["check", "a.mem", "--format"], /^memc: --format needs a value\n/],
    [["sample", "a.mem", "--prompt"], /^memc: --prompt needs a value\n/],
    [["sample", "a.mem", "--prompt", ""], /^memc: --prompt is empty: it needs at least one char/],
    [["check", "a.mem", "--set"], /^memc: --set needs a value\n/],
    [["check", "a.mem", "--format=text", "--format=json"], /^memc: --format is given 2 times/],
    [["check", "a.mem", "--set", "mem.count"], /^memc: --set mem.count is not of the form/],
    [["check", "a.mem", "--set", "x=1", "--set", "x=2"], /^memc: --set x is given twice/],
    [["check", ""], /^memc: spec is empty/],
    [
      ["explain", "MEM9999"],
      /^memc: there is no diagnostic MEM9999\n {2}memc explain lists them\n/,
    ],
  ])("%j is a usage error, exit code 2", async (argv, message) => {
    const { code, out, err } = await memc("/", ...argv);
    expect([code, out]).toEqual([2, ""]);
    if (typeof message === "string") expect(err).toBe(message);
    else expect(err).toMatch(message);
    expect(err).not.toMatch(/\n\s+at /);
  });
});

test("of a spec that does not exist no line is shown", async () => {
  const { code, err } = await memc("/", "check", "nofile.mem");
  expect(code).toBe(1);
  expect(err).toBe("error[MEM0900]: nofile.mem does not exist\n  --> nofile.mem\n1 error\n");
});

describe("memc explain", () => {
  test.each(["MEM0905", "mem0905", "905"])("%s prints a page", async (code) => {
    const { out } = await memc("/", "explain", code);
    expect(out).toBe(
      [
        "MEM0905: An import leaves the project",
        "",
        "A spec reads files of its own project only: those below the nearest folder with",
        "a package.json, or without one below the spec's own folder. A symbolic link that",
        "points outside counts as outside.",
        "",
        "This gives it:",
        "",
        '    import fifo from "../../elsewhere/fifo.mem"',
        "",
        "This does not:",
        "",
        '    import fifo from "fifo.mem"',
        "",
      ].join("\n"),
    );
  });

  test("without a code it lists all, in order, each once", async () => {
    const { out } = await memc("/", "explain");
    const codes = out
      .trimEnd()
      .split("\n")
      .map((line) => line.slice(0, 7));
    expect(codes).toEqual([...new Set(codes)].sort());
    expect(codes).toEqual(expect.arrayContaining(Object.keys(diagnostics)));
    expect(codes).toEqual(expect.arrayContaining(Object.keys(fileDiagnostics)));
  });
});

describe("memc check", () => {
  const fine =
    "mem 1\nmodel M {\n  input x[T]\n  output y = x + 1\n}\nevaluate { segment 4 tokens }\n";
  const wrong = 'mem 1\nimport x from "x.mem"\nmodel M {\n  y = = 1\n}\n';

  test("a spec without errors is fine", async () => {
    const folder = await folderWith({ "model.mem": fine });
    expect(await memc(folder, "check", "model.mem")).toEqual({
      code: 0,
      out: "model.mem: fine\n",
      err: "",
    });
  });

  test.each([
    [["--", "model.mem"], "model.mem"],
    [["--set", "evaluate.batch=2", "--", "-dashed.mem"], "-dashed.mem"],
    [["--format=text", "--", "--format"], "--format"],
    [["model.mem", "--"], "model.mem"],
  ])("%j: what follows -- is a spec, whatever it looks like", async (argv, spec) => {
    const folder = await folderWith({ "model.mem": fine, "-dashed.mem": fine, "--format": fine });
    expect(await memc(folder, "check", ...argv)).toEqual({
      code: 0,
      out: `${spec}: fine\n`,
      err: "",
    });
  });

  test("errors of files and of syntax come in one run, exit code 1", async () => {
    const folder = await folderWith({ "model.mem": wrong });
    const { code, out, err } = await memc(folder, "check", "model.mem");
    expect([code, out]).toEqual([1, ""]);
    expect(err).toContain("MEM0900");
    expect(err).toContain("model.mem:2:15");
    expect(err).toContain("model.mem:4:7");
    expect(err).toMatch(/\n\d errors?\n$/);
  });

  test("--format json is JSON on the output, whatever is wrong", async () => {
    const folder = await folderWith({ "model.mem": wrong, "fine.mem": fine });
    for (const spec of ["model.mem", "missing.mem"]) {
      const { code, out, err } = await memc(folder, "check", spec, "--format", "json");
      expect([code, err]).toEqual([1, ""]);
      expect(JSON.stringify(JSON.parse(out))).toContain("MEM0900");
    }
  });

  test("a folder, a binary file, a missing one: a sentence each, nothing written", async () => {
    const folder = await folderWith({ "binary.mem": "\0", "below/x.mem": "" });
    for (const spec of ["binary.mem", "below", "missing.mem"]) {
      const { code, err } = await memc(folder, "check", spec);
      expect(code).toBe(1);
      expect(err).toContain(spec);
      expect(err).not.toMatch(/\n\s+at /);
    }
    expect((await readdir(folder)).sort()).toEqual(["below", "binary.mem"]);
  });
});

describe("a defect of memc", () => {
  const defect = new InternalError(new Error("axis without size"), [
    { path: "model.mem", text: "model M {\n}\n" },
  ]);

  test("leaves a file with the command, the versions, the specs and the stack", async () => {
    const folder = await folderWith();
    const terminal = recordingTerminal(folder);
    await reportCrash(defect, ["check", "model.mem"], terminal);
    const [[path = "", text = ""] = []] = Object.entries(await contents(folder));
    expect(path).toMatch(/^memc-crash-[0-9a-f]{10}\.txt$/);
    expect(text).toContain('command: memc "check" "model.mem"');
    expect(text).toContain(`memc: ${version}`);
    expect(text).toContain(`node: ${process.version}`);
    expect(text).toContain("---- model.mem\nmodel M {\n}\n");
    expect(text).toContain("Error: axis without size\n    at ");
    expect(terminal.written.err).toContain("This is a defect of memc");
    expect(terminal.written.err).toContain(path);
    expect(terminal.written.err).not.toMatch(/\n\s+at /);
    await reportCrash(defect, ["check", "model.mem"], terminal);
    expect(await readdir(folder)).toEqual([path]);
  });

  test("in a folder that is gone, the file goes to the temporary one", async () => {
    const terminal = recordingTerminal("/nowhere/at/all");
    await reportCrash(defect, [], terminal);
    expect(terminal.written.err).toMatch(/: \/.*memc-crash-[0-9a-f]{10}\.txt\n$/);
    expect(terminal.written.err).not.toContain("/nowhere");
  });
});
