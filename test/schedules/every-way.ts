/** A spec with everything that a schedule has to respect. */

/**
 * Dropout; slots through which gradient flows, one for the model and one for each layer; a cache
 * whose gradient stops, with its count; resets for single examples; two kinds of loss terms.
 */
export const everyWay = `mem 1
model EveryWay {
  dim vocab = 7, D = 6, heads = 2, layers = 2

  input  tokens[T] in vocab
  input  document in flag
  target labels[T] in vocab

  memory mem = slots(count = 3, width = D) reset when document
  use    table = embedding(vocab, width = D)

  x = table.look(tokens)
  repeat layers as layer {
    memory own  = slots(count = 2, width = D) reset when document
    memory past = fifo(length = 3, width = D) reset when document
    y = norm(x)
    x = x + mem.read(dropout(y, rate = 0.25), heads)
    x = x + own.read(y, heads) as look_up
    rows = past.span(x)
    x = x + attention(y, rows, heads)
    x = x + ffn(norm(x) as norm2, hidden = 8, activation = gelu)
    past.write(x)
    own.write(x, heads)
    loss small = 0.01 * mean(x * x over D)
  }
  mem.write(norm(x), heads)
  loss main = cross_entropy(table.score(x), labels)
}
`;
