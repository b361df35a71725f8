/** Transformer-XL's cases: `specs/transformer-xl.mem`. */
import {
  type Adapter,
  below,
  type Excused,
  expected,
  type Given,
  given,
  type SpecRun,
  weightGradients,
} from "./adapter.ts";
import type { GoldenCase, Hyperparameters } from "./case.ts";

export const transformerXL: Adapter = {
  system: "transformer-xl",
  excused: ({ hyperparameters: h }) => [topCache(h.number("n_layer"))],
  runs: (golden) => [model(golden)],
};

/** The reference also caches the output of its last layer. Nothing reads that, and the spec has no such state. */
export function topCache(layers: number): Excused {
  return {
    file: new RegExp(`^(mem_out|grad_mem|states_out|grad_states)/\\d+/${layers}$`),
    reason: "the cache of the last layer's output, which nothing reads",
  };
}

/** Weights of the layers, which ∞-former's host has too. */
export function hostWeights(layers: number): readonly Given[] {
  return [
    given("r_w_bias", "H K", "content_bias"),
    given("r_r_bias", "H K", "position_bias"),
    ...below(layers).flatMap((l) => [
      ...norm(`layers.${l}.dec_attn.layer_norm`, `layer[${l}].norm1`),
      given(
        `layers.${l}.dec_attn.qkv_net.weight`,
        "(P H K) D",
        ...["Wq", "Wk", "Wv"].map((name) => `layer[${l}].relative_attention.${name}`),
      ),
      given(`layers.${l}.dec_attn.r_net.weight`, "(H K) D", `layer[${l}].relative_attention.Wr`),
      given(`layers.${l}.dec_attn.o_net.weight`, "D (H K)", `layer[${l}].relative_attention.Wo`),
      ...norm(`layers.${l}.pos_ff.layer_norm`, `layer[${l}].norm2`),
      given(`layers.${l}.pos_ff.CoreNet.0.weight`, "F D", `layer[${l}].ffn.W1`),
      given(`layers.${l}.pos_ff.CoreNet.0.bias`, "F", `layer[${l}].ffn.b1`),
      given(`layers.${l}.pos_ff.CoreNet.3.weight`, "D F", `layer[${l}].ffn.W2`),
      given(`layers.${l}.pos_ff.CoreNet.3.bias`, "D", `layer[${l}].ffn.b2`),
    ]),
  ];
}

const norm = (file: string, to: string): readonly Given[] => [
  given(`${file}.weight`, "D", `${to}.gain`),
  given(`${file}.bias`, "D", `${to}.bias`),
];

/** Sizes and switches that both hosts have. */
export function hostSettings(h: Hyperparameters): Readonly<Record<string, string>> {
  h.require("activation", "relu");
  h.require("dropout", 0);
  return {
    vocab: String(h.number("n_token")),
    depth: String(h.number("n_layer")),
    heads: String(h.number("n_head")),
    D: String(h.number("d_model")),
    key: String(h.number("d_head")),
    hidden: String(h.number("d_inner")),
    norm_place: h.flag("pre_lnorm", false) ? "pre" : "post",
    "train.segment": String(h.number("tgt_len")),
    "train.batch": String(h.number("batch")),
    "train.rollout": String(h.number("segments")),
    "train.through_time": "detach",
  };
}

/** The hidden state after each layer; layer 0 is the embedding. */
export function layerOutputs(segment: number, layers: number) {
  return below(layers + 1).map((l) =>
    expected(`layer_out/${segment}/${l}`, "T batch D", {
      kind: "value",
      segment,
      address: l === 0 ? "embedded" : `layer[${l - 1}].x`,
    }),
  );
}

