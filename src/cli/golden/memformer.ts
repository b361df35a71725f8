/** Memformer's cases: the paper's model (`specs/memformer.mem`), and its memory alone (`slots-writer`, `slots-reader`). */

import { InputError } from "../exit.ts";
import {
  type Adapter,
  below,
  expected,
  type Given,
  given,
  type SpecRun,
  weightGradients,
} from "./adapter.ts";
import type { GoldenCase } from "./case.ts";

export const memformer: Adapter = {
  system: "memformer",
  excused: () => [],
  runs(golden) {
    const { weights, inputs } = golden;
    if (weights.has("emb")) return [model(golden)];
    if (weights.has("read.wq")) return [reader(golden)];
    if (weights.has("writer.wq") && inputs.has("memory")) return [writer(golden)];
    throw new InputError(
      `${golden.name} is not of the paper's Memformer, the only one with a spec here`,
    );
  },
};

const attention = (file: string, to: string): readonly Given[] => [
  given(`${file}.wq`, "D (H K)", `${to}.Wq`),
  given(`${file}.wk`, "E (H K)", `${to}.Wk`),
  given(`${file}.wv`, "E (H K)", `${to}.Wv`),
  given(`${file}.wo`, "(H K) D", `${to}.Wo`),
];

const norm = (file: string, to: string): readonly Given[] => [
  given(`${file}.gain`, "D", `${to}.gain`),
  given(`${file}.bias`, "D", `${to}.bias`),
];

const feedForward = (file: string, to: string): readonly Given[] => [
  given(`${file}.w1`, "D F", `${to}.W1`),
  given(`${file}.b1`, "F", `${to}.b1`),
  given(`${file}.w2`, "F D", `${to}.W2`),
  given(`${file}.b2`, "D", `${to}.b2`),
];

const writerWeights: readonly Given[] = [
  given("writer.v_bias", "S D", "mem.bias"),
  given("writer.wq", "D (H K)", "mem.write.Wq"),
  given("writer.wk", "D (H K)", "mem.write.Wk"),
  given("writer.wv", "D (H K)", "mem.write.Wv"),
];

function modelWeights(encoders: number, decoders: number): readonly Given[] {
  return [
    given("emb", "V D", "table.weight"),
    given("pos_enc", "T D", "encoder_position"),
    given("pos_dec", "T D", "decoder_position"),
    given("out_bias", "vocab", "output_bias"),
    ...norm("enc.ln", "encoder_norm"),
    ...norm("dec.ln", "decoder_norm"),
    ...writerWeights,
    ...below(encoders).flatMap((l) => [
      ...norm(`enc${l}.ln1`, `encoder[${l}].norm`),
      ...attention(`enc${l}.self`, `encoder[${l}].attention`),
      ...norm(`enc${l}.ln2`, `encoder[${l}].mem.read.x.norm`),
      ...attention(`enc${l}.read`, `encoder[${l}].mem.read.attention`),
      ...norm(`enc${l}.ln3`, `encoder[${l}].ffn.x.norm`),
      ...feedForward(`enc${l}.ffn`, `encoder[${l}].ffn`),
    ]),
    ...below(decoders).flatMap((l) => [
      ...norm(`dec${l}.ln1`, `decoder[${l}].norm`),
      ...attention(`dec${l}.self`, `decoder[${l}].attention`),
      ...norm(`dec${l}.ln2`, `decoder[${l}].cross.x.norm`),
      ...attention(`dec${l}.cross`, `decoder[${l}].cross`),
      ...norm(`dec${l}.ln3`, `decoder[${l}].ffn.x.norm`),
      ...feedForward(`dec${l}.ffn`, `decoder[${l}].ffn`),
    ]),
  ];
}

/** Variants of the memory that the options of `slots` know. */
function slotSettings({ hyperparameters: h }: GoldenCase): Readonly<Record<string, string>> {
  return {
    D: String(h.number("d_model")),
    heads: String(h.number("n_head")),
    slots: String(h.number("n_slots")),
    "train.segment": String(h.number("seg_len")),
    "mem.self_value": h.word("self_value", ["raw", "projected"], "raw"),
    "mem.forget": h
      .word("forget", ["biased_norm", "bmn", "none"], "biased_norm")
      .replace("bmn", "biased_norm"),
  };
}

