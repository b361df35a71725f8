/** Random changes of one token of a spec. */
import type { Random } from "../kit.ts";

/** A comment or a string is found whole, so that none of its words is taken for a token. */
const token = /\/\/.*|"[^"\n\r]*"|[A-Za-z_]\w*|\d+(?:\.\d+)?|\.\.\.|<-|->|\.\.|[<>=!]=|[^\s\w]/g;

/** The text with one token removed, doubled, swapped with its neighbour, or replaced by another token of the text; comments stay. */
export function mutate(text: string, random: Random): string {
  const tokens = [...text.matchAll(token)].filter(([found]) => !found.startsWith("//"));
  const pick = () => tokens[Math.floor(random.next() * tokens.length)]!;
  const one = pick();
  const other = pick();
  const start = one.index;
  const end = start + one[0].length;
  const replaced = (by: string) => text.slice(0, start) + by + text.slice(end);
  switch (Math.floor(random.next() * 5)) {
    case 0:
      return replaced("");
    case 1:
      return replaced(`${one[0]} ${one[0]}`);
    case 2:
      return replaced(`${other[0]} ${one[0]}`);
    default:
      return replaced(other[0]);
  }
}
