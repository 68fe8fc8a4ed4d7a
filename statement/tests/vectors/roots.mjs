// Recomputes the roots, h and y of epoch.json from its inputs, with poseidon-lite and the packings
// that statement/src/roots.rs documents. `npm ci && node roots.mjs`; exits with 1 on a difference.
import * as lite from "poseidon-lite";
import { readFileSync } from "node:fs";

const R = 21888242871839275222246405745257275088548364400416034343698204186575808495617n;
const ARITY = 8;
const DEPTH = 8;

const hash = (...inputs) => lite[`poseidon${inputs.length}`](inputs);
const tag = (text) => BigInt("0x" + Buffer.from(text).toString("hex"));
const hex = (digits) => BigInt("0x" + digits);

// 8-ary, 8 levels, padded with zeros.
function tree(leaves) {
  let zero = 0n;
  let level = leaves;
  for (let depth = 0; depth < DEPTH; depth++) {
    const above = [];
    for (let i = 0; i < level.length; i += ARITY) {
      const node = level.slice(i, i + ARITY);
      while (node.length < ARITY) node.push(zero);
      above.push(hash(...node));
    }
    zero = hash(...Array(ARITY).fill(zero));
    level = above;
  }
  return level.length === 0 ? zero : level[0];
}

// [value, bits], from the least significant up.
function pack(...parts) {
  let sum = 0n;
  let shift = 0n;
  for (const [value, bits] of parts) {
    const v = BigInt(value);
    if (v < 0n || v >> BigInt(bits)) throw new Error(`${v} does not fit ${bits} bits`);
    sum += v << shift;
    shift += BigInt(bits);
  }
  return sum;
}

function policyHash({ shares, accounts, threshold, cap_bps, min_payout, fraction_bits }) {
  const packed = pack(
    ...shares.map((share) => [share, 14]),
    [cap_bps, 14],
    [threshold, 47],
    [min_payout, 80],
    [fraction_bits, 8],
  );
  return hash(tag("meed.policy.v1"), packed, ...accounts.map(BigInt));
}

function registryRoot(registry) {
  const elements = registry.flatMap(({ content_hash, owner, kind, edges, penalty }) => {
    const edge = (i) => {
      const [parent, bps] = edges[i] ?? [0, 0];
      return [pack([parent, 32], [bps, 14]), 46];
    };
    const first = hex(content_hash.slice(0, 32));
    const last = hex(content_hash.slice(32));
    return [
      pack(edge(0), edge(1), [kind, 2], [penalty, 14], [first, 128]),
      pack(edge(2), edge(3), [last, 128]),
      BigInt(owner),
    ];
  });
  return hash(tag("meed.registry.v1"), BigInt(registry.length), tree(elements));
}

function scoresRoot(registry, salt, events, records) {
  const eventElements = events.flatMap(({ id, fee, service, model }) => [
    hex(id),
    pack([fee, 80], [service, 32], [model, 32]),
  ]);
  const numbers = records.map(([event, asset, score]) =>
    pack([BigInt(score) + (1n << 47n), 48], [asset, 32], [event, 24]),
  );
  const pairs = [];
  for (let i = 0; i < numbers.length; i += 2) {
    pairs.push(pack([numbers[i], 104], [numbers[i + 1] ?? 0n, 104]));
  }
  return hash(
    tag("meed.scores.v1"),
    registry,
    BigInt(salt),
    BigInt(events.length),
    tree(eventElements),
    BigInt(records.length),
    tree(pairs),
  );
}

const stateRoot = (state) =>
  hash(tag("meed.state.v1"), BigInt(state.length), tree(state.flat().map(BigInt)));

const wordsHash = (words) =>
  hash(
    tag("meed.words.v1"),
    hash(...words.slice(0, 8)),
    words[8],
    words[9],
    words[10],
    tree(words.slice(11)),
  );

const evaluate = (words, alpha) => words.reduceRight((sum, word) => (sum * alpha + word) % R, 0n);

let failed = false;
const vectors = JSON.parse(readFileSync(new URL("epoch.json", import.meta.url), "utf8"));
vectors.forEach((vector, index) => {
  const { inputs } = vector;
  const words = vector.words.map(BigInt);
  const registry = registryRoot(inputs.registry);
  const found = {
    policy_hash: policyHash(inputs.policy),
    registry_root: registry,
    scores_root: scoresRoot(registry, inputs.salt, inputs.events, inputs.records),
    state_root_before: stateRoot(inputs.state),
    state_root_after: stateRoot(vector.state_after),
    h: wordsHash(words),
  };
  const compare = (name, expected, got) => {
    const same = BigInt(expected) === got;
    failed ||= !same;
    console.log(`epoch ${index}: ${name} ${same ? "agrees" : `is ${got}, expected ${expected}`}`);
  };
  for (const [name, got] of Object.entries(found)) compare(name, vector[name], got);
  // The roots as they stand among the words.
  compare("word 1", inputs.epoch, words[1]);
  compare("word 2", vector.policy_hash, words[2]);
  compare("word 3", vector.registry_root, words[3]);
  compare("word 4", vector.scores_root, words[4]);
  compare("word 5", vector.state_root_before, words[5]);
  compare("word 6", vector.state_root_after, words[6]);
  compare("word 7", inputs.events.reduce((sum, e) => sum + BigInt(e.fee), 0n), words[7]);
  const amounts = words.slice(11).map((word) => word & ((1n << 93n) - 1n));
  compare("word 8", amounts.reduce((sum, amount) => sum + amount, 0n), words[8]);
  compare("word 9", vector.state_after.reduce((sum, e) => sum + BigInt(e[1]), 0n), words[9]);
  compare("word 10", amounts.length, words[10]);
  for (const { domain, alpha, y } of vector.bindings) {
    compare(`y ${domain}`, y, evaluate(words, BigInt(alpha)));
  }
});
process.exit(failed ? 1 : 0);
