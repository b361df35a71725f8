/** Sizes and switches that no golden case has: gradients of the generated code against central differences, in float64; onnx alike. */
import { createOnnxEngine } from "memc/runtime";
import { expect, test } from "vitest";
import { infinityFormer } from "../../src/cli/golden/infinity-former.ts";
import { memformer } from "../../src/cli/golden/memformer.ts";
import { transformerXL } from "../../src/cli/golden/transformer-xl.ts";
import { gradientError, type Variant } from "./variant.ts";

const seed = 7;
const adapters = { memformer, "transformer-xl": transformerXL, "infinity-former": infinityFormer };

const paper = "memformer/paper-full-bptt";
const xl = "transformer-xl/base-postln-empty-start";
const clamped = "transformer-xl/preln-long-memory-clamped";
const core = "infinity-former/core-one-head";
const linear = "infinity-former/ltm-linear-resampling";
const sticky = "infinity-former/ltm-sticky-resampling";
const full = "infinity-former/full-stm-ltm";

const variants: Readonly<Record<string, Variant>> = {
  "Memformer: one head, one slot, batch 1, horizon 3 of 4": {
    of: paper,
    hyperparameters: { n_head: 1, n_slots: 1, batch: 1, bptt_horizon: 3, seg_len: 5 },
    horizon: 3,
  },
  "Memformer: no slots": {
    of: paper,
    hyperparameters: { n_slots: 0, batch: 2, bptt_horizon: 2, n_segments: 3 },
    horizon: 2,
  },
  "Memformer: projected self value, no forgetting": {
    of: paper,
    hyperparameters: {
      self_value: "projected",
      forget: "none",
      tau: 1,
      dec_layers: 1,
      n_segments: 3,
    },
    horizon: 4,
  },
  "Transformer-XL: no memory": {
    of: xl,
    hyperparameters: { mem_len: 0, n_head: 1, batch: 1, tgt_len: 1 },
    horizon: 1,
  },
  "Transformer-XL: memory shorter than a segment, untied": {
    of: clamped,
    hyperparameters: { mem_len: 3, initial_memory_slots: 3, pre_lnorm: false, clamp_len: -1 },
    horizon: 1,
  },
  "Transformer-XL: partly filled start": {
    of: clamped,
    hyperparameters: { same_length: false, n_layer: 1, tie_weight: true },
    without: /crit.out_layers.0.weight|layers.1/,
    horizon: 1,
  },
  "Transformer-XL: another epsilon of its norms": {
    of: clamped,
    hyperparameters: { layer_norm_eps: 0.05, n_layer: 1 },
    without: /layers.1/,
    horizon: 1,
  },
  "Transformer-XL: adaptive, in two clusters of one width": {
    of: xl,
    hyperparameters: { cutoffs: [17], n_layer: 1, tgt_len: 4, mem_len: 3 },
    without: /layers.1/,
    horizon: 1,
  },
  "Transformer-XL: narrow tokens in one cluster": {
    of: clamped,
    hyperparameters: { d_embed: 6, tie_projs: [true], n_layer: 1, tie_weight: true },
    without: /layers.1|crit.out_layers.0.weight/,
    horizon: 1,
  },
  "Transformer-XL: adaptive, in four clusters, each a third as wide": {
    of: clamped,
    hyperparameters: {
      cutoffs: [5, 6, 20],
      div_val: 3,
      d_embed: 27,
      tie_projs: [true, false],
      n_layer: 1,
    },
    without: /layers.1/,
    horizon: 1,
  },
  "∞-former: one fit of odd length, three widths, sparse density": {
    of: core,
    hyperparameters: {
      length: 7,
      n_basis: 9,
      basis_sigmas: [0.1, 0.2, 0.3],
      density: "sparse",
      kl_mean_term: 0.4,
    },
    horizon: 1,
  },
  "∞-former: no gate, sparse density, one head, batch 1": {
    of: linear,
    hyperparameters: {
      gate: false,
      density: "sparse",
      n_heads: 1,
      d_model: 8,
      batch: 1,
      kl_mean_term: -1,
    },
    without: /mask_net/,
    horizon: 1,
  },
  "∞-former: one fit without padding": {
    of: core,
    hyperparameters: { padding: false, length: 9 },
    horizon: 1,
  },
  "∞-former: no padding, odd blocks": {
    of: linear,
    hyperparameters: { padding: false, length: 7, gate: false },
    without: /mask_net/,
    horizon: 1,
  },
  "∞-former: sticky, forgets every two blocks": {
    of: sticky,
    hyperparameters: { reset_after_tokens: 20, length: 10, segments: 6, batch: 1 },
    besides: ["uniform/0", "uniform/4", "uniform/5"],
    horizon: 1,
  },
  "∞-former: host that forgets every two blocks, without padding": {
    of: full,
    hyperparameters: { reset_after_tokens: 9, padding: false, n_layer: 1, batch: 1 },
    without: /layers.1/,
    horizon: 1,
  },
  "∞-former: sticky, few bins": {
    of: sticky,
    hyperparameters: { nb_bins: 5, n_heads: 4, head_size: 4, resampled_points: 7, length: 6 },
    besides: ["uniform/0"],
    horizon: 1,
  },
  "∞-former: pre-norm host, longer short-term memory, density of the memory sparse": {
    of: full,
    hyperparameters: {
      pre_lnorm: true,
      layer_norm_eps: 0.1,
      stm_len: 16,
      density: "sparse",
      segments: 4,
      batch: 1,
      n_layer: 1,
    },
    without: /layers.1/,
    horizon: 1,
  },
  "∞-former: sticky host": {
    of: full,
    hyperparameters: {
      sticky: true,
      layer_norm_eps: 1e-3,
      nb_bins: 16,
      segments: 2,
      tgt_len: 4,
      ltm_block_len: 4,
      stm_len: 4,
    },
    horizon: 1,
  },
};

test.each(Object.entries(variants))("%s", async (_, variant) => {
  console.log("seed", seed);
  const system = variant.of.split("/")[0] as keyof typeof adapters;
  const errors = await gradientError(adapters[system], variant, seed, await createOnnxEngine());
  expect(errors.differences).toBeLessThan(1e-6);
  expect(errors.engines).toBeLessThan(1);
});
