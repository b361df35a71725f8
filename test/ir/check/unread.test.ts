/** What follows from a line that cannot be read, or from another error, is not said beside it. */
import { expect, test } from "vitest";
import { codesOf, shownOf } from "./kit.ts";

const blocks = `block sharpen(x[T, D]) -> [T, D] {
  return softmax((x . x over D) over T)
}
memory m(width: int >= 1) {
  dim D = width
  state s[D] starts 0, gradient through
  step(x[T, D]) -> [T, D] {
    s <- mean(x over T where valid(T))
    return x + s
  }
  last(x[T, D]) -> [T, D] {
    return x + next s
  }
}
`;
const text = `${blocks}model G {
  dim D = 4
  input x[T, D]
  target z[T, D]
  memory k = m(width = D)
  y = sharpen(x) + k.step(x)
  output w = ffn(norm(y + k.last(x) + k.s), hidden = 8)
  loss main = (w - z) ^ 2
}
train {
  data { z = x ahead 1 }
  group **.b1, **.gain { weight_decay 0 }
  freeze ffn.b2
}`;

test("the spec is right", () => {
  expect(codesOf(text), shownOf(text)).toEqual([]);
});

test.for([
  [
    "the only `return`",
    "softmax((x . x over D) over T)",
    "softmax(x . x over D over T)",
    "MEM0027",
  ],
  ["the value of the only `return`", "return x + s", "return x +", "MEM0021"],
  ["a state that methods write and read", "through\n", "thru\n", "MEM0020"],
  ["the head of a method", "last(x[T, D])", "last(x[T D])", "MEM0020"],
  ["a write", "s <- mean(x", "s <- mean(* x", "MEM0020"],
  ["what gives parameters", "y = sharpen(x) +", "y = sharpen(x) + +", "MEM0021"],
  ["an input that `data` names", "target z[T, D]", "target z[T, D] on", "MEM0023"],
])("%s", ([, right = "", wrong = "", code = ""]) => {
  const broken = text.replace(right, wrong);
  expect(broken).not.toBe(text);
  expect(codesOf(broken), shownOf(broken)).toEqual([code]);
});

test.for([
  ["a dim that sizes an axis", "dim D = 4", "dim D = = 4", "MEM0021"],
  ["a statement that takes in the line after it", "model G {", "model G { +", "MEM0020"],
  [
    "a dim called like a block",
    "dim D = 4",
    "dim D = 4, norm = = 1\n  memory f = fifo(length = norm, width = D)",
    "MEM0021",
  ],
  [
    "what a line of several writes",
    "memory m(width: int >= 1) {",
    "memory m(width int >= 1) {",
    "MEM0020",
  ],
  [
    "the statement before the one in error",
    "y = sharpen(x) + k.step(x)",
    "y = sharpen(x) + k.step(x) +",
    "MEM0021",
  ],
])("%s", ([, right = "", wrong = "", code = ""]) => {
  const broken = text.replace(right, wrong);
  expect(broken).not.toBe(text);
  expect(codesOf(broken), shownOf(broken)).toEqual([code]);
});

test("no parameter is missed where another error may have kept it away", () => {
  const broken = text.replace("norm(y +", "norm(y + zz +");
  expect(codesOf(broken), shownOf(broken)).toEqual(["MEM0110"]);
});
