/**
 * ∞-former's cases: the Transformer-XL host (`specs/infinity-former.mem`), the memory alone (`continuous-layer`), and what its
 * densities expect of the basis functions (`density`).
 */
import { InputError } from "../exit.ts";
import {
  type Adapter,
  below,
  type Excused,
  type Expected,
  expected,
  type Given,
  given,
  type Source,
  type SpecRun,
  weightGradients,
} from "./adapter.ts";
import type { GoldenCase, Hyperparameters } from "./case.ts";
import { hostSettings, hostWeights, layerOutputs, topCache } from "./transformer-xl.ts";

export const infinityFormer: Adapter = {
  system: "infinity-former",
  excused(golden) {
    const { hyperparameters: h } = golden;
    if (h.has("n_layer")) return [topCache(h.number("n_layer"))];
    return storesPositions(golden) ? [] : [otherPositions];
  },
  runs(golden) {
    const { inputs, weights } = golden;
    if (inputs.has("density_mu")) {
      return [once(golden), density(golden, "gaussian"), density(golden, "sparse")];
    }
    if (inputs.has("signal/0")) return [repeatedly(golden)];
    if (weights.has("proj_output.weight")) return [model(golden)];
    throw new InputError(`${golden.name} is of a host that has no spec here`);
  },
};

const otherPositions: Excused = {
  file: /^positions$/,
  reason:
    "the reference stores others than those of the signal: it adds or drops some at either end",
};

/** Whether the file has the positions of the signal, one each. */
const storesPositions = ({ outputs, hyperparameters: h }: GoldenCase): boolean => {
  const { shape } = outputs.get("positions") ?? {};
  return shape === undefined || shape[0] === h.number("length");
};

const densityNames = { gaussian: "softmax", sparse: "sparsemax" } as const;

/** Options of the memory, by their names in the specs. */
function memorySettings(h: Hyperparameters): Readonly<Record<string, string>> {
  const rows = h.perhaps("reset_after_tokens");
  const sticky = h.flag("sticky", false);
  const center = h.perhaps("kl_mean_term");
  const density = h.word("density", ["gaussian", "softmax", "sparse", "sparsemax"], "gaussian");
  return {
    bases: String(h.number("n_basis")),
    widths: `[${h.numbers("basis_sigmas").join(",")}]`,
    ridge: String(h.number("ridge")),
    padding: h.flag("padding", true) ? "on" : "off",
    reset: rows === undefined ? "none" : `every(rows=${rows})`,
    floor: String(h.number("sigma_sq_floor")),
    prior: String(h.number("sigma_0")),
    kl_weight: String(h.number("kl_weight")),
    mean: center === undefined ? "free" : `toward(center=${center})`,
    gate: h.word("gate", ["conv3", "none"], "none") === "conv3" ? "conv" : "none",
    density: density.startsWith("s") && density !== "softmax" ? "sparse" : "gaussian",
    sampling: sticky ? `sticky(bins=${h.number("nb_bins")})` : "linear",
    ...(h.has("tau") && { contract: String(h.number("tau")) }),
    ...(h.has("resampled_points") && { resample: String(h.number("resampled_points")) }),
  };
}

function memoryWeights(golden: GoldenCase, file: string, to: string): readonly Given[] {
  const gate = [
    given(`${file}mask_net.weight`, "E D W", `${to}.absorb.gate_convolution.weight`),
    given(`${file}mask_net.bias`, "E", `${to}.absorb.gate_convolution.bias`),
  ];
  return [
    given(`${file}proj_key.weight`, "(H K) D", `${to}.read.Wk`),
    given(`${file}proj_value.weight`, "(H K) D", `${to}.read.Wv`),
    given(`${file}attn_out.weight`, "O (H K)", `${to}.read.Wo`),
    given(`${file}mu.weight`, "1 N", `${to}.read.w_mu`),
    given(`${file}sigma.weight`, "1 N", `${to}.read.w_var`),
    ...(golden.weights.has(`${file}mask_net.weight`) ? gate : []),
  ];
}

// ---------------------------------------------------------------- the memory alone

/** The implementation for sorting puts time first and merges heads, the one for GPT-2 puts the batch first. */
function layouts(golden: GoldenCase, query: string) {
  const split = golden.inputs.get(query)?.shape.length === 4;
  return split
    ? { signal: "batch L D", query: "batch H T K", context: "batch T O" }
    : { signal: "L batch D", query: "T batch (H K)", context: "T batch O" };
}

