/** The library's attentions: which rows of a context each row sees, beside a cache of another length and before it is full. */
import { describe, expect, test } from "vitest";
import { parametersOf, programOf, type Rows, run, shownOf } from "./kit.ts";

/**
 * One head of width 1 with parameters of 1, and a context of ones and zeros times 0, so that every score is 0: a row is the mean
 * of what it sees.
 */
const model = (attention: string, segment = 2) => `model M {
  dim D = 1, E = 1
  input x[T, D]
  dim S = 4
  input context[S, E]
  input there[S] in flag
  output y = ${attention}
  output unread = sum(context * where(there, 1, 0) over S)
}
evaluate { segment ${segment} tokens }`;

const zeros = { "attention.Wq": 0, "masked_attention.Wq": 0 };

/** The first column of y, a mean for each row of x, without rounding of the last digits. */
function rowsOf(text: string, inputs: Readonly<Record<string, Rows>>): readonly number[] {
  const { y } = run(programOf(text), { ...zeros, ...inputs }, ["T"]) as { readonly y: number[][] };
  return y.map(([entry = Number.NaN]) => Number(entry.toFixed(9)));
}

function means(attention: string, inputs: Readonly<Record<string, Rows>>, segment = 2) {
  const x = new Array<number>(segment).fill(1);
  return rowsOf(model(attention, segment), { x, ...inputs });
}

describe("attention, causal", () => {
  test("over a context of its own length: each row and those before it", () => {
    const text = `model M { dim D = 1; input x[T, D]
  output y = attention(x, x, heads = 1, mask = causal) }
evaluate { segment 3 tokens }`;
    expect(rowsOf(text, { x: [1, 2, 6] })).toEqual([1, 1.5, 3]);
  });

  test("over a longer one, whose last rows are its own: these and all older ones", () => {
    const causal = "attention(x, context, heads = 1, mask = causal)";
    const context = [8, 4, 6, 2];
    expect(means(causal, { context })).toEqual([6, 5]);
    expect(means(causal, { context }, 1)).toEqual([5]);
  });

  test("over a shorter one, whose rows are its last: nothing for the rows before", () => {
    const causal = "attention(x, context, heads = 1, mask = causal)";
    expect(means(causal, { context: [8, 4, 6, 2] }, 6)).toEqual([0, 0, 8, 6, 6, 5]);
  });
});

describe("masked_attention", () => {
  const given = { context: [8, 4, 6, 2], there: [0, 1, 1, 1] };

  test("sees the rows that are there", () => {
    expect(means("masked_attention(x, context, there, heads = 1)", given)).toEqual([4, 4]);
    const none = { ...given, there: [0, 0, 0, 0] };
    expect(means("masked_attention(x, context, there, heads = 1)", none)).toEqual([0, 0]);
  });

  test("causal, of these the rows up to its own", () => {
    const causal = "masked_attention(x, context, there, heads = 1, mask = causal)";
    expect(means(causal, given)).toEqual([5, 4]);
  });

  test("has the parameters of attention", () => {
    expect(parametersOf(model("masked_attention(x, context, there, heads = 1)"))).toEqual(
      ["Wk", "Wo", "Wq", "Wv"].map((name) => `masked_attention.${name}`),
    );
  });
});

test("attend is attention of queries that are there already", () => {
  const text = `model M {
  dim H = 1, K = 1
  input q[T, H, K]
  dim S = 3
  input k[S, H, K]
  input v[S, H, K]
  input there[S] in flag
  output y = attend(q, k, v, there)
}
evaluate { segment 2 tokens }`;
  const given = { q: [0, 1], k: [Math.log(3), 0, 9], v: [8, 4, 1], there: [1, 1, 0] };
  const { y } = run(programOf(text), given, ["T", "H", "K"]) as { y: number[][][] };
  expect(y.flat(2)[0]).toBeCloseTo(6);
  expect(y.flat(2)[1]).toBeCloseTo(7);
});

