/** Copies of the program as npm lays them out, for tests of what it does where nothing of this repository is around it. */
import { type SpawnSyncReturns, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { cp, mkdir, symlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { folderWith } from "./kit.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

export interface Installation {
  /** The folder with `node_modules` in it: of `npm install --global`, `<prefix>/lib`. */
  readonly place: string;
  /** `memc …` in a folder. */
  run(folder: string, words: readonly string[]): SpawnSyncReturns<string>;
}

export interface Installed {
  /** Whether the files that come with the program are there. */
  readonly specs?: boolean;
  /** The packages beside it. */
  readonly packages: readonly string[];
}

/** The bundle as a global installation, removed after the test. Packages are links to this repository's. */
export async function globalInstallation({
  specs = true,
  packages,
}: Installed): Promise<Installation> {
  const place = join(await folderWith(), "lib");
  const own = join(place, "node_modules/memc");
  for (const path of ["package.json", "dist", ...(specs ? ["specs"] : [])]) {
    const from = join(root, path);
    if (!existsSync(from)) throw new Error(`there is no ${path}: run npm run build first`);
    await cp(from, join(own, path), { recursive: true });
  }
  for (const name of packages) {
    const link = join(own, "node_modules", name);
    await mkdir(dirname(link), { recursive: true });
    await symlink(join(root, "node_modules", name), link, "junction");
  }
  const program = join(own, "dist/memc.js");
  const env = { ...process.env, NO_COLOR: "1" };
  return {
    place,
    run: (cwd, words) =>
      spawnSync(process.execPath, [program, ...words], { cwd, env, encoding: "utf8" }),
  };
}
