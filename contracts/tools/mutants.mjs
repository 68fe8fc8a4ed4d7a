#!/usr/bin/env node
// Shows that the tests of attacks can fail: for each check in src that stands against an attack, a weakened twin
// of the contracts lacks it, and the attack's test has to fail there.
//
//   node tools/mutants.mjs               all twins, two at a time
//   node tools/mutants.mjs --only NAME   one of them; parts of names do, and commas between several
//   node tools/mutants.mjs --list        their names and tests
//   node tools/mutants.mjs --record      all twins, and notes in tools/mutants/tried.json that they were told apart
//   node tools/mutants.mjs --sample N    N of them, others every day, where the note is of these very files; else all
//
// Twins are compiled with the project's compiler, without its optimizer: that is quicker and means the same. The
// tests are compiled once and take the twin's creation code from out/twins (see `creationCode` in test/Base.sol).
// `test_honest` has to pass on every twin, `test_honest_halo2`, whose proofs are recorded, on every twin with the real
// alpha, and all attacks have to fail on the twin that lacks nothing.
import { execFile } from "node:child_process";
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { Worker, isMainThread, parentPort } from "node:worker_threads";

import { forgePath } from "./forge.mjs";
import { MUTANTS, WITHOUT_TWIN } from "./mutants/table.mjs";
import { note, sample, tried } from "./mutants/tried.mjs";

const ROOT = join(dirname(fileURLToPath(import.meta.url)), "..");
const TWINS = "out/twins";
const TESTS = "test/attacks/*.t.sol";
const CONTRACTS = ["MeedSettlement", "MeedVerifier", "MeedHalo2Verifier"];
const HONEST = ["test_honest", "test_honest_halo2"];
const AT_ONCE = 2;

function sources() {
  const names = readdirSync(join(ROOT, "src")).filter((name) => name.endsWith(".sol"));
  return Object.fromEntries(names.map((name) => [name, readFileSync(join(ROOT, "src", name), "utf8")]));
}

/// The sources with the mutant's edits.
function weakened(mutant) {
  const files = sources();
  for (const { file, find, replace } of mutant.edits) {
    const parts = (files[file] ?? "").split(find);
    if (parts.length !== 2) {
      throw new Error(`${file} has ${parts.length - 1} times, not once: ${find}`);
    }
    files[file] = parts.join(replace);
  }
  return files;
}

/// In a worker: compiles a twin and writes its artifacts.
function compile(mutant) {
  const require = createRequire(import.meta.url);
  const solc = require("solc");
  const input = {
    language: "Solidity",
    sources: Object.fromEntries(
      Object.entries(weakened(mutant)).map(([name, content]) => [`src/${name}`, { content }]),
    ),
    settings: {
      viaIR: true,
      evmVersion: "cancun",
      optimizer: { enabled: false },
      outputSelection: Object.fromEntries(
        CONTRACTS.map((name) => [`src/${name}.sol`, { [name]: ["evm.bytecode.object"] }]),
      ),
    },
  };
  const callback = (path) => {
    try {
      return { contents: readFileSync(join(ROOT, "node_modules", path), "utf8") };
    } catch (error) {
      return { error: String(error) };
    }
  };
  const output = JSON.parse(solc.compile(JSON.stringify(input), { import: callback }));
  const errors = (output.errors ?? []).filter((error) => error.severity === "error");
  if (errors.length !== 0) throw new Error(errors.map((e) => e.formattedMessage).join("\n"));
  const folder = join(ROOT, TWINS, mutant.name);
  mkdirSync(folder, { recursive: true });
  for (const name of CONTRACTS) {
    const { object } = output.contracts[`src/${name}.sol`][name].evm.bytecode;
    const artifact = { abi: [], bytecode: { object: `0x${object}`, linkReferences: {} } };
    writeFileSync(join(folder, `${name}.json`), JSON.stringify(artifact));
  }
}

/// Runs tests on a twin. Returns { name: null or the reason of its failure }.
async function run(twin, match) {
  const env = { ...process.env };
  if (twin !== null) env.MEED_TWINS = `${TWINS}/${twin}`;
  const args = ["test", "--match-path", TESTS, "--match-test", match, "--json"];
  const options = { cwd: ROOT, env, maxBuffer: 1 << 28 };
  // forge exits with 1 when a test fails.
  const { stdout, stderr } = await promisify(execFile)(forgePath(), args, options).catch((error) => error);
  let suites;
  try {
    suites = JSON.parse(stdout.slice(stdout.indexOf("{")));
  } catch {
    throw new Error(`forge gave no results: ${stdout}\n${stderr}`);
  }
  const results = {};
  for (const { test_results: tests } of Object.values(suites)) {
    for (const [signature, { status, reason }] of Object.entries(tests)) {
      const name = signature.split("(")[0];
      if (name === "setUp") throw new Error(`setUp failed: ${reason}`);
      if (name in results) throw new Error(`two tests are called ${name}`);
      results[name] = status === "Success" ? null : (reason ?? "no reason");
    }
  }
  return results;
}

