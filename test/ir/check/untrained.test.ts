/** Parameters that no loss can move, and what keeps gradient from them. */
import { describe, expect, test } from "vitest";
import { codesOf, shownOf } from "./kit.ts";

const memory = (gradient: "stop" | "through"): string => `memory sums(width: int >= 1) {
  dim D = width
  param gate[D] starts 1
  state s[D] starts 0, gradient ${gradient}
  read() -> [D] { return s }
  write(x[T, D]) { s <- s + gate * sum(x over T where valid(T)) }
}
model M {
  dim D = 4
  input x[T, D]
  target z[T, D]
  param w[D] starts 1
  memory mem = sums(width = D)
  output y = w * x + mem.read()
  mem.write(x)
  loss main = sum((y - z) ^ 2 over D)
}
`;
const far = "rollout 4 segments; through_time bptt(horizon = 4)";

describe("a parameter that only writes a state", () => {
  test("which is `gradient stop`", () => {
    expect(
      shownOf(`${memory("stop")}train { ${far} }`),
    ).toBe(`warning[MEM0319]: No loss gives mem.gate a gradient, so it stays as it starts.
 --> spec.mem:3:9
  |
3 |   param gate[D] starts 1
  |         ^^^^
note: mem.s is \`gradient stop\`: no gradient crosses the edge of a segment there.
 --> spec.mem:4:9
  |
4 |   state s[D] starts 0, gradient stop
  |         ^
help: Declare the state \`gradient through\`, or use the parameter where states are read, or say that it is meant: freeze mem.gate.
`);
  });

  test.for([
    ["train { rollout 4 segments }", "`through_time detach` lets no gradient back"],
    ["train { rollout 4 segments; through_time bptt(horizon = 1) }", "this schedule lets no"],
    ["train { rollout 4 segments; cut after 0 }", "`through_time detach` lets no gradient back"],
    [`train { ${far}; cut after 0, 1, 2 }`, "this schedule lets no gradient back"],
  ])("through %s", ([schedule, why]) => {
    const shown = shownOf(memory("through") + schedule);
    expect(shown).toContain(
      "warning[MEM0319]: No loss gives mem.gate a gradient, so it stays as it starts.",
    );
    expect(shown).toContain(`note: It goes through mem.s into later segments, and ${why}`);
    expect(shown).toContain("help: Let gradient go back: rollout 4 segments");
  });

  test.for([
    ["gradient goes back", `train { ${far} }`],
    ["some edge is left open", `train { ${far}; cut after 1 }`],
    ["it is frozen", "train { freeze mem.gate }"],
    ["all of its memory is", "train { freeze mem }"],
    ["it is in a group of rate 0", "train { group mem { rate 0 } }"],
    [
      "the last rate it is given is 0",
      "train { group ** { rate 1e-4 }; group mem.gate { rate 0 } }",
    ],
    ["nothing is trained", "evaluate { segment 8 tokens }"],
  ])("but %s", ([, schedule]) => {
    expect(codesOf(memory("through") + schedule)).toEqual([]);
  });
});

test.for([
  ["weight decay of 0", "group mem.gate { weight_decay 0 }"],
  ["rate of 0 that a later group takes back", "group ** { rate 0 }; group mem { rate 1e-4 }"],
])("a %s does not say that a parameter is not to be trained", ([, groups]) => {
  expect(codesOf(`${memory("through")}train { ${groups} }`)).toEqual(["MEM0319"]);
});

describe("a parameter of the model", () => {
  const model = (body: string): string =>
    `model M { input x[T]; target z[T]; param w, v starts 1\n${body}\nloss main = (y - z) ^ 2 }\ntrain { steps 1 }`;

  test.for([
    ["behind `stop`", "output y = w * x + stop(v)", ["MEM0319"]],
    ["behind a comparison", "output y = where(v > 0, w * x, x)", ["MEM0319"]],
    ["that an output alone needs", "output y = w * x\noutput other = v * x", ["MEM0319"]],
    ["that a loss needs", "output y = w * x + stop(v)\nloss other = v ^ 2", []],
    ["in a loop", "a = x\nrepeat 3 as i { a = v * a }\noutput y = w * a", []],
    ["carried by a loop to the loss", "b = v\nrepeat 3 as i { b = b * w }\noutput y = b * x", []],
  ] as const)("%s", ([, body, codes]) => {
    expect(codesOf(model(body))).toEqual(codes);
  });

  test("several are told at once, those of the library where training is asked for", () => {
    const shown = shownOf(
      "model M { dim D = 2; input x[T, D]; param w[D] starts 1; output y = w * x + stop(norm(x)); loss main = sum(y over D) }\ntrain { steps 1 }",
    );
    expect(shown).toContain("No loss gives norm.gain and norm.bias a gradient, so they stay");
    expect(shown).toContain(" --> spec.mem:2:1");
  });
});
