// @vitest-environment node
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
// @ts-expect-error a plain script
import { generated } from "../scripts/generate.mjs";

/** Without what the formatter decides. */
const bare = (text: string) => text.replace(/[\s|]/g, "");

it("the types are what the Rust types say; else run `npm run generate` in packages/client", () => {
  const written = readFileSync(new URL("./model.ts", import.meta.url), "utf8");
  expect(bare(written)).toBe(bare(generated() as string));
});
