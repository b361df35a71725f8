/** Values set from outside by address: `--set mem.count=16`, `set dropout = 0.1` in a program. */
import type { Option, OptionType } from "../../parser/tree.ts";
import type { Place } from "./emit.ts";
import { plainNumber, type Static } from "./expressions/static.ts";
import { checkOption } from "./option.ts";
import { problem } from "./problem.ts";

/** The overriding value of an option, or undefined. Only instances of the model and of its repeats have an address. */
export function overrideOf(
  place: Place,
  option: Option,
  path: readonly string[],
): Static | undefined {
  const { address } = place.scope.frame;
  if (address === undefined) return undefined;
  const key = [...address, ...path, option.name.text].join(".");
  return overrideAt(place, key, option.type, option);
}

export function overrideAt(
  place: Place,
  key: string,
  type: OptionType,
  option: Pick<Option, "name">,
): Static | undefined {
  const text = place.checker.overrides.get(key);
  if (text === undefined) return undefined;
  place.checker.usedOverrides.add(key);
  const value = parseValue(text, type);
  if (value === undefined) {
    throw problem("MEM0173", option.name.span, `${key} cannot be set to ${text}.`);
  }
  checkOption(place, type, value, option.name.span, key);
  return value;
}

/** Reads `16`, `0.25`, `on`, `sticky(bins=64)`, `[0.05,0.1]`. */
export function parseValue(text: string, type: OptionType): Static | undefined {
  const trimmed = text.trim();
  switch (type.kind) {
    case "number": {
      const value = Number(trimmed);
      if (trimmed === "" || !Number.isFinite(value)) return undefined;
      return plainNumber(value, type.number === "int");
    }
    case "flag":
      if (["on", "true"].includes(trimmed)) return { kind: "flag", value: true };
      if (["off", "false"].includes(trimmed)) return { kind: "flag", value: false };
      return undefined;
    case "choice": {
      const [, name, inner] = /^([A-Za-z_]\w*)\s*(?:\((.*)\))?$/.exec(trimmed) ?? [];
      const alternative = type.alternatives.find((each) => each.name.text === name);
      if (name === undefined || alternative === undefined) return undefined;
      const given = new Map(
        (inner ?? "")
          .split(",")
          .filter(Boolean)
          .map((part) => {
            const [key = "", value = ""] = part.split("=");
            return [key.trim(), value] as const;
          }),
      );
      const options = new Map<string, Static>();
      for (const option of alternative.options) {
        const raw = given.get(option.name.text) ?? defaultText(option);
        const value = raw === undefined ? undefined : parseValue(raw, option.type);
        if (value === undefined) return undefined;
        options.set(option.name.text, value);
      }
      return {
        kind: "choice",
        name,
        alternatives: type.alternatives.map((each) => each.name.text),
        options,
      };
    }
    case "list":
    case "set": {
      const [, inner] = /^\[(.*)\]$/.exec(trimmed) ?? [];
      if (inner === undefined) return undefined;
      const items = inner
        .split(",")
        .filter((part) => part.trim() !== "")
        .map((part) => parseValue(part, type.element));
      return items.some((item) => item === undefined)
        ? undefined
        : { kind: "list", items: items.filter((item) => item !== undefined) };
    }
    default:
      return type satisfies never;
  }
}

function defaultText(option: Option): string | undefined {
  const { default: value } = option;
  return value?.kind === "number"
    ? String(value.value)
    : value?.kind === "flag"
      ? value.value
        ? "on"
        : "off"
      : undefined;
}
