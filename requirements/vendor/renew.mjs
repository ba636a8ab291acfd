// Bundles what the page uses of others into bots/web/static/vendor, with licences and a manifest. Run by `make vendor`.
import { createHash } from "node:crypto";
import { cpSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const modules = join(here, "node_modules");
const target = join(here, "../../bots/web/static/vendor");

async function bundle(name, folder = "") {
  const { metafile } = await build({
    entryPoints: [join(here, "bundles", `${name}.js`)],
    outfile: join(target, folder, `${name}.js`),
    absWorkingDir: here,
    bundle: true,
    format: "esm",
    legalComments: "none",
    metafile: true,
    minify: true,
    target: "es2022",
  });
  return Object.keys(metafile.inputs).flatMap((path) => path.match(/^node_modules\/((?:@[^/]+\/)?[^/]+)\//)?.[1] ?? []);
}

// Every browser this page runs in reads woff2, so that the older formats would only be dead weight.
function copyStyles() {
  const source = join(modules, "katex/dist");
  const css = readFileSync(join(source, "katex.min.css"), "utf8");
  writeFileSync(join(target, "katex/katex.css"), css.replace(/,url\([^)]*\.(?:woff|ttf)\) format\("[^"]*"\)/g, ""));
  const fonts = readdirSync(join(source, "fonts")).filter((name) => name.endsWith(".woff2"));
  for (const name of fonts) cpSync(join(source, "fonts", name), join(target, "katex/fonts", name));
}

function describe(name) {
  const folder = join(modules, name);
  const { version, license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const found = readdirSync(folder).find((file) => /^licen[cs]e/i.test(file));
  if (!found) throw new Error(`${name} comes without its licence`);
  const file = `licences/${name.replace("/", "-")}.txt`;
  cpSync(join(folder, found), join(target, file));
  return { name, version, licence: license, file };
}

function hashes(folder) {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = files.map((entry) => relative(folder, join(entry.parentPath, entry.name))).sort();
  const digest = (path) => createHash("sha256").update(readFileSync(join(folder, path))).digest("hex");
  return Object.fromEntries(paths.map((path) => [path, digest(path)]));
}

rmSync(target, { recursive: true, force: true });
for (const folder of ["katex/fonts", "licences"]) mkdirSync(join(target, folder), { recursive: true });
const used = [await bundle("markdown-it"), await bundle("highlight"), await bundle("katex", "katex")].flat();
copyStyles();
const packages = [...new Set(used)].sort().map(describe);
writeFileSync(join(target, "manifest.json"), `${JSON.stringify({ packages, files: hashes(target) }, null, 2)}\n`);
