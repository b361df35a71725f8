/**
 * A training that is killed at any moment and resumed ends with the bytes of one that ran through: the same machine, engine and
 * number of threads. Processes are real, and so is SIGKILL.
 */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { folderWith } from "../cli/kit.ts";
import { latestCheckpoint, loggedSteps, memc, project, training } from "./kit.ts";

const steps = Array.from({ length: 24 }, (_, i) => i + 1);
/** Seconds of waiting for processes on a machine that does other work, too. */
const patience = 120_000;

type Checkpoint = Awaited<ReturnType<typeof latestCheckpoint>>;
let ran: Promise<Checkpoint> | undefined;

/** The last checkpoint of a training that ran through. */
function uninterrupted(): Promise<Checkpoint> {
  ran ??= (async () => {
    const folder = await folderWith(project);
    const { code, err } = await memc({ folder }, ...training, "run");
    expect(code, err).toBe(0);
    return latestCheckpoint(join(folder, "run"));
  })();
  return ran;
}

test("a training that runs through", { timeout: patience }, async () => {
  const { name, files } = await uninterrupted();
  expect(name).toBe("checkpoint-000024");
  expect(Object.keys(files)).toHaveLength(4);
});

/** Resumes the run and holds what it ends with to the uninterrupted run. */
async function resumesToTheSame(folder: string): Promise<void> {
  const { code, err } = await memc({ folder }, ...training, "run", "--resume");
  expect(code, err).toBe(0);
  const resumed = await latestCheckpoint(join(folder, "run"));
  const whole = await uninterrupted();
  for (const [file, bytes] of Object.entries(whole.files)) {
    expect(resumed.files[file] === bytes, `${file} is the same`).toBe(true);
  }
  expect(await loggedSteps(join(folder, "run"))).toEqual(steps);
  const left = (await readdir(join(folder, "run"))).filter((name) => name.startsWith("."));
  expect(left).toEqual([]);
}

const seed = Math.floor(Math.random() * 1e6);
/** A step after the first checkpoint, from the seed. */
const step = 5 + (seed % 19);

test(`killed at a random step (seed ${seed}: step ${step})`, { timeout: patience }, async () => {
  const folder = await folderWith(project);
  const killed = await memc({ folder, kill: `step:${step}` }, ...training, "run");
  expect(killed.signal).toBe("SIGKILL");
  await resumesToTheSame(folder);
});

describe("killed inside a checkpoint write", () => {
  test.each([
    ["in the second file of the second checkpoint", "write:7"],
    ["before `latest` names the second checkpoint", "rename:4"],
  ])("%s", { timeout: patience }, async (_where, kill) => {
    const folder = await folderWith(project);
    const killed = await memc({ folder, kill }, ...training, "run");
    expect(killed.signal).toBe("SIGKILL");
    expect((await latestCheckpoint(join(folder, "run"))).name).toBe("checkpoint-000004");
    await resumesToTheSame(folder);
  });

  test(
    "the first one: there is nothing to resume, and a sentence says so",
    async () => {
      const folder = await folderWith(project);
      const killed = await memc({ folder, kill: "write:2" }, ...training, "run");
      expect(killed.signal).toBe("SIGKILL");
      const { code, err } = await memc({ folder }, ...training, "run", "--resume");
      expect([code, err.split("\n")[0]]).toEqual([
        1,
        "error[MEM0913]: run holds no checkpoint yet: the training stopped before its first one",
      ]);
    },
    patience,
  );
});

describe("Ctrl-C", () => {
  test(
    "finishes the step, writes a checkpoint, says how to go on, and ends with 130",
    async () => {
      const folder = await folderWith(project);
      let asked = false;
      const stopped = await memc(
        {
          folder,
          onError(text, child) {
            if (asked || !text.includes("step  1/24")) return;
            asked = true;
            child.kill("SIGINT");
          },
        },
        ...training,
        "run",
      );
      expect(stopped).toMatchObject({ code: 130, signal: null, out: "" });
      const [, at, command] =
        /stopped after step (\d+); go on with:\n {2}memc (.*)\n$/.exec(stopped.err) ?? [];
      const { name } = await latestCheckpoint(join(folder, "run"));
      expect(name).toBe(`checkpoint-${String(at).padStart(6, "0")}`);
      // The command that was printed is one that works.
      const rest = String(command).split(" ");
      const { code, err } = await memc({ folder }, ...rest, "--no-evaluate");
      expect(code, err).toBe(0);
      expect((await latestCheckpoint(join(folder, "run"))).files).toEqual(
        (await uninterrupted()).files,
      );
    },
    patience,
  );
});
