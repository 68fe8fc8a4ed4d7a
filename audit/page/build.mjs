// Builds dist/: `node build.mjs` writes, `node build.mjs --check` compares. `--module` builds the WebAssembly
// module, too, which only the compiler named in dist/module.json builds to the same bytes.

import { createHash } from "node:crypto";
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync, existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import path from "node:path";
import zlib from "node:zlib";
import esbuild from "esbuild-wasm";

const here = path.dirname(fileURLToPath(import.meta.url));
const repository = path.resolve(here, "../..");
const dist = path.join(here, "dist");
const check = process.argv.includes("--check");
const wantModule = process.argv.includes("--module");

const options = {
  absWorkingDir: here,
  bundle: true,
  write: false,
  minify: true,
  charset: "ascii",
  format: "iife",
  target: "es2022",
  legalComments: "none",
  metafile: true,
  logLevel: "warning",
};

async function bundle() {
  const worker = await esbuild.build({ ...options, entryPoints: ["src/worker.ts"] });
  const program = worker.outputFiles[0].text;
  const page = await esbuild.build({
    ...options,
    entryPoints: ["src/main.ts"],
    define: { WORKER_SOURCE: JSON.stringify(program) },
  });
  const style = await esbuild.build({ ...options, entryPoints: ["src/style.css"] });
  const inputs = [...Object.keys(worker.metafile.inputs), ...Object.keys(page.metafile.inputs)];
  const [js, css] = [page.outputFiles[0].text, style.outputFiles[0].text];
  for (const [name, content, end] of [["page.js", js, /<\/script|<!--/i], ["page.css", css, /<\/style/i]]) {
    if (end.test(content)) throw new Error(`${name} contains ${end}, which would end its element`);
  }
  const text = notice(inputs);
  if (/<\/script|<!--/i.test(text)) throw new Error("NOTICE.txt would end its element");
  return { "page.js": js, "page.css": css, "NOTICE.txt": text };
}

/** Licences of the packages whose code is in the bundle, and of the crates in the module. */
function notice(inputs) {
  const packages = new Set();
  for (const input of inputs) {
    const parts = input.split("node_modules/");
    if (parts.length < 2) continue;
    const names = parts.at(-1).split("/");
    packages.add(parts.slice(0, -1).join("node_modules/") + "node_modules/" + names.slice(0, names[0].startsWith("@") ? 2 : 1).join("/"));
  }
  const texts = [...packages].sort().map((folder) => {
    const about = JSON.parse(readFileSync(path.join(here, folder, "package.json"), "utf8"));
    const file = ["LICENSE", "LICENSE.md", "LICENSE.txt", "LICENCE"].find((name) => existsSync(path.join(here, folder, name)));
    if (!file) throw new Error(`${about.name}: no licence text in its package`);
    const text = readFileSync(path.join(here, folder, file), "utf8").replace(/\r\n/g, "\n").trim();
    return `${about.name} ${about.version} (${about.license})\n\n${text}\n`;
  });
  return ["What others wrote in page.js. Meed itself is MIT OR Apache-2.0.\n", ...texts].join(`\n${"-".repeat(78)}\n\n`)
    + `\n${"-".repeat(78)}\n\n` + crates();
}

/** The crates in the WebAssembly module, by name, version and licence. */
function crates() {
  const out = execFileSync("cargo", [
    "tree", "-p", "meed-page-wasm", "--target", "wasm32-unknown-unknown", "-e", "normal,no-proc-macro", "--prefix", "none",
    "--no-dedupe", "--locked", "-f", "{p}|{l}",
  ], { cwd: repository, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
  const lines = new Set(out.split("\n").filter((line) => line && !line.includes("meed-"))
    .map((line) => line.replace(/^(\S+) v(\S+).*\|(.*)$/, "$1 $2 ($3)")));
  return `Crates in checks.wasm, from crates.io, where their licence texts are:\n\n${[...lines].sort().join("\n")}\n`;
}

function buildModule() {
  const target = "wasm32-unknown-unknown";
  const home = process.env.CARGO_HOME ?? path.join(process.env.HOME ?? "", ".cargo");
  const folder = path.resolve(repository, process.env.CARGO_TARGET_DIR ?? "target");
  const flags = [`--remap-path-prefix=${repository}=meed`, `--remap-path-prefix=${home}=cargo`];
  execFileSync("cargo", ["build", "--locked", "-p", "meed-page-wasm", "--profile", "page", "--target", target], {
    cwd: repository,
    stdio: "inherit",
    env: { ...process.env, CARGO_TARGET_DIR: folder, CARGO_ENCODED_RUSTFLAGS: flags.join("\x1f"), RUSTFLAGS: "" },
  });
  const wasm = readFileSync(path.join(folder, target, "page", "meed_page_wasm.wasm"));
  const record = { rustc: rustc(), target, bytes: wasm.length, sha256: createHash("sha256").update(wasm).digest("hex") };
  return { wasm, record: `${JSON.stringify(record, null, 2)}\n` };
}

function rustc() {
  return execFileSync("rustc", ["--version"], { cwd: repository, encoding: "utf8" }).trim();
}

function compare(name, built) {
  const file = path.join(dist, name);
  const there = existsSync(file) ? readFileSync(file) : null;
  if (there?.equals(Buffer.from(built))) return;
  throw new Error(`dist/${name} is not what the sources give: run \`node build.mjs${name.includes("module") || name.includes("wasm") ? " --module" : ""}\``);
}

mkdirSync(dist, { recursive: true });
const recordFile = path.join(dist, "module.json");
for (const [name, content] of Object.entries(await bundle())) {
  if (check) compare(name, content);
  else writeFileSync(path.join(dist, name), content);
  console.log(`${name}: ${content.length} bytes${check ? ", as in dist" : ""}`);
}
if (wantModule && check) {
  const recorded = JSON.parse(readFileSync(recordFile, "utf8"));
  if (recorded.rustc !== rustc()) {
    console.log(`checks.wasm: not built again: dist/module.json names ${recorded.rustc}, here is ${rustc()}`);
  } else {
    const { record } = buildModule();
    compare("module.json", record);
    console.log("checks.wasm: built again, as in dist");
  }
  const packed = zlib.gunzipSync(readFileSync(path.join(dist, "checks.wasm.gz")));
  const digest = createHash("sha256").update(packed).digest("hex");
  if (digest !== recorded.sha256) throw new Error("dist/checks.wasm.gz is not the module that dist/module.json names");
} else if (wantModule) {
  const { wasm, record } = buildModule();
  writeFileSync(recordFile, record);
  writeFileSync(path.join(dist, "checks.wasm.gz"), zlib.gzipSync(wasm, { level: 9 }));
  console.log(`checks.wasm: ${wasm.length} bytes`);
}
