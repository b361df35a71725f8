/** Generated TypeScript as JavaScript for people: types stripped, comments and blank lines kept. */

/** Stands for a blank line while the compiler, which drops them, prints the rest. */
const blankLine = "//memc:blank";

/** The JavaScript of one generated TypeScript file; imports of other generated files follow. */
export async function toJavaScript(text: string): Promise<string> {
  const { ts } = await import("ts-morph");
  const marked = text.replaceAll(/\n(?=\n)/g, `\n${blankLine}`);
  const { outputText } = ts.transpileModule(marked, {
    compilerOptions: {
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.ESNext,
      newLine: ts.NewLineKind.LineFeed,
      verbatimModuleSyntax: true,
      rewriteRelativeImportExtensions: true,
      removeComments: false,
    },
  });
  return outputText
    .replaceAll(/^[ \t]*\/\/memc:blank[ \t]*$/gm, "")
    .replaceAll(/\n{3,}/g, "\n\n")
    .replace(/^\n+/, "");
}
