import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { defineConfig, type Plugin } from 'vite';

/** Writes `.br` and `.gz` beside every file that they make smaller: the server sends what is there. */
function compressed(): Plugin {
  let out = 'dist';
  return {
    name: 'compressed',
    apply: 'build',
    configResolved: (config) => void (out = config.build.outDir),
    closeBundle: () => {
      for (const name of readdirSync(out, { recursive: true, encoding: 'utf8' })) {
        const path = join(out, name);
        if (!statSync(path).isFile() || !/\.(html|js|css|svg)$/.test(name)) continue;
        const bytes = readFileSync(path);
        for (const [end, small] of [['br', brotliCompressSync(bytes)], ['gz', gzipSync(bytes, { level: 9 })]] as const) {
          if (small.length < bytes.length) writeFileSync(`${path}.${end}`, small);
        }
      }
    },
  };
}

/** Kinds of event, as the API describes them. */
function kinds(): string[] {
  const document = JSON.parse(readFileSync(new URL('../docs/openapi.json', import.meta.url), 'utf8')) as {
    components: { parameters: { name: { schema: { items: { enum: string[] } } } } };
  };
  return document.components.parameters.name.schema.items.enum;
}

const API = ['/events', '/processes', '/tree', '/timeline', '/trace', '/paths', '/stats', '/schema', '/healthz', '/openapi.json'];

// Names of assets carry their hash, so that they may be cached for good; nothing is inlined, because the page's
// Content-Security-Policy allows no inline script, style or data: address.
export default defineConfig({
  base: '/',
  define: { __KINDS__: JSON.stringify(kinds()) },
  build: {
    target: 'es2022',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
  esbuild: { jsx: 'automatic', jsxImportSource: 'preact', legalComments: 'none' },
  plugins: [compressed()],
  // `npx vite` shows the page while it is worked on, with the answers of a server that runs already.
  server: { proxy: Object.fromEntries(API.map((path) => [path, process.env['TACHO_API'] ?? 'http://127.0.0.1:7878'])) },
});
