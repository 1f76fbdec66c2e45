// Builds the console into dist/console: hashed assets, each with its brotli beside it, and index.html with a place for the
// nonce of each answer. Nothing is fetched from elsewhere, at build or in the browser.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { brotliCompressSync, constants } from 'node:zlib'
import react from '@vitejs/plugin-react'
import { defineConfig, type Plugin } from 'vite'

const outDir = fileURLToPath(new URL('../dist/console/', import.meta.url))

/** Compressed once, at build: the server only chooses. Level 11 costs three seconds more and saves 12 % over 9. */
function precompress(): Plugin {
  return {
    name: 'precompress',
    closeBundle() {
      const assets = join(outDir, 'assets')
      for (const name of readdirSync(assets)) {
        if (!/\.(js|css|svg)$/.test(name)) continue
        const bytes = readFileSync(join(assets, name))
        const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length }
        writeFileSync(join(assets, `${name}.br`), brotliCompressSync(bytes, { params }))
      }
    },
  }
}

export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  plugins: [react(), precompress()],
  // Filled in by the server, anew for each answer.
  html: { cspNonce: '__BERTH_NONCE__' },
  build: {
    outDir,
    emptyOutDir: true,
    // Which page loads which files: the budget of the first load is tested against it.
    manifest: true,
    target: 'es2023',
    reportCompressedSize: false,
    chunkSizeWarningLimit: 2000,
    rolldownOptions: {
      output: {
        codeSplitting: {
          // What most pages use is one file: compressed together it is a tenth smaller than in thirty pieces.
          groups: [
            { name: 'react', test: /node_modules[\\/](react|react-dom|scheduler|@tanstack)[\\/]/ },
            { name: 'shared', minShareCount: 16 },
          ],
        },
      },
    },
  },
  // `npx vite -c console/vite.config.ts`: the sources live, the API of the Berth that runs here.
  server: { proxy: { '/v1': 'http://127.0.0.1:8700', '/api': 'http://127.0.0.1:8700' } },
})
