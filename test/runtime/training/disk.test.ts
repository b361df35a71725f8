import { existsSync } from "node:fs";
import { expect, test } from "vitest";
import { disk } from "../../../src/runtime/training/disk.ts";

test.skipIf(!existsSync("/dev/full"))("an error of a full disk names the file", () => {
  const full = expect.objectContaining({ code: "ENOSPC", path: "/dev/full" });
  expect(() => disk.write("/dev/full", Uint8Array.of(1))).toThrow(full);
});
