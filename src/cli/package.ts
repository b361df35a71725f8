/** memc's own package: its version, its folder, and the one copy of the runtime. */
import { fileURLToPath } from "node:url";
import manifest from "../../package.json" with { type: "json" };

export const version: string = manifest.version;

/** The bundle is `dist/memc.js`; this file is two folders deep. */
const root = new URL(import.meta.url.endsWith(".ts") ? "../../" : "../", import.meta.url);

/** The folder of memc's `package.json`. */
export const packageFolder: string = fileURLToPath(root);

/** The folder of the standard library, `specs/std`. */
export const libraryFolder: string = fileURLToPath(new URL("specs/std", root));