describe("beside a cache", () => {
  const cached = (attention: string) => `model M {
  dim D = 1
  input x[T, D]
  memory past = fifo(length = 3, width = D)
  output y = ${attention}
  past.write(x)
}
evaluate { segment 2 tokens }`;
  const segment = { x: [6, 2], fresh: 0, "past.rows": [0, 0, 4], "past.filled": 1 };

  test("a row sees what has been cached, what stands before it, and no row that does not exist", () => {
    const text = cached(
      "masked_attention(x, past.span(x), past.seen(x), heads = 1, mask = causal)",
    );
    expect(rowsOf(text, segment)).toEqual([5, 4]);
  });

  test("attention without what exists sees rows that are not filled yet as zeros", () => {
    const text = cached("attention(x, past.span(x), heads = 1, mask = causal)");
    expect(rowsOf(text, segment)).toEqual([2.5, 2.4]);
  });
});

describe("models of the field, without attention written by hand", () => {
  test("a Recurrent Memory Transformer", () => {
    const text = `memory carried(count: int >= 1, width: int >= 1) {
  dim S = count, D = width
  param initial[S, D] ~ normal(0, 0.02)
  state M[S, D] starts initial, gradient through
  around(x[T, D]) -> rows[E, D], there[E] {
    rows  = join(M over S, x over T, M over S as E)
    there = join(index(S) >= 0 over S, valid(T) over T, index(S) >= 0 over S as E)
  }
  write(x[S, D]) { M <- x }
}
model RMT {
  dim vocab = 8, D = 4, heads = 2, count = 2
  input  tokens[T] in vocab
  target labels[T] in vocab
  memory mem = carried(count, width = D)
  use    table = embedding(vocab, width = D)
  x, there = mem.around(table.look(tokens))
  repeat 2 as layer {
    y = norm(x)
    x = x + masked_attention(y, y, there, heads, mask = causal)
  }
  _, body, tail = x split E into (A: count, T, B: count)
  mem.write(tail)
  output logits = table.score(body)
  loss main = cross_entropy(logits, labels)
}
train { data { labels = tokens ahead 1 }; segment 4 tokens }`;
    expect(shownOf(text)).toBe("");
  });

  test("a Compressive Transformer, whose loss attends with its own weights", () => {
    const text = `memory compressive(length: int >= 1, slots: int >= 1, c: int >= 1, width: int >= 1, heads: int >= 1) {
  dim M = length, N = slots, D = width, R = c
  param Wc[R, D -> E: D] ~ glorot
  state rows[M, D], packed[N, D] starts 0, gradient stop
  state filled in 0 .. M starts 0
  state packed_filled in 0 .. N starts 0
  step(x[T, D]) -> [T, D] {
    dim P = T / c
    use read = masked_attention(heads, mask = causal)
    all   = join(packed over N, rows over M, x over T as S)
    known = join(index(N) >= N - packed_filled over N, index(M) >= M - filled over M, valid(T) over T as S)
    y     = read(x, all, known)
    old   = first(rows over M, T as L)
    exists = index(L) >= M - filled
    new   = ((old split L as (P, R)) . Wc over (R, D)) rename E as D
    alive = any(exists split L as (P, R) over R)
    q     = stop(x) . stop(read.Wq) over D
    full  = attend(q, old . stop(read.Wk rename E as D) over D, old . stop(read.Wv rename E as D) over D, exists)
    small = attend(q, new . stop(read.Wk rename E as D) over D, new . stop(read.Wv rename E as D) over D, alive)
    loss reconstruction = (full - small) ^ 2
    rows   <- last(join(rows over M, x over T as S) over S, M as M)
    filled <- min(filled + sum(valid(T) over T), M)
    packed <- last(join(packed over N, new over P as S) over S, N as N)
    packed_filled <- min(packed_filled + sum(alive over P), N)
    return y
  }
}
model CT {
  dim vocab = 8, D = 4
  input  tokens[T] in vocab
  target labels[T] in vocab
  use table = embedding(vocab, width = D)
  memory past = compressive(length = 4, slots = 4, c = 2, width = D, heads = 2)
  output logits = table.score(past.step(table.look(tokens)))
  loss main = cross_entropy(logits, labels)
}
train { data { labels = tokens ahead 1 }; segment 4 tokens }`;
    expect(shownOf(text)).toBe("");
  });
});
