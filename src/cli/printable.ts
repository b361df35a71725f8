/** Text from anywhere, shown so that it cannot steer the terminal. */

/** Control characters, but for line ends and tabs, as their pictures: a model of bytes may well make escape sequences. */
export function printable(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, (control) => {
    if (control === "\n" || control === "\t") return control;
    const code = control.charCodeAt(0);
    return code < 0x20 ? String.fromCharCode(0x2400 + code) : "\u2421";
  });
}
