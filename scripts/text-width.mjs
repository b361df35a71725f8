/**
 * Columns that a text takes in a terminal. Takes the place of the package string-width in the bundle, whose tables cost every
 * command 20 ms: the help that yargs lays out has no wide characters.
 */
import { stripVTControlCharacters } from "node:util";

export default function textWidth(text) {
  return stripVTControlCharacters(text).length;
}
