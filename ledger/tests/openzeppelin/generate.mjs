// Writes golden/<n>.json: claim trees as @openzeppelin/merkle-tree dumps them, with root and proofs.
// `npm ci && node generate.mjs` writes, `node generate.mjs --check` compares, and
// `node generate.mjs --load FILE` loads and validates any dump.
//
// The payouts are a fixed function of n and the index, repeated in ../claims.rs.
import { StandardMerkleTree } from "@openzeppelin/merkle-tree";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";

const SIZES = [1, 2, 3, 7, 8, 33];
const ENCODING = ["uint256", "address", "uint256"];
const folder = new URL("golden/", import.meta.url);

// Account i: (i + 1) * 0x0101..01 (20 bytes), increasing. Amounts: small, large, and 2^93 - 1.
const ONES = BigInt("0x" + "01".repeat(20));
const account = (i) => "0x" + ((BigInt(i) + 1n) * ONES).toString(16).padStart(40, "0");
const amount = (n, i) => {
  if (i === n - 1) return (1n << 93n) - 1n;
  return 1n + BigInt(i) * 1_000_000_007n * BigInt(n) ** BigInt(i % 7);
};
const values = (n) =>
  Array.from({ length: n }, (_, i) => [String(i), account(i), String(amount(n, i))]);

const load = (text) => StandardMerkleTree.load(JSON.parse(text));

const flag = process.argv[2];
if (flag === "--load") {
  const tree = load(readFileSync(process.argv[3], "utf8"));
  for (const [i] of tree.entries()) {
    if (!tree.verify(i, tree.getProof(i))) throw new Error(`leaf ${i} has no valid proof`);
  }
  console.log(tree.root);
} else {
  if (flag !== undefined && flag !== "--check") throw new Error(`unknown flag ${flag}`);
  mkdirSync(folder, { recursive: true });
  for (const n of SIZES) {
    const tree = StandardMerkleTree.of(values(n), ENCODING);
    const golden = {
      root: tree.root,
      proofs: Array.from(tree.entries(), ([i]) => tree.getProof(i)),
      dump: JSON.stringify(tree.dump(), null, 2) + "\n",
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
    StandardMerkleTree.of([], ENCODING);
  } catch {
    refused = true;
  }
  if (!refused) throw new Error("the package accepts an empty list now");
}
