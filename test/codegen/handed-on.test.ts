/** Gradient with respect to states is there where it crosses an edge between segments, and nowhere else. */
import { describe, expect, it } from "vitest";
import {
  expectSame,
  padded,
  programsOf,
  randomExample,
  roll,
  withTrain,
} from "../schedules/kit.ts";

const model = `mem 1
memory rows() { state open[D: 3] starts 0.1, gradient through
  state shut[D] starts 0.1, gradient stop
  write(x[T, D]) -> [T, D] { param u[D], v[D] ~ normal(0, 1)
    y = x * open + shut
    open <- tanh(u * mean(x over T where valid(T)))
    shut <- sin(v * mean(y over T where valid(T)))
    return y }
}
model M { dim D = 3; input x[T, D]; param w[D] ~ normal(0, 1)
  memory m = rows()
  y = m.write(x * w)
  output o = y
  loss main = (y - 0.1) ^ 2 }
`;

const trained = (throughTime: string) =>
  programsOf(
    withTrain(model, "segment 3 tokens; batch 2 streams; rollout 3 segments", throughTime),
  );

describe("the training file", () => {
  it("asks for no gradient of states by detach, and has none of what makes the next ones", async () => {
    const { text } = await trained("through_time detach");
    expect(text).not.toMatch(/dNext|dOpen|dShut|zeros|g\.cos/);
    expect(text).toContain("rowsWrite(");
  });

  it("hands on the states with gradient through alone", async () => {
    const { text } = await trained("through_time mrbp(3)");
    expect(text).toMatch(/dNext\.m\.open|dNext: /);
    expect(text).not.toMatch(/dShut|dNext\.\w+\.shut|g\.cos/);
  });

  it("gives each parameter the gradient that a horizon of one gives it, be it zero", async () => {
    const detached = await trained("through_time detach");
    const example = randomExample(detached, 7, padded);
    const one = await roll(await trained("through_time mrbp(1)"), example);
    const found = await roll(detached, example);
    expectSame(found, one);
    expect([...found.gradients.keys()].sort()).toEqual(["m.write.u", "m.write.v", "w"]);
  });
});
