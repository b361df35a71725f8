/**
 * Writes `examples/` anew: what `memc build SPEC --out examples` makes of every spec in `specs/`.
 *
 *   npm run examples
 */
import { spawnSync } from "node:child_process";
import { readdir, rename, rm } from "node:fs/promises";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const examples = `${root}examples`;
/** All of it is made here first: a spec that does not build leaves the old folder as it is. */
const fresh = `${root}examples.${process.pid}.tmp`;

try {
  const names = await readdir(`${root}specs`);
  for (const name of names.filter((file) => file.endsWith(".mem")).sort()) {
    const argv = [`${root}dist/memc.js`, "build", `specs/${name}`, "--out", fresh];
    const { status, stdout, stderr } = spawnSync(process.execPath, argv, {
      cwd: root,
      encoding: "utf8",
    });
    if (status !== 0) throw new Error(`specs/${name} does not build:\n${stdout}${stderr}`);
    console.log(`specs/${name}`);
  }
  await rm(examples, { recursive: true, force: true });
  await rename(fresh, examples);
} finally {
  await rm(fresh, { recursive: true, force: true });
}
