/** What makes the inputs and results of a function legal: roles, and addresses that do not clash. */

import type { GraphFunction, Port, PortRole } from "./graph.ts";
import { valueTypeText } from "./graph-text.ts";

/** Takes one sentence about what is wrong. */
export type Report = (problem: string) => void;

const inputRoles: ReadonlySet<PortRole> = new Set<PortRole>([
  "argument",
  "parameter",
  "state",
  "draw",
  "residual",
  "cotangent",
]);
const resultRoles: ReadonlySet<PortRole> = new Set<PortRole>([
  "return",
  "next",
  "loss",
  "count",
  "residual",
  "gradient",
]);

/** Reports what is wrong with the inputs and results of a function. */
export function verifyPorts(written: GraphFunction, report: Report): void {
  for (const port of written.inputs) {
    const { role } = port;
    const fits = role === "residual" || role === "cotangent" ? written.kind === "backward" : true;
    if (!inputRoles.has(role) || !fits) report(`${port.value.name} cannot be a ${role} input.`);
  }
  for (const port of written.results) {
    const { role, value } = port;
    const owner = role === "residual" ? "forward" : "backward";
    const fits = role === "residual" || role === "gradient" ? written.kind === owner : true;
    if (!resultRoles.has(role) || !fits) report(`${value.name} cannot be a ${role} result.`);
    const { kind, axes, copies } = value.type;
    const scalar = role === "loss" || role === "count";
    if (scalar && (kind !== "real" || axes.length + copies.length > 0)) {
      report(`${role} ${value.name} is ${valueTypeText(value.type)}, not one real number.`);
    }
  }
  for (const ports of [written.inputs, written.results]) {
    const places = new Places();
    for (const port of ports) {
      verifyPath(port, report);
      const clash = places.add(port);
      if (clash !== undefined) report(`${placeOf(port)} clashes with ${placeOf(clash)}.`);
    }
  }
}

function verifyPath(port: Port, report: Report): void {
  if (port.path.length === 0) report(`${port.value.name} has no path.`);
  const tensorOnly =
    port.role === "argument" || port.role === "return" || port.role === "cotangent";
  if (tensorOnly || port.struct === "argument") return;
  const copies = port.path.filter((segment) => segment === "*").length;
  if (copies !== port.value.type.copies.length) {
    report(`${placeOf(port)} has ${copies} "*" for ${valueTypeText(port.value.type)}.`);
  }
}

/**
 * Parameters, states and draws of an instance share one struct; every other role is a struct of its
 * own.
 */
function group(port: Port): string {
  const addressed = port.role === "parameter" || port.role === "state" || port.role === "draw";
  return `${addressed ? "addressed" : port.role} ${port.struct}`;
}

/** Addresses taken, none of which may be another one or below it. */
class Places {
  readonly #taken = new Map<string, Port>();
  /** Ports below an address. */
  readonly #below = new Map<string, Port>();

  /** Takes the address of a port; gives a port that it clashes with. */
  add(port: Port): Port | undefined {
    let address = group(port);
    let clash = this.#taken.get(address);
    for (const segment of port.path) {
      if (!this.#below.has(address)) this.#below.set(address, port);
      address += `/${segment}`;
      clash ??= this.#taken.get(address);
    }
    clash ??= this.#below.get(address);
    if (!this.#taken.has(address)) this.#taken.set(address, port);
    return clash;
  }
}

const placeOf = (port: Port): string => `${port.role} ${[port.struct, ...port.path].join(".")}`;
