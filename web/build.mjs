// Builds the page into dist/ (checked in, embedded in the binary), or with --tests the unit tests into node_modules/.cache.
// The output depends on the sources and package-lock.json alone, so a fresh build can be diffed against dist/.
import { build } from 'esbuild';
import { copyFile, mkdir, readdir, rm } from 'node:fs/promises';

const shared = { bundle: true, target: 'es2022', charset: 'utf8', logLevel: 'warning' };

async function buildPage() {
  await rm('dist', { recursive: true, force: true });
  await mkdir('dist', { recursive: true });
  await build({ ...shared, entryPoints: { app: 'src/main.ts' }, format: 'iife', outdir: 'dist' });
  await build({ ...shared, entryPoints: { app: 'src/styles/app.css' }, outdir: 'dist' });
  await copyFile('src/index.html', 'dist/index.html');
}

async function buildTests() {
  const outdir = 'node_modules/.cache/bongsu-tests';
  await rm(outdir, { recursive: true, force: true });
  const names = (await readdir('test')).filter((name) => name.endsWith('.test.ts')).sort();
  const entryPoints = names.map((name) => `test/${name}`);
  await build({ ...shared, entryPoints, format: 'esm', platform: 'node', outdir, outExtension: { '.js': '.mjs' } });
}

await (process.argv.includes('--tests') ? buildTests() : buildPage());