/// Whether the twin is told apart. Throws when it could not be tried.
async function judge(mutant) {
  const honest = mutant.otherAlpha ? ["test_honest"] : HONEST;
  const names = [...honest, ...mutant.tests];
  const results = await run(mutant.name, `^(${names.join("|")})$|^(${names.join("|")})\\(`);
  const got = Object.keys(results).sort();
  if (got.join() !== [...names].sort().join()) throw new Error(`tests that ran: ${got}`);
  for (const name of honest) {
    if (results[name] !== null) throw new Error(`${name}: ${results[name]}`);
  }
  const survived = mutant.tests.filter((name) => results[name] === null);
  for (const name of mutant.tests) {
    console.log(`  ${mutant.name}: ${name}: ${results[name] ?? "PASSED: the test does not see it"}`);
  }
  return survived.length === 0;
}

async function main() {
  const only = process.argv.indexOf("--only");
  const wanted = only < 0 ? [""] : (process.argv[only + 1] ?? "none given").split(",");
  let mutants = MUTANTS.filter(({ name }) => wanted.some((part) => name.includes(part)));
  if (mutants.length === 0) throw new Error(`no twin is called ${wanted}`);
  if (new Set(MUTANTS.map(({ name }) => name)).size !== MUTANTS.length) {
    throw new Error("two twins have the same name");
  }
  // Fails when an edit's text is not there once.
  MUTANTS.forEach(weakened);
  if (process.argv.includes("--list")) {
    for (const { name, tests } of mutants) console.log(`${name}: ${tests.join(", ")}`);
    return 0;
  }
  const sampled = process.argv.indexOf("--sample");
  if (sampled >= 0) {
    const count = Number(process.argv[sampled + 1]);
    if (!Number.isInteger(count) || count < 1) throw new Error("--sample: expected a number of twins");
    if (tried(ROOT)) {
      mutants = sample(mutants, count);
      console.log(`all ${MUTANTS.length} twins were told apart with these files: a sample of ${mutants.length}`);
    } else {
      console.log("files have changed since all twins were tried: all of them (--record notes it)");
    }
  }
  rmSync(join(ROOT, TWINS), { recursive: true, force: true });

  // Compiles the tests, and shows that they pass on what is deployed.
  const plain = await run(null, "^test_");
  const failed = Object.entries(plain).filter(([, reason]) => reason !== null);
  if (failed.length !== 0) throw new Error(`these tests fail anyway: ${JSON.stringify(failed)}`);

  // Each attack has its twin, or a reason.
  const covered = new Set([...MUTANTS.flatMap(({ tests }) => tests), ...Object.keys(WITHOUT_TWIN)]);
  const alone = Object.keys(plain).filter((name) => !HONEST.includes(name) && !covered.has(name));
  if (alone.length !== 0) throw new Error(`these attacks have no twin: ${alone}`);

  const queue = [...mutants];
  const bad = [];
  async function serve() {
    const worker = new Worker(fileURLToPath(import.meta.url));
    const compiled = (mutant) =>
      new Promise((resolve, reject) => {
        worker.once("message", (error) => (error === null ? resolve() : reject(new Error(error))));
        worker.postMessage(mutant);
      });
    for (let mutant = queue.shift(); mutant !== undefined; mutant = queue.shift()) {
      try {
        await compiled(mutant);
        if (!(await judge(mutant))) bad.push(mutant.name);
      } catch (error) {
        console.log(`  ${mutant.name}: ${error.message}`);
        bad.push(mutant.name);
      }
    }
    await worker.terminate();
  }
  // Nothing is weakened here: shows that twins are used, and that the optimizer is not what makes tests pass.
  const control = { name: "unchanged", edits: [], tests: [] };
  queue.unshift(control);
  await Promise.all(Array.from({ length: AT_ONCE }, serve));
  if (!bad.includes(control.name)) {
    const results = Object.entries(await run(control.name, "^test_"));
    const broken = results.filter(([, reason]) => reason !== null);
    if (broken.length !== 0) {
      console.log(`  unchanged: ${JSON.stringify(broken)}`);
      bad.push(control.name);
    }
  }
  console.log(`${mutants.length} twins, ${bad.length} not told apart${bad.length ? `: ${bad}` : ""}`);
  if (bad.length === 0 && process.argv.includes("--record")) {
    if (mutants.length !== MUTANTS.length) throw new Error("--record: expected all twins");
    note(ROOT, mutants.length);
  }
  return bad.length === 0 ? 0 : 1;
}

if (isMainThread) {
  process.exitCode = await main().catch((error) => {
    console.error(`mutants: ${error.message}`);
    return 2;
  });
} else {
  parentPort.on("message", (mutant) => {
    let error = null;
    try {
      compile(mutant);
    } catch (caught) {
      error = caught.message;
    }
    parentPort.postMessage(error);
  });
}