/** Embedding and softmax: of one table, or of one for each cluster of the vocabulary. */
function vocabulary(h: Hyperparameters): Pick<SpecRun, "settings" | "weights"> {
  const width = h.number("d_embed", h.number("d_model"));
  const cutoffs = h.numbers("cutoffs", []);
  const narrowing = h.number("div_val", 1);
  const tied = h.flag("tie_weight");
  const clusters = below(cutoffs.length + 1);
  const sameMap = h.flags("tie_projs", []).slice(0, clusters.length);
  const settings = {
    width: String(width),
    cutoffs: `[${cutoffs.join(",")}]`,
    narrowing: String(narrowing),
    tied: tied ? "on" : "off",
    tied_maps: `[${clusters.filter((k) => sameMap[k]).join(",")}]`,
  };
  const own = (k: number, name: string) => `cluster.${k}.words.${name}`;
  const mapped = narrowing > 1 || width !== h.number("d_model");
  if (cutoffs.length === 0 && !mapped) return { settings, weights: plainVocabulary(tied) };
  /** Clusters of one width are one tensor in the file. */
  const tables = (file: string, axes: string, name: string): readonly Given[] =>
    narrowing === 1
      ? [given(file.replace("*", "0"), `V:joined ${axes}`, ...clusters.map((k) => own(k, name)))]
      : clusters.map((k) => given(file.replace("*", String(k)), `V ${axes}`, own(k, name)));
  const maps = narrowing === 1 ? clusters.slice(0, 1) : clusters;
  const backs = clusters.filter((k) => !sameMap[k]);
  const map = (file: string, k: number, name: string) => given(`${file}.${k}`, "D E", own(k, name));
  return {
    settings,
    weights: [
      ...tables("word_emb.emb_layers.*.weight", "E", "weight"),
      ...tables("crit.out_layers.*.bias", "", "bias"),
      ...(tied ? [] : tables("crit.out_layers.*.weight", "E", "out_weight")),
      ...(mapped ? maps.map((k) => map("word_emb.emb_projs", k, "map")) : []),
      ...(mapped ? backs.map((k) => map("crit.out_projs", k, "out_map")) : []),
      ...(cutoffs.length === 0
        ? []
        : [
            given("crit.cluster_weight", "C E", own(0, "entry_weight")),
            given("crit.cluster_bias", "C", own(0, "entry_bias")),
          ]),
    ],
  };
}

const plainVocabulary = (tied: boolean): readonly Given[] => [
  given("word_emb.emb_layers.0.weight", "V D", "table.weight"),
  given("crit.out_layers.0.bias", "vocab", "output_bias"),
  ...(tied ? [] : [given("crit.out_layers.0.weight", "V D", "head.weight")]),
];

function model(golden: GoldenCase): SpecRun {
  const { hyperparameters: h } = golden;
  const layers = h.number("n_layer");
  const length = h.number("mem_len");
  const clamp = h.number("clamp_len", -1);
  const slots = h.number("initial_memory_slots", 0);
  h.require("ext_len", 0);
  h.require("attn_type", 0);
  h.require("dropatt", 0);
  const words = vocabulary(h);
  const weights = [...hostWeights(layers), ...words.weights];
  const each = below(h.number("segments"));
  const all = below(layers);
  return {
    spec: "transformer-xl.mem",
    settings: {
      ...hostSettings(h),
      epsilon: String(h.number("layer_norm_eps")),
      length: String(length),
      ...words.settings,
      same_length: h.flag("same_length", false) ? "on" : "off",
      clamp: clamp > 0 ? `at(distance=${clamp})` : "off",
    },
    batch: h.number("batch"),
    weights,
    fresh: [],
    segments: each.map((s) => [
      given(`tokens/${s}`, "T batch", "tokens"),
      given(`targets/${s}`, "T batch", "labels"),
    ]),
    ...(slots > 0 && {
      states: all.map((l) => given(`mem_init/${l}`, "M:last batch D", `layer[${l}].past.rows`)),
      counts: Object.fromEntries(all.map((l) => [`layer[${l}].past.filled`, slots])),
    }),
    expected: [
      expected("loss", "", { kind: "total" }),
      ...each.flatMap((s) => [
        expected(`loss/${s}`, "", { kind: "loss", segment: s, address: "main" }),
        expected(`nll/${s}`, "T batch", { kind: "value", segment: s, address: "nll" }),
        ...layerOutputs(s, layers),
        ...all.map((l) =>
          expected(`mem_out/${s}/${l}`, "M:last batch D", {
            kind: "next",
            segment: s,
            address: `layer[${l}].past.rows`,
          }),
        ),
        ...all.map((l) =>
          expected(`grad_mem/${s}/${l}`, "M:last batch D", {
            kind: "gradient",
            segment: s,
            address: `layer[${l}].past.rows`,
          }),
        ),
      ]),
      ...weightGradients(weights),
    ],
  };
}
