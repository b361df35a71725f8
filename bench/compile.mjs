/**
 * What the compiler costs from the shell, over a bare `node -e 0`: `memc --version`, `check` and `build` of specs/memformer.mem.
 * The commands take turns; the best of many counts. Exits with 1 where one is over its budget.
 *
 *   npm run bench:compile -- [--rounds 15]
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const { values: options } = parseArgs({ options: { rounds: { type: "string", default: "15" } } });
const root = fileURLToPath(new URL("..", import.meta.url));
const memc = join(root, "dist", "memc.js");
const spec = join(root, "specs", "memformer.mem");
const folder = mkdtempSync(join(tmpdir(), "memc-bench-"));
const paths = [
  { name: "node -e 0", args: ["-e", "0"], budget: undefined },
  { name: "memc --version", args: [memc, "--version"], budget: 60 },
  { name: "memc check", args: [memc, "check", spec], budget: 300 },
  { name: "memc build", args: [memc, "build", spec, "--out"], fresh: true, budget: 1200 },
].map((path) => ({ ...path, wall: [] }));

for (let round = 0; round < Number(options.rounds); round++) {
  for (const path of paths) {
    const args = path.fresh ? [...path.args, join(folder, String(round))] : path.args;
    const start = performance.now();
    const { status, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
    path.wall.push(performance.now() - start);
    if (status !== 0) throw new Error(`${path.name} failed: ${stderr}`);
  }
}
rmSync(folder, { recursive: true });

const best = (values) => Math.min(...values);
const bare = best(paths[0].wall);
console.log(
  `best of ${options.rounds}, load ${loadavg()
    .map((value) => value.toFixed(1))
    .join(" ")}`,
);
for (const { name, wall, budget } of paths) {
  const over = best(wall) - bare;
  if (over > budget) process.exitCode = 1;
  const limit =
    budget === undefined ? "" : `   over bare node +${over.toFixed(0)} ms (budget +${budget})`;
  console.log(`${name.padEnd(16)} ${best(wall).toFixed(0).padStart(6)} ms${limit}`);
}
