/** Did-you-mean: the one candidate a misspelt name most likely stands for. */

const longestName = 64;

/**
 * The only candidate if there is one alone, else one that differs in case only, else the nearest,
 * if its edits are no more than a third of the name's letters. Ties go to the candidate listed
 * first; undefined when nothing is near.
 */
export function suggest(name: string, candidates: Iterable<string>): string | undefined {
  const names = [...new Set(candidates)].filter((candidate) => candidate !== name);
  if (names.length <= 1) return names[0];
  if (name.length > longestName) return undefined;
  const folded = name.toLowerCase();
  const sameLetters = names.find((candidate) => candidate.toLowerCase() === folded);
  if (sameLetters !== undefined) return sameLetters;
  let nearest: string | undefined;
  let nearestDistance = Math.floor(name.length / 3) + 1;
  for (const candidate of names) {
    if (Math.abs(candidate.length - name.length) >= nearestDistance) continue;
    const distance = editDistance(folded, candidate.toLowerCase());
    if (distance < nearestDistance) {
      nearest = candidate;
      nearestDistance = distance;
    }
  }
  return nearest;
}

/**
 * Optimal string alignment: insertions, deletions, substitutions and swaps of neighbours cost one
 * each.
 */
export function editDistance(left: string, right: string): number {
  let beforePrevious: number[] = [];
  let previous = Array.from({ length: right.length + 1 }, (_, column) => column);
  for (let row = 1; row <= left.length; row++) {
    const current = [row];
    for (let column = 1; column <= right.length; column++) {
      const same = left[row - 1] === right[column - 1];
      let cost = Math.min(
        previous[column]! + 1,
        current[column - 1]! + 1,
        previous[column - 1]! + (same ? 0 : 1),
      );
      const swapped =
        row > 1 &&
        column > 1 &&
        left[row - 1] === right[column - 2] &&
        left[row - 2] === right[column - 1];
      if (swapped) cost = Math.min(cost, beforePrevious[column - 2]! + 1);
      current.push(cost);
    }
    beforePrevious = previous;
    previous = current;
  }
  return previous[right.length]!;
}
