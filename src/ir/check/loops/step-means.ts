/** Losses in a scan: each is the mean over what the steps count, as if they had been collected and averaged after it (rule R14). */
import type { Span } from "../../../parser/tree.ts";
import type { Port, Value } from "../../graph.ts";
import { valueOfTensor } from "../calls/results.ts";
import { emit, type Place } from "../emit.ts";
import type { TensorEntity } from "../entities.ts";
import { addLoss, type LossTerm, termInside } from "../loss-terms.ts";
import { quotient } from "../statements/loss.ts";

/** Makes the terms of a step, which are means, what is summed over the steps: each times its count. */
export function sumSteps(inner: Place, span: Span): void {
  const terms = inner.scope.frame.losses;
  const totals = terms.map((term): LossTerm => {
    const factors = [scalar(term.value), scalar(countOf(term))];
    const total = emit(inner, "mul", factors, {}, { span, hints: [term.path.at(-1)] });
    return { ...term, value: valueOfTensor(total) };
  });
  terms.splice(0, terms.length, ...totals);
}

/** Takes the sums that the scan gives as terms of the function around it. */
export function takeStepMeans(
  place: Place,
  terms: readonly LossTerm[],
  ports: readonly Port[],
  results: readonly Value[],
  span: Span,
): void {
  const { frame, prefix } = place.scope;
  const sumAt = (role: Port["role"], address: string): Value => {
    const position = ports.findIndex(
      (port) => port.role === role && port.path.join(".") === address,
    );
    const sum = results[position];
    if (sum === undefined) throw new Error(`The scan gives no ${role} ${address}.`);
    return sum;
  };
  for (const port of ports.filter(({ role }) => role === "loss")) {
    const { path, origin, weighed, own } = termInside(terms, port);
    const address = path.join(".");
    const count = sumAt("count", address);
    const mean = quotient(place, scalar(sumAt("loss", address)), scalar(count), span);
    const value = valueOfTensor(mean);
    frame.builder.suggestName(value, path.at(-1) ?? address);
    addLoss(frame.losses, {
      path: [...prefix, ...path],
      value,
      ...((weighed || frame.inScan) && { count }),
      origin,
      weighed,
      own,
    });
  }
}

function countOf({ path, count }: LossTerm): Value {
  if (count === undefined) throw new Error(`Nothing counts ${path.join(".")}.`);
  return count;
}

const scalar = (operand: Value): TensorEntity => ({
  kind: "tensor",
  operand,
  number: "real",
  axes: [],
  batch: false,
  constant: false,
});
