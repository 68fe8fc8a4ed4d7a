// Runs the module on the golden proof, and on it with one byte changed at a time. Codes: src/code.rs.
import { readFileSync } from "node:fs";

const [module, golden] = process.argv.slice(2);
const { instance } = await WebAssembly.instantiate(readFileSync(module), {});
const { memory, meed_alloc, meed_free, meed_verify, meed_verify_words, meed_check_key } =
  instance.exports;
const field = Object.fromEntries(
  readFileSync(golden, "utf8").trim().split("\n").map((line) => {
    const [name, hex] = line.split(" ");
    return [name, Buffer.from(hex, "hex")];
  }),
);

// The golden key is a development key: 1 lets it pass.
function call(check, bytes, development = 1) {
  const at = meed_alloc(bytes.length);
  new Uint8Array(memory.buffer, at, bytes.length).set(bytes);
  const code = check(at, bytes.length, development);
  meed_free(at, bytes.length);
  return code;
}

function expect(what, got, ...expected) {
  if (!expected.includes(got)) throw new Error(`${what}: expected ${expected}, got ${got}`);
}

const { key, inputs, proof } = field;
const message = Buffer.concat([key, inputs, proof]);
expect("honest", call(meed_verify, message), 0);
expect("length", call(meed_verify, message.subarray(1)), 1);
expect("development key", call(meed_check_key, key), 0);
expect("development key, not asked for", call(meed_check_key, key, 0), 12);
expect("proof under a development key, not asked for", call(meed_verify, message, 0), 12);
for (let at = 0; at < message.length; at += 7) {
  const changed = Buffer.from(message);
  changed[at] ^= 1;
  const codes = at < 704 ? [10] : at < 800 ? [20, 40] : [30];
  expect(`byte ${at}`, call(meed_verify, changed), ...codes);
}
const swapped = Buffer.concat([key, inputs, proof.subarray(192), proof.subarray(64, 192), proof.subarray(0, 64)]);
expect("A and C exchanged", call(meed_verify, swapped), 40);

const { domain, words } = field;
const list = Buffer.concat([key, proof, domain, inputs.subarray(0, 32), words]);
expect("honest words", call(meed_verify_words, list), 0);
for (const [at, code] of [[700, 10], [704, 30], [704 + 256, 40], [704 + 256 + 95, 40], [1056 + 31, 21], [1056 + 63, 40]]) {
  const changed = Buffer.from(list);
  changed[at] ^= 1;
  expect(`words' byte ${at}`, call(meed_verify_words, changed), code);
}
expect("a word less", call(meed_verify_words, list.subarray(0, list.length - 32)), 22);
expect("half a word", call(meed_verify_words, list.subarray(0, list.length - 16)), 1);

const start = process.hrtime.bigint();
const rounds = 20;
for (let i = 0; i < rounds; i += 1) call(meed_verify, message);
const each = Number(process.hrtime.bigint() - start) / rounds / 1e6;
console.log(`wasm: the golden proof verifies, changed ones do not; ${each.toFixed(1)} ms each, key included`);
