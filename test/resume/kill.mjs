/**
 * Loaded into a training process before anything else (`node --import`), it ends the process with SIGKILL where MEMC_TEST_KILL says:
 * `step:17` as the metrics of step 17 are written, `write:5` in the middle of the fifth write of a checkpoint's files, `rename:3` just
 * before the third rename. Nothing of the process runs after that.
 */
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";

const [what, number] = (process.env.MEMC_TEST_KILL ?? "").split(":");
const die = () => {
  process.kill(process.pid, "SIGKILL");
  // The signal may take a moment to arrive; nothing may be written in the meantime.
  for (;;) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1000);
};
let seen = 0;
const reached = (kind) => {
  if (what !== kind) return false;
  seen += 1;
  return seen === Number(number);
};

const { writeFileSync, writeSync, renameSync } = fs;

fs.writeFileSync = (path, bytes, options) => {
  if (String(path).includes(".saving-") && reached("write")) {
    writeFileSync(path, bytes.subarray(0, Math.floor(bytes.length / 2)));
    die();
  }
  return writeFileSync(path, bytes, options);
};

fs.writeSync = (file, text, ...rest) => {
  if (typeof text === "string" && text.startsWith('{"step":') && reached("step")) {
    writeSync(file, text.slice(0, text.length / 2));
    die();
  }
  return writeSync(file, text, ...rest);
};

fs.renameSync = (from, to) => {
  if (String(from).includes(".saving-") && reached("rename")) die();
  return renameSync(from, to);
};

syncBuiltinESMExports();
