"""Memformer in PyTorch, trained by memory replay back-propagation, as a peer of specs/memformer.mem.

Reads a folder written by bench/training-step.mjs: weights.safetensors (initial values), segments.safetensors (the inputs of every
rollout), settings.json. Then obeys lines on standard input: `run N` does N optimiser steps and answers one line of JSON with the
losses and the milliseconds of each step. Options: --compile for torch.compile, --threads N.
"""

import argparse
import json
import math
import struct
import sys
import time
from pathlib import Path

import torch
import torch.nn.functional as F

DTYPES = {"F32": torch.float32, "I32": torch.int32, "U8": torch.uint8, "BOOL": torch.bool}


def read_safetensors(path):
    data = Path(path).read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    body = bytearray(data[8 + length :])
    tensors = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        start, end = entry["data_offsets"]
        flat = torch.frombuffer(body[start:end], dtype=DTYPES[entry["dtype"]]).clone()
        tensors[name] = flat.reshape(entry["shape"])
    return tensors


class Memformer:
    """The functions of one segment. `p` maps names such as `encoder.0.attention.Wq` to parameters."""

    def __init__(self, p, settings):
        self.p = p
        self.heads = settings["heads"]
        self.encoders = settings["encoders"]
        self.decoders = settings["decoders"]
        self.temperature = settings["temperature"]

    def norm(self, x, name):
        p = self.p
        return F.layer_norm(x, x.shape[-1:], p[f"{name}.gain"], p[f"{name}.bias"], 1e-5)

    def heads_of(self, x, weight):
        width = weight.shape[0]
        y = x @ weight.reshape(width, -1)
        return y.view(*x.shape[:-1], self.heads, -1).transpose(-3, -2)

    def attention(self, x, context, name, mask):
        p = self.p
        q = self.heads_of(x, p[f"{name}.Wq"])
        k = self.heads_of(context, p[f"{name}.Wk"])
        v = self.heads_of(context, p[f"{name}.Wv"])
        y = F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
        y = y.transpose(-3, -2).flatten(-2)
        return y @ p[f"{name}.Wo"].flatten(0, 1)

    def ffn(self, x, name):
        p = self.p
        y = self.norm(x, f"{name}.x.norm")
        h = torch.relu(torch.addmm(p[f"{name}.b1"], y.flatten(0, 1), p[f"{name}.W1"]))
        return torch.addmm(p[f"{name}.b2"], h, p[f"{name}.W2"]).view_as(x)

    def start(self):
        return self.unit(self.p["mem.bias"])

    @staticmethod
    def unit(x):
        return x * torch.rsqrt(torch.clamp((x * x).sum(-1, keepdim=True), min=1e-24))

    def encode(self, tokens, memory, valid):
        p = self.p
        keys = valid[:, None, None, :]
        x = F.embedding(tokens, p["table.weight"]) + p["encoder_position"]
        for i in range(self.encoders):
            name = f"encoder.{i}"
            y = self.norm(x, f"{name}.norm")
            x = x + self.attention(y, y, f"{name}.attention", keys)
            y = self.norm(x, f"{name}.mem.read.x.norm")
            x = x + self.attention(y, memory, f"{name}.mem.read.attention", None)
            x = x + self.ffn(x, f"{name}.ffn")
        return self.norm(x, "encoder_norm")

    def write(self, x, memory, valid):
        p = self.p
        q = self.heads_of(memory, p["mem.write.Wq"])
        itself = (q * self.heads_of(memory, p["mem.write.Wk"])).sum(-1, keepdim=True)
        tokens = q @ self.heads_of(x, p["mem.write.Wk"]).transpose(-1, -2)
        tokens = tokens.masked_fill(~valid[:, None, None, :], -math.inf)
        scale = math.sqrt(q.shape[-1]) * self.temperature
        weights = torch.softmax(torch.cat([itself, tokens], -1) / scale, -1)
        own = memory.view(*memory.shape[:-1], self.heads, -1).transpose(-3, -2)
        mixed = weights[..., :1] * own + weights[..., 1:] @ self.heads_of(x, p["mem.write.Wv"])
        written = self.unit(mixed.transpose(-3, -2).flatten(-2) + p["mem.bias"])
        return torch.where(valid.any(-1)[:, None, None], written, memory)

    def decode(self, following, encoded, valid):
        p = self.p
        length = following.shape[1]
        keys = valid[:, None, None, :]
        causal = torch.ones(length, length, dtype=torch.bool).tril() & keys
        shifted = F.pad(following, (1, 0))[:, :length]
        x = F.embedding(shifted, p["table.weight"]) + p["decoder_position"]
        for i in range(self.decoders):
            name = f"decoder.{i}"
            y = self.norm(x, f"{name}.norm")
            x = x + self.attention(y, y, f"{name}.attention", causal)
            y = self.norm(x, f"{name}.cross.x.norm")
            x = x + self.attention(y, encoded, f"{name}.cross", keys)
            x = x + self.ffn(x, f"{name}.ffn")
        return self.norm(x, "decoder_norm") @ p["table.weight"].t() + p["output_bias"]

    def enter(self, carried, reset):
        return torch.where(reset[:, None, None], self.start(), carried)

    def critical(self, segment, carried):
        tokens, _, reset, valid = segment
        memory = self.enter(carried, reset)
        return self.write(self.encode(tokens, memory, valid), memory, valid)

    def loss(self, segment, carried):
        tokens, following, reset, valid = segment
        memory = self.enter(carried, reset)
        encoded = self.encode(tokens, memory, valid)
        after = self.write(encoded, memory, valid)
        logits = self.decode(following, encoded, valid)
        nll = F.cross_entropy(logits.flatten(0, 1), following.flatten(), reduction="none")
        count = valid.sum().clamp(min=1)
        return (nll * valid.flatten()).sum() / count, after


