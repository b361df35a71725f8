/** A package is installed where memc looks for it, wherever memc itself was installed. */
import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import { installCommand } from "../../src/runtime/install-command.ts";

/** The command for a file of memc, in a tree with a package.json in these folders. */
const command = (file: string, ...manifests: readonly string[]): string =>
  installCommand("onnxruntime-node", pathToFileURL(file).href, (folder) =>
    manifests.includes(folder),
  );

test.skipIf(process.platform === "win32").for([
  [
    "in a project",
    "/home/me/project",
    "npm install --prefix /home/me/project onnxruntime-node",
    true,
  ],
  [
    "globally",
    "/usr/local/lib",
    "npm install --global --prefix /usr/local onnxruntime-node",
    false,
  ],
  [
    "by npx, which keeps a project for it",
    "/home/me/.npm/_npx/0fe4",
    "npm install --prefix /home/me/.npm/_npx/0fe4 onnxruntime-node",
    true,
  ],
  [
    "in a folder whose name the shell would split",
    "/home/me/my models",
    "npm install --prefix '/home/me/my models' onnxruntime-node",
    true,
  ],
  [
    "by a program with a layout of its own",
    "/home/me/store",
    "npm install onnxruntime-node",
    false,
  ],
] as const)("memc installed %s", ([_how, place, expected, isProject]) => {
  const own = `${place}/node_modules/memc`;
  const manifests = isProject ? [own, place] : [own];
  expect(command(`${own}/dist/runtime/index.js`, ...manifests)).toBe(expected);
  expect(command(`${own}/dist/memc.js`, ...manifests)).toBe(expected);
});

test.skipIf(process.platform === "win32")(
  "memc in a clone of its repository, or linked from one",
  () => {
    expect(command("/home/me/memc/dist/memc.js", "/home/me/memc", "/home/me")).toBe(
      "npm install --prefix /home/me/memc onnxruntime-node",
    );
  },
);
