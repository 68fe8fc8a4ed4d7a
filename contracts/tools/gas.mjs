#!/usr/bin/env node
// Measures what transactions cost, and writes snapshots/gas.json and docs/gas.md.
//
//   node contracts/tools/gas.mjs           measures and writes
//   node contracts/tools/gas.mjs --check   measures and fails when a committed file differs
//
// The tests test/Gas*.t.sol and test/Chunk.t.sol send the transactions in forge's isolated mode.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync, mkdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import { forgePath } from "./forge.mjs";
import { page } from "./gas/page.mjs";

const ROOT = join(dirname(fileURLToPath(import.meta.url)), "..");
const SNAPSHOT = join(ROOT, "snapshots", "gas.json");
const PAGE = join(ROOT, "..", "docs", "gas.md");

function fail(message) {
  console.error(`gas: ${message}`);
  process.exit(1);
}

function forge(args, env) {
  const run = spawnSync(forgePath(), args, {
    cwd: ROOT,
    env: { ...process.env, ...env },
    encoding: "utf8",
    maxBuffer: 1 << 28,
  });
  if (run.error) fail(`forge cannot be started (${run.error.code}): run npm ci in contracts/ first`);
  if (run.status !== 0) fail(`forge ${args.join(" ")} failed:\n${run.stdout}${run.stderr}`);
  return run.stdout;
}

function read(path) {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    return fail(`${path}: cannot be read (${error.code}): run node contracts/tools/gas.mjs`);
  }
}

/// Bytes of the deployed code.
function size(contract) {
  const code = forge(["inspect", contract, "deployedBytecode", "--json"]).trim().replaceAll('"', "");
  if (!/^0x([0-9a-f]{2})+$/.test(code)) fail(`${contract}: expected linked code from forge inspect`);
  return (code.length - 2) / 2;
}

function measure() {
  // The tests take the contracts' code from the build: it has to be there, and new.
  forge(["build", "src"]);
  const folder = mkdtempSync(join(tmpdir(), "meed-gas-"));
  try {
    forge(["test", "--match-path", "test/{Gas,Chunk}*.t.sol"], {
      FOUNDRY_SNAPSHOTS: folder,
      FOUNDRY_GAS_SNAPSHOT_EMIT: "true",
    });
    return read(join(folder, "gas.json"));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const snapshot = measure();
const contracts = ["MeedSettlement", "MeedVerifier", "MeedHalo2Verifier"];
const sizes = Object.fromEntries(contracts.map((name) => [name, size(name)]));
const runs = JSON.parse(forge(["config", "--json"])).optimizer_runs;
const text = page(JSON.parse(snapshot), sizes, runs);
if (!process.argv.includes("--check")) mkdirSync(dirname(SNAPSHOT), { recursive: true });
for (const [path, content] of [[SNAPSHOT, snapshot], [PAGE, text]]) {
  if (!process.argv.includes("--check")) writeFileSync(path, content);
  else if (read(path) !== content) {
    fail(`${path} is not what was measured: run node contracts/tools/gas.mjs and look at the difference`);
  }
  console.log(`${path}: ${process.argv.includes("--check") ? "agrees" : "written"}`);
}