class Trainer:
    def __init__(self, folder, compiled):
        self.settings = json.loads((folder / "settings.json").read_text())
        weights = read_safetensors(folder / "weights.safetensors")
        self.parameters = {name: value.requires_grad_() for name, value in weights.items()}
        self.segments = read_safetensors(folder / "segments.safetensors")
        self.model = Memformer(self.parameters, self.settings)
        plain = set(self.settings["without_decay"])
        decay = self.settings["weight_decay"]
        groups = [
            {"params": [v for n, v in self.parameters.items() if (n in plain) == is_plain],
             "weight_decay": 0.0 if is_plain else decay}
            for is_plain in (False, True)
        ]
        self.optimizer = torch.optim.AdamW(
            groups, lr=1.0, betas=tuple(self.settings["betas"]), eps=self.settings["epsilon"],
            fused=True,
        )
        # Sweep 2 of the algorithm differentiates loss + <next memory, gradient that came back>.
        self.segment_loss = torch.compile(self.replay_loss) if compiled else self.replay_loss
        self.critical = torch.compile(self.model.critical) if compiled else self.model.critical
        batch = self.settings["batch"]
        slots, width = weights["mem.bias"].shape
        self.carried = torch.zeros(batch, slots, width)
        self.step_number = 0

    def replay_loss(self, segment, carried, weight, back):
        loss, after = self.model.loss(segment, carried)
        return weight * loss + (after * back).sum(), loss, after

    def segment(self, step, s):
        part = self.segments
        reset = part["document"][step, s].bool() | part["fresh"][step, s].bool()
        return (part["tokens"][step, s], part["following"][step, s].long(), reset,
                part["valid"][step, s].bool())

    def step(self):
        step = self.step_number
        count = self.settings["rollout"]
        segments = [self.segment(step, s) for s in range(count)]
        entering = [self.carried]
        with torch.no_grad():
            for segment in segments[:-1]:
                entering.append(self.critical(segment, entering[-1]))
        self.optimizer.zero_grad(set_to_none=True)
        back = torch.zeros_like(self.carried)
        losses, counts = [], []
        for s in reversed(range(count)):
            carried = entering[s].detach().requires_grad_()
            total, loss, after = self.segment_loss(segments[s], carried, 1 / count, back)
            total.backward()
            back = carried.grad
            losses.append(loss.detach())
            counts.append(segments[s][3].sum())
            if s == count - 1:
                self.carried = after.detach()
        torch.nn.utils.clip_grad_norm_(list(self.parameters.values()), self.settings["clip"])
        rate = self.settings["rates"][step]
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.optimizer.step()
        self.step_number += 1
        # As memc reports it: the mean over the tokens of the step.
        return float(sum(loss * n for loss, n in zip(losses, counts)) / sum(counts))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--compile", action="store_true")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    trainer = Trainer(options.folder, options.compile)
    print(json.dumps({"ready": torch.__version__}), flush=True)
    for line in sys.stdin:
        word, count = line.split()
        if word != "run":
            raise SystemExit(f"unknown order {word}")
        losses, milliseconds = [], []
        for _ in range(int(count)):
            start = time.perf_counter()
            losses.append(trainer.step())
            milliseconds.append(1000 * (time.perf_counter() - start))
        print(json.dumps({"losses": losses, "milliseconds": milliseconds}), flush=True)


main()