function layerSettings(golden: GoldenCase, segments: number): Readonly<Record<string, string>> {
  const { hyperparameters: h } = golden;
  return {
    ...memorySettings(h),
    heads: String(h.number("n_heads")),
    key: String(h.number("head_size")),
    O: String(h.number(h.has("d_model") ? "d_model" : "width")),
    block: String(h.number("length")),
    "train.segment": String(h.number("query_len")),
    "train.batch": String(h.number("batch")),
    "train.rollout": String(segments),
  };
}

/** What a read gives, for a segment whose tensors end in `suffix`. */
function readings(segment: number, suffix: string, context: string): readonly Expected[] {
  const value = (address: string): Source => ({ kind: "value", segment, address });
  return [
    expected(`context${suffix}`, context, { kind: "output", segment, name: "read" }),
    expected(`mu${suffix}`, "batch H T", value("ltm.read.m")),
    expected(`sigma_sq${suffix}`, "batch H T", value("ltm.read.v")),
    expected(`kl${suffix}`, "batch (H T)", value("ltm.read.divergence")),
  ];
}

const basis: readonly Expected[] = [
  expected("basis_mu", "N", { kind: "value", segment: 0, address: "ltm.absorb.center" }),
  expected("basis_sigma", "N", { kind: "value", segment: 0, address: "ltm.absorb.spread" }),
];

/** `core-*`: one fit, one read. */
function once(golden: GoldenCase): SpecRun {
  const weights = memoryWeights(golden, "", "ltm");
  const layout = layouts(golden, "query");
  const value = (address: string): Source => ({ kind: "value", segment: 0, address });
  return {
    spec: "continuous-layer.mem",
    settings: { ...layerSettings(golden, 1), refit: "off" },
    batch: golden.hyperparameters.number("batch"),
    weights,
    fresh: [],
    segments: [
      [
        given("signal", layout.signal, "signal"),
        given("query", layout.query, "query"),
        given("context_cotangent", layout.context, "cotangent"),
      ],
    ],
    expected: [
      ...basis,
      ...readings(0, "", layout.context),
      expected("G", "L N", value("ltm.absorb.fit_first")),
      ...(storesPositions(golden)
        ? [expected("positions", "L", value("ltm.absorb.first_fit.position"))]
        : []),
      expected("coefficients", "batch N D", { kind: "next", segment: 0, address: "ltm.B" }),
      expected("loss", "", { kind: "total" }),
      expected("grad_signal", layout.signal, { kind: "gradient", segment: 0, address: "signal" }),
      expected("grad_query", layout.query, { kind: "gradient", segment: 0, address: "query" }),
      ...weightGradients(weights),
    ],
  };
}

/** The expectations under one kind of density, and their gradients. */
function density(golden: GoldenCase, kind: keyof typeof densityNames): SpecRun {
  const { hyperparameters: h, inputs } = golden;
  const name = densityNames[kind];
  const gradient = (address: string): Source => ({ kind: "gradient", segment: 0, address });
  return {
    spec: "density.mem",
    settings: {
      density: kind,
      bases: String(h.number("n_basis")),
      widths: `[${h.numbers("basis_sigmas").join(",")}]`,
      "train.segment": String(inputs.get("density_mu")?.shape[0] ?? 0),
    },
    batch: 1,
    weights: [],
    others: true,
    fresh: [],
    segments: [
      [
        given("density_mu", "(batch T)", "mu"),
        given("density_sigma_sq", "(batch T)", "variance"),
        given(`density_cotangent_${name}`, "(batch T) N", "cotangent"),
      ],
    ],
    expected: [
      expected(`density_read_${name}`, "(batch T) N", {
        kind: "output",
        segment: 0,
        name: "expectation",
      }),
      expected(`grad_density_mu_${name}`, "(batch T)", gradient("mu")),
      expected(`grad_density_sigma_sq_${name}`, "(batch T)", gradient("variance")),
    ],
  };
}

