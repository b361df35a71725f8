/** Readable names for the functions of a file. */
import type { GraphFunction } from "../ir/graph.ts";
import { FILE_NAMES, LOCAL_NAMES } from "./generated-names.ts";
import { camelCase, Names } from "./identifier.ts";
import type { Unit } from "./module.ts";

const SUFFIX = {
  block: "",
  forward: "Forward",
  backward: "Backward",
  critical: "Critical",
} as const;

/** Most addresses of a function that are looked at for a name. */
const ENOUGH = 32;

/** Most options that a name tells. */
const MOST_OPTIONS = 2;

/**
 * A name for each unit: what it is in the spec. Units of one name are told apart by the options that not all of them
 * have (`attentionCausal`); those of equal options by the innermost word that all addresses of one have and no other
 * does (`decoderAttention`); without such a word they are numbered.
 */
export function nameFunctions(
  units: readonly Unit[],
  unit: (name: string) => Unit,
  mains: ReadonlyMap<string, string>,
): ReadonlyMap<Unit, string> {
  const names = new Names([...FILE_NAMES, ...LOCAL_NAMES]);
  const given = new Map<Unit, string>();
  for (const each of units) {
    const main = mains.get(each.written.name);
    if (main !== undefined) given.set(each, names.take(main));
  }
  const addresses = addressesOf(units, unit);
  const waiting = units.filter((each) => !given.has(each));
  for (const named of grouped(waiting, (each) => functionName(each.written, [])).values()) {
    const options = optionsApart(named);
    const withOptions = (each: Unit) => functionName(each.written, [], options.get(each));
    for (const group of grouped(named, withOptions).values()) {
      for (const each of group) {
        const word = group.length === 1 ? undefined : distinguishing(each, group, addresses);
        const before = word === undefined ? [] : [word];
        given.set(each, names.take(functionName(each.written, before, options.get(each))));
      }
    }
  }
  return given;
}

function grouped(
  units: readonly Unit[],
  keyOf: (unit: Unit) => string,
): ReadonlyMap<string, readonly Unit[]> {
  const groups = new Map<string, Unit[]>();
  for (const each of units) {
    const key = keyOf(each);
    groups.set(key, [...(groups.get(key) ?? []), each]);
  }
  return groups;
}

/** Options of each unit that not all units of the group have, if they are few. */
function optionsApart(group: readonly Unit[]): ReadonlyMap<Unit, readonly string[]> {
  const all = group.map(({ written }) => written.variant ?? []);
  return new Map(
    group.map((each, i) => {
      const own = all[i]?.filter((option) => !all.every((other) => other.includes(option))) ?? [];
      return [each, own.length > MOST_OPTIONS ? [] : own];
    }),
  );
}

function functionName(
  written: GraphFunction,
  before: readonly string[],
  options: readonly string[] = [],
): string {
  return camelCase([...before, ...written.title.split("."), ...options]) + SUFFIX[written.kind];
}

/** The function's name without what says which half or part it is, for the names of its types. */
export function plainName(name: string, written: GraphFunction): string {
  const suffix = SUFFIX[written.kind];
  const stem = name.replace(/[0-9]+$/, "");
  const count = name.slice(stem.length);
  return suffix !== "" && stem.endsWith(suffix) ? stem.slice(0, -suffix.length) + count : name;
}

type Addresses = ReadonlyMap<Unit, readonly (readonly string[])[]>;

/** The words on the way from the segment to each unit. */
function addressesOf(units: readonly Unit[], unit: (name: string) => Unit): Addresses {
  const addresses = new Map<Unit, (readonly string[])[]>();
  for (const caller of [...units].reverse()) {
    const from = addresses.get(caller) ?? [[]];
    for (const node of caller.written.nodes) {
      if (node.kind !== "call" && node.kind !== "repeat" && node.kind !== "scan") continue;
      const words =
        node.kind === "call" ? node.scope : [node.kind === "repeat" ? node.index : node.axis];
      const callee = unit(node.function);
      const known = addresses.get(callee) ?? [];
      for (const path of from) if (known.length < ENOUGH) known.push([...path, ...words]);
      addresses.set(callee, known);
    }
  }
  return addresses;
}

function distinguishing(
  one: Unit,
  group: readonly Unit[],
  addresses: Addresses,
): string | undefined {
  const own = addresses.get(one) ?? [];
  const others = group.filter((each) => each !== one).flatMap((each) => addresses.get(each) ?? []);
  const title = one.written.title.split(".");
  const [first] = own;
  return [...(first ?? [])]
    .reverse()
    .find(
      (word) =>
        !title.includes(word) &&
        own.every((path) => path.includes(word)) &&
        others.every((path) => !path.includes(word)),
    );
}
