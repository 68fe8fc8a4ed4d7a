// Writes golden/<n>.json: claim trees as @openzeppelin/merkle-tree builds and dumps them.
// `npm ci && node generate.mjs` writes, `node generate.mjs --check` compares, and
// `node generate.mjs --load FILE` loads and validates any dump of `meed export claims`.
//
// The payouts are a fixed function of n and the index, repeated in ../claims.rs.
import { SimpleMerkleTree, StandardMerkleTree } from "@openzeppelin/merkle-tree";
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";

const SIZES = [1, 2, 3, 7, 8, 33, 1024, 1025, 2500];
// Larger goldens have some proofs only, and the dump's digest in place of the dump.
const WHOLE = 33;
const GROUP = 1024;
const ENCODING = ["uint256", "address", "uint256"];
const UNSORTED = { sortLeaves: false };
const folder = new URL("golden/", import.meta.url);

// Account i: i + 1 in two bytes, ten times; increasing. Amounts: small, large, and 2^93 - 1.
const account = (i) => "0x" + (i + 1).toString(16).padStart(4, "0").repeat(10);
const LARGEST = (1n << 93n) - 1n;
const amount = (n, i) => {
  if (i === n - 1) return LARGEST;
  return 1n + (BigInt(i) * 1_000_000_007n * BigInt(n) ** BigInt(i % 7)) % LARGEST;
};
const payouts = (n) =>
  Array.from({ length: n }, (_, i) => [String(i), account(i), String(amount(n, i))]);

// A tree for each group of payouts, and one over their roots.
const build = (values) => {
  const groups = [];
  for (let from = 0; from < values.length; from += GROUP) {
    groups.push(StandardMerkleTree.of(values.slice(from, from + GROUP), ENCODING, UNSORTED));
  }
  const top = SimpleMerkleTree.of(groups.map((group) => group.root), UNSORTED);
  return { groups, top };
};

const proofOf = ({ groups, top }, i) => {
  const g = Math.floor(i / GROUP);
  return [...groups[g].getProof(i % GROUP), ...top.getProof(g)];
};

// One group has no tree on top: the dump is the package's.
const dumpOf = ({ groups, top }) => {
  const dump =
    groups.length === 1
      ? groups[0].dump()
      : { format: "meed-groups-v1", groups: groups.map((group) => group.dump()), top: top.dump() };
  return JSON.stringify(dump, null, 2) + "\n";
};

// Loads every part of a dump with the package, and checks that nothing else would have given it.
const load = (text) => {
  const dump = JSON.parse(text);
  const parts = dump.format === "meed-groups-v1" ? dump.groups : [dump];
  const groups = parts.map((part) => StandardMerkleTree.load(part));
  const values = groups.flatMap((group) => Array.from(group.entries(), ([, value]) => value));
  const tree = build(values);
  if (parts.length > 1) {
    const top = SimpleMerkleTree.load(dump.top);
    if (top.root !== tree.top.root) throw new Error("the tree on top is another one");
  }
  if (dumpOf(tree) !== text) throw new Error("the dump is not the one of its payouts");
  for (const [i, value] of values.entries()) {
    if (value[0] !== String(i)) throw new Error(`payout ${i} has index ${value[0]}`);
    const good = StandardMerkleTree.verify(tree.top.root, ENCODING, value, proofOf(tree, i));
    if (!good) throw new Error(`payout ${i} has no valid proof`);
  }
  return tree.top.root;
};

const flag = process.argv[2];
if (flag === "--load") {
  console.log(load(readFileSync(process.argv[3], "utf8")));
} else {
  if (flag !== undefined && flag !== "--check") throw new Error(`unknown flag ${flag}`);
  mkdirSync(folder, { recursive: true });
  for (const n of SIZES) {
    const tree = build(payouts(n));
    const dump = dumpOf(tree);
    if (load(dump) !== tree.top.root) throw new Error(`the dump of ${n} has another root`);
    const edge = [0, 1, GROUP - 2, GROUP - 1, GROUP, GROUP + 1, 2 * GROUP - 1, 2 * GROUP, n - 2, n - 1];
    const some = [...new Set(edge.filter((i) => i < n))].sort((a, b) => a - b);
    const indexes = n <= WHOLE ? Array.from({ length: n }, (_, i) => i) : some;
    const golden = {
      root: tree.top.root,
      proofs: indexes.map((index) => ({ index, proof: proofOf(tree, index) })),
      sha256: createHash("sha256").update(dump).digest("hex"),
      ...(n <= WHOLE ? { dump } : {}),
    };
    const text = JSON.stringify(golden, null, 1) + "\n";
    const file = new URL(`${n}.json`, folder);
    if (flag === "--check") {
      if (readFileSync(file, "utf8") !== text) throw new Error(`golden/${n}.json differs`);
    } else {
      writeFileSync(file, text);
    }
  }
  // The package refuses an empty list, and so do we.
  let refused = false;
  try {
    build([]);
  } catch {
    refused = true;
  }
  if (!refused) throw new Error("the package accepts an empty list now");
}
