// @vitest-environment node
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
// @ts-expect-error a plain script
import { generated } from "../scripts/generate.mjs";

/** Without what the formatter decides. */
const bare = (text: string) => text.replace(/[\s|,]/g, "");
const files = Object.entries(generated() as Record<string, string>);

it.each(files)(
  "%s is what the Rust types say; else run `npm run generate` in packages/client",
  (file, text) => {
    const written = readFileSync(new URL(`./${file}`, import.meta.url), "utf8");
    expect(bare(written)).toBe(bare(text));
  },
);
