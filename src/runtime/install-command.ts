/** The command that adds an optional package where this copy of memc looks for it. */
import { existsSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/**
 * What to run so that the module at `from` (a file URL, as `import.meta.url`) finds the package. memc looks in the folders above
 * itself, not in the shell's: those of a project, of `npm install --global`, or of the store that npx keeps.
 */
export function installCommand(
  packages: string,
  from: string,
  hasManifest: (folder: string) => boolean = (folder) => existsSync(join(folder, "package.json")),
): string {
  const folder = holder(fileURLToPath(from), hasManifest);
  if (folder === undefined) return `npm install ${packages}`;
  const { global, prefix } = folder;
  return `npm install ${global ? "--global " : ""}--prefix ${quoted(prefix)} ${packages}`;
}

interface Holder {
  readonly prefix: string;
  readonly global: boolean;
}

function holder(file: string, hasManifest: (folder: string) => boolean): Holder | undefined {
  const own = above(file).find(hasManifest);
  if (own === undefined) return undefined;
  const modules = dirname(own);
  // A clone of the repository, which a link in a node_modules folder may point to.
  if (basename(modules) !== "node_modules") return { prefix: own, global: false };
  const place = dirname(modules);
  if (hasManifest(place)) return { prefix: place, global: false };
  // npm's folder for global packages has no manifest, and an installation there without --global would remove the others.
  if (basename(place) === "lib") return { prefix: dirname(place), global: true };
  return process.platform === "win32" ? { prefix: place, global: true } : undefined;
}

/** The folders that hold a file, the nearest first. */
function above(file: string): readonly string[] {
  const folder = dirname(file);
  return folder === file ? [] : [folder, ...above(folder)];
}

function quoted(path: string): string {
  if (process.platform === "win32") return /^[\w:\\.-]+$/.test(path) ? path : `"${path}"`;
  return /^[\w/.@+-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}
