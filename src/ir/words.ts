/** Names made of several words. */

/** `["layer", "*", "gate_convolution", "q"]` gives `layerGateConvolutionQ`; "each copy" is no word. */
export function camelCase(path: readonly string[]): string {
  const words = path.filter((segment) => segment !== "*").flatMap((word) => word.split("_"));
  const [first = "", ...rest] = words.filter((word) => word !== "");
  return first + rest.map(capital).join("");
}

/** The word with a capital in front. */
export function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}