function model(golden: GoldenCase): SpecRun {
  const { hyperparameters: h } = golden;
  const encoders = h.number("enc_layers");
  const decoders = h.number("dec_layers");
  const segments = h.number("n_segments");
  const weights = modelWeights(encoders, decoders);
  h.require("activation", "relu");
  const each = below(segments);
  const entering = (file: string, segment: number) =>
    expected(file, "batch S D", { kind: "gradient", segment, address: "mem.M" });
  return {
    spec: "memformer.mem",
    settings: {
      ...slotSettings(golden),
      temperature: String(h.number("tau")),
      vocab: String(h.number("n_token")),
      hidden: String(h.number("d_ff")),
      encoders: String(encoders),
      decoders: String(decoders),
      "train.batch": String(h.number("batch")),
      "train.rollout": String(segments),
      "train.through_time": `mrbp(horizon=${h.number("bptt_horizon")})`,
    },
    batch: h.number("batch"),
    weights,
    fresh: [],
    segments: each.map((s) => [
      given(`src/seg${s}`, "batch T", "tokens"),
      given(`tgt/seg${s}`, "batch T", "following"),
    ]),
    expected: [
      expected("loss", "", { kind: "total" }),
      expected("memory_init", "batch S D", { kind: "value", segment: 0, address: "mem.M" }),
      entering("grad_mem0", 0),
      ...each.flatMap((s) => [
        expected(`loss/seg${s}`, "", { kind: "loss", segment: s, address: "main" }),
        expected(`logits/seg${s}`, "batch T vocab", { kind: "output", segment: s, name: "logits" }),
        expected(`encoder_out/seg${s}`, "batch T D", {
          kind: "value",
          segment: s,
          address: "encoded",
        }),
        expected(`memory/seg${s}`, "batch S D", { kind: "next", segment: s, address: "mem.M" }),
        entering(`grad_memory_in/seg${s}`, s),
      ]),
      ...weightGradients(weights),
    ],
  };
}

function writer(golden: GoldenCase): SpecRun {
  const { hyperparameters: h } = golden;
  const steps = h.number("steps");
  const each = below(steps);
  return {
    spec: "slots-writer.mem",
    settings: {
      ...slotSettings(golden),
      temperature: String(h.number("tau")),
      "train.batch": String(h.number("batch")),
      "train.rollout": String(steps),
      "train.through_time": `mrbp(horizon=${steps})`,
    },
    batch: h.number("batch"),
    weights: writerWeights,
    fresh: [],
    segments: each.map((s) => [
      given(`x/step${s}`, "batch T D", "x"),
      given("loss_weight", "batch S D", "cotangent"),
    ]),
    states: [given("memory", "batch S D", "mem.M")],
    expected: [
      expected("loss", "", { kind: "total" }),
      expected("grad_memory", "batch S D", { kind: "gradient", segment: 0, address: "mem.M" }),
      ...each.flatMap((s) => [
        expected(`attention/step${s}`, "batch H S E", {
          kind: "value",
          segment: s,
          address: "mem.write.p",
        }),
        expected(`candidate/step${s}`, "batch S D", {
          kind: "value",
          segment: s,
          address: "mem.write.candidate",
        }),
        expected(`memory/step${s}`, "batch S D", { kind: "next", segment: s, address: "mem.M" }),
        expected(`grad_x/step${s}`, "batch T D", { kind: "gradient", segment: s, address: "x" }),
      ]),
      ...weightGradients(writerWeights),
    ],
  };
}

function reader(golden: GoldenCase): SpecRun {
  const { hyperparameters: h } = golden;
  const weights = attention("read", "mem.read.attention");
  return {
    spec: "slots-reader.mem",
    settings: {
      ...slotSettings(golden),
      "train.batch": String(h.number("batch")),
      "train.rollout": "1",
    },
    batch: h.number("batch"),
    weights,
    fresh: ["mem.bias"],
    segments: [[given("x", "batch T D", "x"), given("loss_weight", "batch T D", "cotangent")]],
    states: [given("memory", "batch S D", "mem.M")],
    expected: [
      expected("loss", "", { kind: "total" }),
      expected("read", "batch T D", { kind: "output", segment: 0, name: "read" }),
      expected("attention", "batch H T S", {
        kind: "value",
        segment: 0,
        address: "mem.read.attention.p",
      }),
      expected("grad_x", "batch T D", { kind: "gradient", segment: 0, address: "x" }),
      expected("grad_memory", "batch S D", { kind: "gradient", segment: 0, address: "mem.M" }),
      ...weightGradients(weights),
    ],
  };
}
