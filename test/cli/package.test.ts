/** memc's own package: what installing it runs. */
import { expect, test } from "vitest";
import manifest from "../../package.json" with { type: "json" };
import lock from "../../package-lock.json" with { type: "json" };

test("of every package with an install script it is decided whether it runs: npm warns of others", () => {
  const scripted = Object.entries(lock.packages)
    .filter(([path, entry]) => path !== "" && "hasInstallScript" in entry)
    .map(([path]) => path.replace(/^.*node_modules\//, ""));
  expect(scripted).not.toEqual([]);
  const decided = Object.keys(manifest.allowScripts);
  expect(scripted.filter((name) => !decided.includes(name))).toEqual([]);
});
