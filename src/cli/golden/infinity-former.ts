import type { Adapter } from "./adapter.ts";

export const infinityFormer: Adapter = {
  system: "infinity-former",
  excused: () => [],
  runs: () => [],
};
