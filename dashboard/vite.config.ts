import { svelte } from "@sveltejs/vite-plugin-svelte";
import { readFileSync } from "node:fs";
import { defineConfig, type Plugin } from "vite";

/** Where a server runs while the page is developed: `npm run dev` passes its API through. */
const SERVER = process.env.AIOS_ADMIN ?? "http://127.0.0.1:8501";

/** The licence of the font goes where the font goes. */
const licences: Plugin = {
  name: "licences",
  apply: "build",
  generateBundle() {
    const source = readFileSync(new URL("node_modules/@fontsource-variable/inter/LICENSE", import.meta.url), "utf8");
    this.emitFile({ type: "asset", fileName: "licenses/inter.txt", source });
  },
};

export default defineConfig({
  plugins: [svelte(), licences],
  build: {
    // The server forbids `data:` scripts and styles, and what is hashed is cached for good.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: "es2022",
    reportCompressedSize: false,
    // How long the bundler took is of no interest to whoever wants the page.
    rolldownOptions: { checks: { pluginTimings: false } },
  },
  server: { proxy: { "/admin": SERVER, "/status": SERVER, "/metrics": SERVER } },
});
