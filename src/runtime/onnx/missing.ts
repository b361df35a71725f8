/**
 * Apart from the loading, so that the types of a program with memc do not depend on those of a
 * package that may be missing.
 */

/** An engine's package is not there, or does not load. The message says what to run. */
export class EngineMissingError extends Error {
  override readonly name = "EngineMissingError";
}
