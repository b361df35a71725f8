/**
 * Memory of an engine's tensors. It lies outside V8's heap, where the collector sees only the small
 * objects that hold it: left alone, gigabytes pile up. So what nobody reads any more is freed.
 */
import { MessageChannel } from "node:worker_threads";

export type Entries = Float32Array | Int32Array | Uint8Array;

/** Entries that several tensors may show. */
export interface Storage {
  readonly entries: Entries;
  /** Tensors that show the entries and were not discarded. */
  users: number;
}

const { port1: nowhere, port2: nobody } = new MessageChannel();
nobody.close();
nowhere.close();

/**
 * Frees arrays at once; whoever still holds one finds it empty. A message takes over the memory of
 * the arrays transferred with it, and one that cannot be delivered is destroyed with them.
 */
export function free(arrays: readonly Entries[]): void {
  const buffers = new Set(arrays.map(({ buffer }) => buffer as ArrayBuffer)); // made by the binding or by `upload`
  nowhere.postMessage(undefined, [...buffers]);
}

/** Bytes up to which freed memory is kept for the next allocation. */
const KEPT = 16 * 2 ** 20;

/**
 * Lets the allocator of the C library keep freed blocks of up to 16 MiB. glibc gives larger blocks
 * than it has ever seen freed back to the system, and every operator would have the pages of its
 * result mapped anew (a tenth of a training step); elsewhere this does nothing.
 */
export function keepFreedMemory(): void {
  free([new Uint8Array(KEPT)]);
}
