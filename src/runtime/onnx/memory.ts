/**
 * Memory of an engine's tensors: arrays that sessions read from and write to, handed from discarded
 * tensors to new results of the same size. Arrays of other tensors are V8's to collect.
 */
import type { Element } from "./model.ts";

export type Entries = Float32Array | Int32Array | Uint8Array;

/** Entries that several tensors may show. */
export interface Storage {
  readonly entries: Entries;
  /** Tensors that show the entries; counted only where they may be handed on. */
  users: number;
  /** Whether they are handed on when nobody shows them: not those that a host gave. */
  readonly reused: boolean;
}

export class Memory {
  /** Arrays that nobody uses, by element type and length. */
  readonly #free = new Map<string, Entries[]>();

  /** Storage for a result, its entries arbitrary. */
  take(element: Element, length: number): Storage {
    const entries = this.#free.get(key(element, length))?.pop() ?? made(element, length);
    return { entries, users: 0, reused: true };
  }

  /** One user less. */
  give(storage: Storage): void {
    storage.users -= 1;
    if (!storage.reused || storage.users > 0) return;
    const { entries } = storage;
    const kind = key(elementOfEntries(entries), entries.length);
    const free = this.#free.get(kind) ?? [];
    free.push(entries);
    this.#free.set(kind, free);
  }
}

function key(element: Element, length: number): string {
  return `${element} ${length}`;
}

function made(element: Element, length: number): Entries {
  switch (element) {
    case "float32":
      return new Float32Array(length);
    case "int32":
      return new Int32Array(length);
    default:
      return new Uint8Array(length);
  }
}

function elementOfEntries(entries: Entries): Element {
  if (entries instanceof Float32Array) return "float32";
  return entries instanceof Int32Array ? "int32" : "bool";
}
