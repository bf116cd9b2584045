import vue from "@vitejs/plugin-vue";
import { defineConfig } from "vitest/config";

export default defineConfig({
  plugins: [vue()],
  build: {
    target: "es2022",
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 700,
    rollupOptions: {
      output: {
        manualChunks(id) {
          if (id.includes("/echarts/") || id.includes("/zrender/")) return "echarts";
          if (id.includes("/node_modules/")) return "vendor";
          return undefined;
        },
      },
    },
  },
  server: { proxy: { "/api": "http://127.0.0.1:8480", "/readyz": "http://127.0.0.1:8480", "/metrics": "http://127.0.0.1:8480" } },
  test: { include: ["test/**/*.test.ts"] },
});
