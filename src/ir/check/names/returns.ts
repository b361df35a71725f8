/** Where `return` may stand: at the end of a block or method, or of a branch of it. */
import type {
  BlockDefinition,
  MethodDefinition,
  ModelDefinition,
  ReturnStatement,
  Statement,
} from "../../../parser/tree.ts";
import { problem, type Report } from "../problem.ts";
import { isLoop, isReturn, isScanExpression, nodesIn } from "../syntax.ts";

/** Reports a `return` in a model or a loop, which would give nothing to anybody, and statements after one. */
export function checkReturns(item: BlockDefinition | ModelDefinition, report: Report): void {
  if (item.kind === "model") {
    for (const { span } of nodesIn(item.body, isReturn)) {
      const help = "output logits = …";
      report.add(
        problem("MEM0325", span, "A model has outputs, not a return.", { help }).diagnostic,
      );
    }
    return;
  }
  const methods = item.body.filter((each): each is MethodDefinition => each.kind === "method");
  for (const { body } of [item, ...methods]) {
    for (const { span } of returnsInLoops(body)) {
      const message = "A loop has no result that a return could give.";
      const help =
        "What iterations make leaves a loop by its `yield`, or under a name bound before it.";
      report.add(problem("MEM0228", span, message, { help }).diagnostic);
    }
    checkEnd(body, report);
  }
}

/** Each `return` that stands in a loop. */
export function returnsInLoops(body: readonly Statement[]): readonly ReturnStatement[] {
  const loops = [
    ...nodesIn(body, isLoop),
    ...nodesIn(body, isScanExpression).map(({ scan }) => scan),
  ];
  return loops.flatMap((loop) => nodesIn(loop.body, isReturn));
}

/** Reports the first statement after a `return`. */
function checkEnd(body: readonly Statement[], report: Report): void {
  const position = body.findIndex(isReturn);
  const [end, after] = position < 0 ? [] : body.slice(position);
  if (end !== undefined && after !== undefined && after.kind !== "method") {
    report.add(
      problem("MEM0228", after.span, "Nothing comes to what stands after a return.", {
        notes: [{ message: "It ends here.", span: end.span }],
      }).diagnostic,
    );
  }
  for (const each of body) {
    if (each.kind !== "when") continue;
    checkEnd(each.then, report);
    checkEnd(each.otherwise ?? [], report);
  }
}
