/**
 * What counting bytes achieves: bigram and trigram models with additive smoothing, to hold a trained model's perplexity against.
 * p(c | context) = (count(context c) + 0.05) / (count(context) + 0.05 * 256). No interpolation between orders. The second byte
 * of a document has one byte of context, so there the trigram model uses the bigram's estimate.
 */

const BYTES = 256;
const SMOOTHING = 0.05;

/** Counts of pairs and triples of successive bytes within documents. */
export class ByteCounts {
  readonly #pairs = new Uint32Array(BYTES * BYTES);
  readonly #firsts = new Uint32Array(BYTES);
  readonly #triples = new Uint32Array(BYTES ** 3);
  readonly #firstPairs = new Uint32Array(BYTES * BYTES);

  constructor(documents: Iterable<Uint8Array>) {
    for (const document of documents) {
      for (let i = 1; i < document.length; i++) {
        const pair = byte(document, i - 1) * BYTES + byte(document, i);
        increment(this.#pairs, pair);
        increment(this.#firsts, byte(document, i - 1));
        if (i < 2) continue;
        const before = byte(document, i - 2) * BYTES + byte(document, i - 1);
        increment(this.#triples, before * BYTES + byte(document, i));
        increment(this.#firstPairs, before);
      }
    }
  }

  /** Probability of a byte after one byte. */
  bigram(first: number, next: number): number {
    return smoothed(this.#pairs[first * BYTES + next], this.#firsts[first]);
  }

  /** Probability of a byte after two bytes. */
  trigram(first: number, second: number, next: number): number {
    const before = first * BYTES + second;
    return smoothed(this.#triples[before * BYTES + next], this.#firstPairs[before]);
  }
}

function byte(document: Uint8Array, i: number): number {
  return document[i] as number;
}

function increment(counts: Uint32Array, i: number): void {
  counts[i] = (counts[i] as number) + 1;
}

function smoothed(count: number | undefined, total: number | undefined): number {
  return ((count ?? 0) + SMOOTHING) / ((total ?? 0) + SMOOTHING * BYTES);
}

export interface BaselineResult {
  /** Bytes predicted: every byte of a document but its first, as for a model with `labels = tokens ahead 1`. */
  readonly tokens: number;
  readonly bigramPerplexity: number;
  readonly trigramPerplexity: number;
}

/** Perplexities of held-out documents under counts of the training documents. NaN where there is nothing to predict. */
export function byteBaselines(counts: ByteCounts, heldOut: Iterable<Uint8Array>): BaselineResult {
  let tokens = 0;
  let bigram = 0;
  let trigram = 0;
  for (const document of heldOut) {
    for (let i = 1; i < document.length; i++) {
      const [second, next] = [byte(document, i - 1), byte(document, i)];
      const pair = Math.log(counts.bigram(second, next));
      bigram -= pair;
      trigram -= i < 2 ? pair : Math.log(counts.trigram(byte(document, i - 2), second, next));
      tokens++;
    }
  }
  return {
    tokens,
    bigramPerplexity: Math.exp(bigram / tokens),
    trigramPerplexity: Math.exp(trigram / tokens),
  };
}
