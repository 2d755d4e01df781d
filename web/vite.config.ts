/*
 * How the page is built: web/ -> build/site/.
 *
 * The engine comes from build/web/lookaside.wasm (`make wasm`) through the module `virtual:engine`, whose default export
 * is its address, or null when it has not been built yet: then only the native engine can be used.
 */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import type { Plugin } from 'vite';
import { defineConfig } from 'vitest/config';

const wasm = fileURLToPath(new URL('../build/web/lookaside.wasm', import.meta.url));

function engineAddress(): Plugin {
  const id = '\0virtual:engine';
  return {
    name: 'lookaside-engine',
    resolveId: (source) => (source === 'virtual:engine' ? id : undefined),
    load(module) {
      if (module !== id) return undefined;
      return existsSync(wasm) ? `export { default } from ${JSON.stringify(`${wasm}?url`)};` : 'export default null;';
    },
  };
}

export default defineConfig({
  base: './',
  plugins: [svelte(), engineAddress()],
  build: {
    outDir: '../build/site',
    emptyOutDir: true,
    target: 'es2022',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 700,
  },
  worker: { format: 'es' },
  server: { fs: { allow: ['..'] }, proxy: { '/api': 'http://127.0.0.1:8080' } },
  test: {
    include: ['tests/**/*.test.ts'],
    environment: 'node',
  },
});
