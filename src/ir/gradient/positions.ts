/** Positions in lists of inputs, results and operands. */

/** Positions of the items for which it holds. */
export function positions<Item>(
  items: readonly Item[],
  holds: (item: Item) => boolean,
): readonly number[] {
  return items.flatMap((item, position) => (holds(item) ? [position] : []));
}

/** The numbers in ascending order. */
export function sorted(numbers: Iterable<number>): readonly number[] {
  return [...numbers].sort((a, b) => a - b);
}

/** The items at these positions. */
export function pick<Item>(items: readonly Item[], which: readonly number[]): readonly Item[] {
  return which.flatMap((position) => items.slice(position, position + 1));
}