/** `ltm-*`: absorb and read, several times. */
function repeatedly(golden: GoldenCase): SpecRun {
  const { hyperparameters: h } = golden;
  const each = below(h.number("segments"));
  const weights = memoryWeights(golden, "", "ltm");
  const layout = layouts(golden, "query/0");
  const value = (segment: number, address: string): Source => ({ kind: "value", segment, address });
  return {
    spec: "continuous-layer.mem",
    settings: layerSettings(golden, each.length),
    batch: h.number("batch"),
    weights,
    fresh: [],
    segments: each.map((s) => [
      given(`signal/${s}`, layout.signal, "signal"),
      given(`query/${s}`, layout.query, "query"),
      given(`context_cotangent/${s}`, layout.context, "cotangent"),
    ]),
    draws: each.map((s) =>
      golden.inputs.has(`uniform/${s}`)
        ? [given(`uniform/${s}`, "batch P", "ltm.absorb.sticky_positions.u.u")]
        : [],
    ),
    expected: [
      ...basis,
      expected("loss", "", { kind: "total" }),
      expected("G_first", "L N", value(0, "ltm.absorb.fit_first")),
      expected("G_update", "R N", value(0, "ltm.absorb.fit_next")),
      expected("resample_basis", "P N", value(0, "ltm.absorb.basis")),
      ...each.flatMap((s) => [
        ...readings(s, `/${s}`, layout.context),
        expected(`memory/${s}`, "batch N D", { kind: "next", segment: s, address: "ltm.B" }),
        expected(`histogram/${s}`, "batch G", value(s, "ltm.absorb.sticky_positions.histogram")),
        expected(`bin/${s}`, "batch P", value(s, "ltm.absorb.sticky_positions.bin")),
        expected(`sampled_position/${s}`, "batch P", value(s, "ltm.absorb.at_time")),
        expected(`grad_memory/${s}`, "batch N D", {
          kind: "gradient",
          segment: s,
          address: "ltm.B",
        }),
        expected(`grad_signal/${s}`, layout.signal, {
          kind: "gradient",
          segment: s,
          address: "signal",
        }),
        expected(`grad_query/${s}`, layout.query, {
          kind: "gradient",
          segment: s,
          address: "query",
        }),
      ]),
      ...weightGradients(weights),
    ],
  };
}

// ---------------------------------------------------------------- the model

function model(golden: GoldenCase): SpecRun {
  const { hyperparameters: h } = golden;
  const layers = h.number("n_layer");
  const each = below(h.number("segments"));
  const all = below(layers);
  const block = h.number("ltm_block_len");
  const first = h.number("tgt_len") - (h.number("stm_len") % h.number("tgt_len"));
  if (block > first) {
    throw h.wrong(
      "ltm_block_len",
      `at most ${first}, what falls out of the short-term cache first`,
    );
  }
  const weights = [
    given("word_emb.emb_layers.0.weight", "V D", "table.weight"),
    ...hostWeights(layers),
    given("proj_output.weight", "V D", "head.weight"),
    ...all.flatMap((l) =>
      memoryWeights(golden, `layers.${l}.dec_attn.long_term_attention.`, `layer[${l}].ltm`),
    ),
  ];
  return {
    spec: "infinity-former.mem",
    settings: {
      ...hostSettings(h),
      ...memorySettings(h),
      epsilon: String(h.number("layer_norm_eps", 1e-5)),
      short: String(h.number("stm_len")),
      block: String(block),
      ignored: String(h.number("ignored_target", -1)),
    },
    batch: h.number("batch"),
    weights,
    fresh: [],
    segments: each.map((s) => [
      given(`tokens/${s}`, "T batch", "tokens"),
      given(`targets/${s}`, "T batch", "labels"),
    ]),
    draws: each.map((s) =>
      all
        .filter((l) => golden.inputs.has(`uniform/${s}/${l}`))
        .map((l) =>
          given(`uniform/${s}/${l}`, "batch P", `layer[${l}].ltm.absorb.sticky_positions.u.u`),
        ),
    ),
    expected: [
      expected("loss", "", { kind: "total" }),
      ...each.flatMap((s) => [
        expected(`ce/${s}`, "", { kind: "loss", segment: s, address: "main" }),
        expected(`logits/${s}`, "T batch vocab", { kind: "output", segment: s, name: "logits" }),
        expected(`kl/${s}`, "batch (H T)", { kind: "output", segment: s, name: "spread" }),
        ...layerOutputs(s, layers),
        ...all.flatMap((l) => [
          ...layer(s, l, "states_out", "grad_states", "M:last batch D", "past.rows"),
          ...layer(s, l, "ltm_out", "grad_ltm", "batch N D", "ltm.B"),
          expected(`ltm_context/${s}/${l}`, "T batch D", {
            kind: "value",
            segment: s,
            address: `layer[${l}].recalled`,
          }),
        ]),
      ]),
      ...weightGradients(weights),
    ],
  };
}

/** A state of a layer after a segment, and the gradient at what entered the segment. */
function layer(
  segment: number,
  l: number,
  after: string,
  gradient: string,
  layout: string,
  state: string,
): readonly Expected[] {
  const address = `layer[${l}].${state}`;
  return [
    expected(`${after}/${segment}/${l}`, layout, { kind: "next", segment, address }),
    expected(`${gradient}/${segment}/${l}`, layout, { kind: "gradient", segment, address }),
  ];
}
