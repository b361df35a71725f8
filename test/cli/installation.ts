/** Copies of the program as npm lays them out, for tests of what it does where nothing of this repository is around it. */
import { type SpawnSyncReturns, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { chmod, cp, mkdir, readdir, symlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";
import { folderWith } from "./kit.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** Whom permissions hold for: root may write everywhere, so its processes run as nobody. */
export const unprivileged: { readonly uid?: number; readonly gid?: number } =
  process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};

/** Whether folders can be made read-only for a process that can read this repository: not on Windows, nor below root's home. */
export const permissionsHold: boolean =
  process.platform !== "win32" &&
  spawnSync(process.execPath, ["-e", `require("fs").readdirSync(${JSON.stringify(root)})`], {
    cwd: "/",
    ...unprivileged,
  }).status === 0;

/** Gives a folder and everything in it these permissions until the test ends, for files without the right to run them. */
export async function setPermissions(folder: string, mode: 0o555 | 0o777): Promise<void> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  for (const entry of entries) {
    if (entry.isSymbolicLink()) continue;
    const path = join(entry.parentPath, entry.name);
    await chmod(path, entry.isDirectory() ? mode : mode & 0o666);
    if (entry.isDirectory()) onTestFinished(() => chmod(path, 0o755));
  }
  await chmod(folder, mode);
  onTestFinished(() => chmod(folder, 0o755));
}

export interface Installation {
  /** The folder with `node_modules` in it: of `npm install --global`, `<prefix>/lib`. */
  readonly place: string;
  /** `memc …` in a folder, as a user whom permissions hold for. */
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
  if (permissionsHold) await setPermissions(dirname(place), 0o555);
  const env = { ...process.env, NO_COLOR: "1" };
  return {
    place,
    run: (cwd, words) =>
      spawnSync(process.execPath, [program, ...words], {
        cwd,
        env,
        encoding: "utf8",
        ...(permissionsHold ? unprivileged : {}),
      }),
  };
}
