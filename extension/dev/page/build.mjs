// Bundles the page into ../src/page/assets, where the binary embeds it from.
//
// The output is committed, so it must be the same bytes on every machine: no hash, no
// date, no path in it. CI builds it again and compares. `--tests` bundles the unit tests
// into target/page-tests instead, for node's own test runner.
import { build } from "esbuild";
import { copyFile, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const here = dirname(fileURLToPath(import.meta.url));
const assets = join(here, "../src/page/assets");
const tests = join(here, "../../../target/page-tests");

/** What the whole page may weigh on the wire. */
const CEILING = 60_000;

const common = {
  absWorkingDir: here,
  bundle: true,
  format: "esm",
  target: ["es2022"],
  charset: "utf8",
  legalComments: "none",
  logLevel: "warning",
};

if (process.argv.includes("--tests")) {
  await rm(tests, { recursive: true, force: true });
  const names = (await readdir(join(here, "test"))).filter((name) => name.endsWith(".test.ts"));
  await build({
    ...common,
    entryPoints: names.map((name) => join("test", name)),
    platform: "node",
    outdir: tests,
    outExtension: { ".js": ".mjs" },
  });
} else {
  await mkdir(assets, { recursive: true });
  await build({
    ...common,
    entryPoints: { page: "src/main.tsx" },
    platform: "browser",
    outdir: assets,
    minify: true,
    banner: { js: "/* Bundled licences: /assets/licenses.txt */" },
    define: { "process.env.NODE_ENV": '"production"' },
  });
  for (const name of ["index.html", "icon.svg"]) {
    await copyFile(join(here, "src", name), join(assets, name));
  }
  await writeFile(join(assets, "licenses.txt"), await licenses());
  await weigh();
}

/** The licences of what is bundled, which have to travel with it. */
async function licenses() {
  const { dependencies } = JSON.parse(await readFile(join(here, "package.json"), "utf8"));
  const parts = [];
  for (const [name, version] of Object.entries(dependencies).sort()) {
    const text = await readFile(join(here, "node_modules", name, "LICENSE"), "utf8");
    parts.push(`${name} ${version}\n\n${text.trim()}\n`);
  }
  return parts.join("\n\n");
}

/** Fails the build when the page has grown past its ceiling. */
async function weigh() {
  let total = 0;
  for (const name of (await readdir(assets)).sort()) {
    const bytes = await readFile(join(assets, name));
    const packed = gzipSync(bytes, { level: 9 }).length;
    total += packed;
    process.stdout.write(`${name.padEnd(12)} ${String(bytes.length).padStart(7)} B  ${String(packed).padStart(6)} B gzip\n`);
  }
  process.stdout.write(`${"total".padEnd(12)} ${" ".repeat(9)}  ${String(total).padStart(6)} B gzip\n`);
  if (total > CEILING) {
    process.stderr.write(`the page weighs ${total} bytes gzipped; its ceiling is ${CEILING}\n`);
    process.exitCode = 1;
  }
}
