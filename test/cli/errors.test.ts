/** docs/errors.md is what `memc explain` says of every code. */
import { expect, test } from "vitest";
import { allDiagnostics } from "../../src/cli/registry.ts";

test("docs/errors.md holds every code's page", async () => {
  const pages = [...(await allDiagnostics())].map(
    ([code, { title, explanation, example, fix }]) => {
      const fence = (text: string) => `\`\`\`\n${text.trimEnd()}\n\`\`\``;
      return `## ${code}: ${title}\n\n${explanation}\n\nThis gives it:\n\n${fence(example)}\n\nThis does not:\n\n${fence(fix)}\n`;
    },
  );
  const page = `# Diagnostics\n\nMade from what \`memc explain\` prints; a test keeps it so.\n\n${pages.join("\n")}`;
  await expect(page).toMatchFileSnapshot("../../docs/errors.md");
});
