// A complete Groth16 ceremony with snarkjs's command line, for TESTS: its entropy is in this file.
//
//   node ceremony.mjs <circuit.r1cs> <folder for the results> <folder for powers of tau>
//
// Writes into the results' folder
//   initial.zkey           the set-up without any contribution
//   final.zkey             after one contribution and a beacon, checked by `zkey verify`
//   verification_key.json  as snarkjs exports it
//   ptau.path              the path of the powers of tau that were used
// The powers of tau are made once for each size and kept in the third folder.

import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, openSync, readSync, closeSync, renameSync, writeFileSync, rmSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const cli = join(here, "node_modules", "snarkjs", "build", "cli.cjs");
// What a beacon would publish after the last contribution: 2^10 iterations are enough for a test.
const BEACON = "0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20";
const ITERATIONS = "10";

function snarkjs(...args) {
  console.log("snarkjs " + args.join(" "));
  execFileSync(process.execPath, [cli, ...args], { stdio: ["ignore", "inherit", "inherit"] });
}

// The smallest p with 2^p >= constraints + public values + 1, from the header of the .r1cs.
function power(path) {
  const file = openSync(path, "r");
  const read = (at, length) => {
    const bytes = Buffer.alloc(length);
    if (readSync(file, bytes, 0, length, at) !== length) throw new Error(`${path}: truncated`);
    return bytes;
  };
  try {
    const head = read(0, 12);
    if (head.toString("latin1", 0, 4) !== "r1cs") throw new Error(`${path}: expected an .r1cs file`);
    let at = 12;
    for (let left = head.readUInt32LE(8); left > 0; left--) {
      const section = read(at, 12);
      if (section.readUInt32LE(0) === 1) {
        const header = read(at + 12, 64);
        const outputs = header.readUInt32LE(40);
        const inputs = header.readUInt32LE(44);
        const constraints = header.readUInt32LE(60);
        return Math.max(1, Math.ceil(Math.log2(constraints + outputs + inputs + 1)));
      }
      at += 12 + Number(section.readBigUInt64LE(4));
    }
    throw new Error(`${path}: expected a header section`);
  } finally {
    closeSync(file);
  }
}

function powersOfTau(folder, size) {
  const done = join(folder, `tau_${size}.ptau`);
  if (existsSync(done)) return done;
  const step = (n) => join(folder, `tau_${size}_${process.pid}_${n}.ptau`);
  snarkjs("powersoftau", "new", "bn128", String(size), step(0));
  snarkjs("powersoftau", "contribute", step(0), step(1), "--name=test", "-e=not a secret: phase 1");
  snarkjs("powersoftau", "beacon", step(1), step(2), BEACON, ITERATIONS, "-n=test beacon");
  snarkjs("powersoftau", "prepare", "phase2", step(2), step(3));
  renameSync(step(3), done);
  for (const n of [0, 1, 2]) rmSync(step(n));
  return done;
}

const [r1cs, out, cache] = process.argv.slice(2).map((path) => resolve(path));
if (cache === undefined) {
  console.error("usage: node ceremony.mjs <circuit.r1cs> <results> <powers of tau>");
  process.exit(2);
}
if (!existsSync(cli)) {
  console.error(`snarkjs is not installed: run "npm ci" in ${here}`);
  process.exit(2);
}
mkdirSync(out, { recursive: true });
mkdirSync(cache, { recursive: true });
const ptau = powersOfTau(cache, power(r1cs));
const [initial, contributed, final] =
  ["initial", "contributed", "final"].map((name) => join(out, `${name}.zkey`));
snarkjs("groth16", "setup", r1cs, ptau, initial);
snarkjs("zkey", "contribute", initial, contributed, "--name=test", "-e=not a secret: phase 2");
snarkjs("zkey", "beacon", contributed, final, BEACON, ITERATIONS, "-n=test beacon");
rmSync(contributed);
snarkjs("zkey", "verify", r1cs, ptau, final);
snarkjs("zkey", "export", "verificationkey", final, join(out, "verification_key.json"));
writeFileSync(join(out, "ptau.path"), ptau);
