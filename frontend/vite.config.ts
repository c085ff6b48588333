import { defineConfig } from "vitest/config";

// `npm run dev` shows the page with hot reload over a service that runs on its usual port.
const service = "http://127.0.0.1:8000";

export default defineConfig({
  build: { outDir: "../api/static", emptyOutDir: true, target: "es2022" },
  test: { environment: "happy-dom" }, // has DOMMatrix
  server: { proxy: { "/api": service, "/health": service, "/sample": service } },
});
