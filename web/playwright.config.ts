/*
 * Tests of the page in Chromium, on both engines. The server is the native program, on a port of its own; it serves the
 * built page from build/site, so run `make all` (or `npm run build`) first.
 */
import { fileURLToPath } from 'node:url';
import { defineConfig } from '@playwright/test';

const PORT = Number(process.env['E2E_PORT'] ?? 8477);
const program = fileURLToPath(new URL('../build/lookaside', import.meta.url));

export default defineConfig({
  testDir: 'e2e',
  outputDir: 'test-results',
  fullyParallel: true,
  workers: 2,
  forbidOnly: Boolean(process.env['CI']),
  timeout: 60_000,
  expect: { timeout: 15_000 },
  retries: process.env['CI'] ? 2 : 0, // a machine that does much else at the same time
  use: {
    baseURL: `http://127.0.0.1:${PORT}`,
    viewport: { width: 1440, height: 900 },
    contextOptions: { reducedMotion: 'reduce' },
    launchOptions: { executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium' },
  },
  webServer: {
    command: `${program} serve --port ${PORT}`,
    url: `http://127.0.0.1:${PORT}/api/v1/status`,
    reuseExistingServer: !process.env['CI'],
    stdout: 'ignore',
  },
  projects: [
    { name: 'wasm', testMatch: /engine\/.*\.spec\.ts/, metadata: { query: '' } },
    { name: 'server', testMatch: /engine\/.*\.spec\.ts/, metadata: { query: '?engine=server' } },
    { name: 'page', testMatch: /page\/.*\.spec\.ts/, metadata: { query: '' } },
  ],
});
