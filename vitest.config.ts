import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

export default defineConfig({
  resolve: {
    alias: { "memc/runtime": fileURLToPath(new URL("src/runtime/index.ts", import.meta.url)) },
  },
  test: {
    include: ["test/**/*.test.ts"],
    exclude: ["test/package/**"],
    // Native engines and child processes: forked workers, and as many as the slowest machine this must be quick on has cores.
    pool: "forks",
    maxWorkers: 2,
    // Nothing in src keeps what a test could change, so files share a worker's modules, which are then loaded and optimised once.
    isolate: false,
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
