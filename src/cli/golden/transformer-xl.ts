import type { Adapter } from "./adapter.ts";

export const transformerXL: Adapter = {
  system: "transformer-xl",
  excused: () => [],
  runs: () => [],
};
