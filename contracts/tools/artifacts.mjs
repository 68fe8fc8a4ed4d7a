#!/usr/bin/env node
// Writes artifacts/*.json from what `forge build` left in out/: what the Rust crate `meed-chain` embeds.
//
//   node tools/artifacts.mjs           writes them
//   node tools/artifacts.mjs --check   fails when a file differs from what would be written
//
// Each file is { contract, compiler, settings, abi, bytecode }: `settings` is the SHA-256 of the compiler's
// settings as JSON with sorted keys, `bytecode` the creation code. Nothing depends on paths or times.
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import { keccak256 } from "ethereum-cryptography/keccak.js";

const ROOT = join(dirname(fileURLToPath(import.meta.url)), "..");
// TestToken is what the tests of `meed chain` pay with.
const CONTRACTS = ["MeedVerifier", "MeedHalo2Verifier", "MeedSettlement", "TestToken"];

function fail(message) {
  console.error(`artifacts: ${message}`);
  process.exit(1);
}

function read(path) {
  try {
    return readFileSync(join(ROOT, path));
  } catch (error) {
    return fail(`${path}: cannot be read (${error.code}): run forge build in contracts/ first`);
  }
}

/// The same value with the keys of all objects in order.
function sorted(value) {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.keys(value).sort().map((key) => [key, sorted(value[key])]));
}

function hex(bytes) {
  return Buffer.from(bytes).toString("hex");
}

function artifact(name) {
  const built = JSON.parse(read(`out/${name}.sol/${name}.json`));
  const { compiler, settings, sources } = built.metadata;
  // A build that is older than the sources would go unnoticed otherwise.
  for (const [path, { keccak256: expected }] of Object.entries(sources)) {
    const got = `0x${hex(keccak256(read(path)))}`;
    if (got !== expected) fail(`${path} changed since out/ was built: run forge build again`);
  }
  const code = built.bytecode.object;
  if (!/^0x([0-9a-f]{2})+$/.test(code)) fail(`${name}: expected linked creation code`);
  return {
    contract: name,
    compiler: `solc ${compiler.version}`,
    settings: createHash("sha256").update(JSON.stringify(sorted(settings))).digest("hex"),
    abi: sorted(built.abi),
    bytecode: code,
  };
}

const check = process.argv.includes("--check");
mkdirSync(join(ROOT, "artifacts"), { recursive: true });
for (const name of CONTRACTS) {
  const text = `${JSON.stringify(artifact(name), null, 1)}\n`;
  const path = `artifacts/${name}.json`;
  if (!check) writeFileSync(join(ROOT, path), text);
  else if (read(path).toString() !== text) {
    fail(`${path} is not what the sources give: run node contracts/tools/artifacts.mjs`);
  }
  console.log(`${path}: ${check ? "agrees" : "written"}`);
}
