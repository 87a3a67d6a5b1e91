import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const path = (name: string) => fileURLToPath(new URL(name, import.meta.url));

export default defineConfig({
  resolve: {
    alias: [
      { find: "@crisislens/client/react", replacement: path("./packages/client/src/react/index.ts") },
      { find: "@crisislens/client", replacement: path("./packages/client/src/index.ts") },
      { find: "@", replacement: path("./src") },
    ],
  },
  test: {
    environment: "happy-dom",
    include: ["src/**/*.test.{ts,tsx}", "packages/*/src/**/*.test.{ts,tsx}"],
  },
});
