/** A model that training norms over the batch, between reading and writing a memory. */
export const overTheBatch = `mem 1
block batch_norm(x[T, D]) -> [T, D] {
  param gain[D] starts 1
  param bias[D] starts 0
  when training and on {
    m = mean(x over (batch, T) where valid(T))
    v = mean((x - m) ^ 2 over (batch, T) where valid(T))
  } else {
    m = mean(x over T where valid(T))
    v = mean((x - m) ^ 2 over T where valid(T))
  }
  return gain * (x - m) * rsqrt(v + 0.1) + bias
}
memory sums(width: int) {
  dim D = width
  state s[D] starts 0, gradient through
  read() -> [D] { return s }
  write(x[T, D]) { s <- 0.5 * s + mean(x over T where valid(T)) }
}
model Normed {
  dim vocab = 5, D = 4
  input  tokens[T] in vocab
  target labels[T] in vocab
  use table = embedding(vocab, width = D, deviation = 0.5)
  memory past = sums(width = D)
  x = table.look(tokens) + past.read()
  past.write(tanh(x))
  repeat 2 as layer { x = x + tanh(linear(batch_norm(x), out = D)) }
  output logits = table.score(when not training { x } else { x - softmax(x over batch) })
  loss main = cross_entropy(logits, labels)
}
`;
