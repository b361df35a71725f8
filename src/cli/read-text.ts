/** Reads one untrusted text file: a regular one, bounded in size, UTF-8. */
import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import type { FileCode } from "./codes.ts";

/** Bytes of one spec. */
export const largestFile = 1024 * 1024;

export type TextOrReason =
  | { readonly text: string }
  | { readonly code: FileCode; readonly reason: string };

/** The text of the file at `path`, or the code and the words of what is wrong with it. */
export async function readText(path: string, limit: number = largestFile): Promise<TextOrReason> {
  let file: FileHandle;
  try {
    // A pipe without a writer would block an ordinary open for ever.
    file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  } catch (error) {
    return failure(error);
  }
  try {
    const stat = await file.stat();
    if (stat.isDirectory()) return { code: "MEM0901", reason: "is a folder" };
    if (!stat.isFile()) return { code: "MEM0901", reason: "is not a regular file" };
    if (stat.size > limit) return tooLarge(stat.size, limit);
    // The file may grow while it is read, and some systems' special files say they are empty.
    const bytes = Buffer.alloc(limit + 1);
    let length = 0;
    while (length <= limit) {
      const { bytesRead } = await file.read(bytes, length, bytes.length - length, null);
      if (bytesRead === 0) break;
      length += bytesRead;
    }
    return length > limit ? tooLarge(length, limit) : decode(bytes.subarray(0, length));
  } catch (error) {
    return failure(error);
  } finally {
    await file.close();
  }
}

function decode(bytes: Uint8Array): TextOrReason {
  const [first, second] = bytes;
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)) {
    return { code: "MEM0904", reason: "is UTF-16 text; save it as UTF-8" };
  }
  const zero = bytes.indexOf(0);
  if (zero >= 0) return { code: "MEM0904", reason: `is not text: byte ${zero} is 0` };
  try {
    return { text: new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes) };
  } catch {
    return { code: "MEM0904", reason: "is not UTF-8 text" };
  }
}

function tooLarge(size: number, limit: number): TextOrReason {
  return { code: "MEM0903", reason: `has ${size} bytes; the limit is ${limit}` };
}

function failure(error: unknown): TextOrReason {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  switch (code) {
    case "ENOENT":
    case "ENOTDIR":
      return { code: "MEM0900", reason: "does not exist" };
    case "EISDIR":
      return { code: "MEM0901", reason: "is a folder" };
    case "ENXIO":
      return { code: "MEM0901", reason: "is not a regular file" };
    case "EACCES":
    case "EPERM":
      return { code: "MEM0902", reason: "cannot be read: permission denied" };
    case "ELOOP":
      return { code: "MEM0902", reason: "cannot be read: symbolic links in a circle" };
    case "ENAMETOOLONG":
      return { code: "MEM0902", reason: "cannot be read: its name is too long" };
    default:
      if (error instanceof TypeError || code === "ERR_INVALID_ARG_VALUE") {
        return { code: "MEM0902", reason: "cannot be read: its name holds a zero byte" };
      }
      if (code === "" || code.startsWith("ERR_")) throw error;
      return { code: "MEM0902", reason: `cannot be read: ${code}` };
  }
}
