import { fileURLToPath } from "node:url";
import { type Plugin, defineConfig } from "vite";

/** Leaves the descriptor of the validation rules out of the bundle. */
function withoutRules(): Plugin {
  const stand = fileURLToPath(new URL("./src/client/no-rules.ts", import.meta.url));
  return {
    name: "without-rules",
    enforce: "pre",
    resolveId: (source) => (source.endsWith("/buf/validate/validate_pb.js") ? stand : undefined),
  };
}

// The page is embedded into the server, so its files have stable names: building
// twice gives the same tree, and a difference in it is a difference in the source.
export default defineConfig({
  base: "./",
  plugins: [withoutRules()],
  build: {
    outDir: "../../server/web/dist",
    emptyOutDir: true,
    target: "es2022",
    modulePreload: { polyfill: false },
    rolldownOptions: {
      output: {
        entryFileNames: "assets/app.js",
        chunkFileNames: "assets/[name].js",
        assetFileNames: "assets/app.[ext]",
      },
    },
  },
  // `npm run dev` beside a server in development mode.
  server: {
    proxy: {
      "/dev/token": "http://localhost:8080",
      "^/ovation\\.v1\\.": "http://localhost:8080",
    },
  },
});
