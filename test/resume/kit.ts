/** Trainings of a small spec in processes of their own. */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));
const program = join(root, "dist/memc.js");
const killer = pathToFileURL(join(root, "test/resume/kill.mjs")).href;

/** Everything a checkpoint holds is used: carried state, moments, draws, and a position in several documents. */
export const spec = `mem 1

model Small(rate: real in [0, 1) = 0.1) {
  dim vocab = 128, D = 8, slots = 3

  input  tokens[T] in vocab
  input  document in flag
  target labels[T] in vocab

  memory mem = slots(count = slots, width = D) reset when document
  use    table = embedding(vocab, width = D)

  x = table.look(tokens)
  x = x + dropout(mem.read(norm(x), heads = 2), rate)
  mem.write(x)
  output logits = table.score(norm(x) as last)
  loss main = cross_entropy(logits, labels)
}

train {
  data { labels = tokens ahead 1 }
  segment 5 tokens;  batch 3 streams;  rollout 2 segments
  through_time mrbp(horizon = 2)
  optimizer adamw(rate = 1e-2, warmup = 3 steps, decay = cosine, clip = 1.0)
  steps 24
}
`;

const line = "it was the best of times, it was the worst of times. ";

/** A project with the spec and a folder of documents. */
export const project = {
  "small.mem": spec,
  "books/one.txt": line.repeat(3),
  "books/two.txt": line.toUpperCase().repeat(2),
  "books/three.txt": [...line].reverse().join(""),
  "books/four.txt": line.slice(0, 23),
};

export interface Ended {
  /** Exit code; null when a signal ended the process. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly out: string;
  readonly err: string;
}

export interface StartOptions {
  readonly folder: string;
  /** As kill.mjs reads it. */
  readonly kill?: string;
  /** Called with all of the error stream so far whenever more arrives. */
  readonly onError?: (text: string, child: ChildProcess) => void;
}

/** `memc …` in a process of its own, until it ends. */
export function memc(
  { folder, kill, onError }: StartOptions,
  ...argv: readonly string[]
): Promise<Ended> {
  if (!existsSync(program)) throw new Error("there is no dist/memc.js: run npm run build first");
  const node = kill === undefined ? [] : ["--import", killer];
  const child = spawn(process.execPath, [...node, program, ...argv], {
    cwd: folder,
    env: { ...process.env, NO_COLOR: "1", ...(kill === undefined ? {} : { MEMC_TEST_KILL: kill }) },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [out, err] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    out += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    err += text;
    onError?.(err, child);
  });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => resolve({ code, signal, out, err }));
  });
}

/** The training that the tests stop and continue. */
export const training = [
  ...["train", "small.mem", "--data", "books", "--engine", "onnx", "--threads", "1"],
  ...["--seed", "5", "--checkpoint-every", "4", "--no-evaluate", "--out"],
] as const;

/** Bytes of the files of the checkpoint that `latest` names, as text of one byte a character, and its name. */
export async function latestCheckpoint(
  run: string,
): Promise<{ readonly name: string; readonly files: Readonly<Record<string, string>> }> {
  const name = (await readFile(join(run, "latest"), "utf8")).trim();
  const files: Record<string, string> = {};
  for (const file of (await readdir(join(run, name))).sort()) {
    files[file] = await readFile(join(run, name, file), "latin1");
  }
  return { name, files };
}

/** Steps of the lines of a run's metrics. */
export async function loggedSteps(run: string): Promise<readonly number[]> {
  const lines = (await readFile(join(run, "metrics.jsonl"), "utf8")).trimEnd().split("\n");
  return lines.map((text) => Number(JSON.parse(text).step));
}
