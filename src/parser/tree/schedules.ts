/** What stands in `train`, `evaluate` and `generate`. */
import type { Expression } from "./expressions.ts";
import type { Name, Node } from "./nodes.ts";

/**
 * One entry of `train`, `evaluate`, `generate`, kept general; `src/ir` knows the words:
 * `segment 64 tokens` · `batch 16 streams` · `through_time mrbp(horizon = 8)` · `segment_weights powers(2)` · `cut after 1, 2`
 * `group **.bias, **.gain { weight_decay 0 }` · `data { labels = tokens ahead 1 }` · `freeze layer[*].ltm` · `set dropout = 0.1`
 */
export interface ScheduleEntry extends Node {
  readonly word: Name;
  readonly values: readonly ScheduleValue[];
  /** Entries in braces; undefined without braces. */
  readonly entries?: readonly ScheduleEntry[];
}

export type ScheduleValue =
  | ({ readonly kind: "expression"; readonly value: Expression } & Node)
  /** `**.bias`, `layer[*].attention`, `expert[* < stage]` is not part of this edition */
  | ({ readonly kind: "path"; readonly path: string } & Node)
  /** `labels = tokens ahead 1`, `next = tokens ahead segment`, `dropout = 0.1` */
  | ({
      readonly kind: "assignment";
      readonly name: Name;
      readonly values: readonly ScheduleValue[];
    } & Node)
  /** A bare word such as `tokens`, `streams`, `ahead`, `steps`, `uniform` */
  | ({ readonly kind: "word"; readonly word: Name } & Node);
