/** Copies of tensors (rule R6): `layer[0]`, `layer[1]` and so on are as many for all tensors below `layer`. */
import type { Span } from "../../parser/tree.ts";
import type { Declaration } from "./declaration.ts";
import type { Frame } from "./frame.ts";
import { problem } from "./problem.ts";

/** Refuses a tensor in a repeat that another repeat of its name, which has tensors too, runs more or less often than. */
export function agreeInCopies({ counts }: Frame, { path, copies }: Declaration, at: Span): void {
  let star = 0;
  for (const [position, segment] of path.entries()) {
    if (segment !== "*") continue;
    const count = copies[star++]?.value ?? 0;
    const repeat = path.slice(0, position).join(".").replaceAll(".*", "[*]");
    const known = counts.get(repeat);
    if (known === undefined) counts.set(repeat, { count, at });
    else if (known.count !== count) {
      throw problem(
        "MEM0160",
        at,
        `Two repeats are called ${repeat}, and there are ${known.count} of one and ${count} of the other.`,
        {
          notes: [{ message: "The other one is here.", span: known.at }],
          help: "Rename one of the two: `repeat … as other`.",
        },
      );
    }
  }
}
