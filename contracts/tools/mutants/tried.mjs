// Which contracts, tests and twins all twins were last tried on. A full run takes a quarter of an hour and gives the
// same result on the same files, so a short run takes a sample of the twins where nothing has changed.
import { createHash } from "node:crypto";
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const FILE = "tools/mutants/tried.json";
const FILES = ["foundry.toml", "package-lock.json", "src", "test", "tools/mutants/table.mjs"];

/// SHA-256 of all that the twins' results depend on.
export function digest(root) {
  const hash = createHash("sha256");
  for (const name of FILES) {
    for (const file of filesUnder(root, name).sort()) {
      const content = readFileSync(join(root, file));
      hash.update(`${file}\n${content.length}\n`).update(content);
    }
  }
  return hash.digest("hex");
}

function filesUnder(root, name) {
  let entries;
  try {
    entries = readdirSync(join(root, name), { withFileTypes: true });
  } catch (error) {
    if (error.code === "ENOTDIR") return [name];
    throw error;
  }
  return entries.flatMap((entry) => filesUnder(root, `${name}/${entry.name}`));
}

/// Whether all twins were told apart with these files.
export function tried(root) {
  return JSON.parse(readFileSync(join(root, FILE), "utf8")).sha256 === digest(root);
}

/// Notes that they were.
export function note(root, twins) {
  const text = JSON.stringify({ sha256: digest(root), twins }, null, 2);
  writeFileSync(join(root, FILE), `${text}\n`);
}

/// Some of the twins, others every day.
export function sample(mutants, count) {
  const day = Math.floor(Date.now() / 86_400_000);
  const rank = ({ name }) => createHash("sha256").update(`${day} ${name}`).digest("hex");
  const ranked = mutants.map((mutant) => [rank(mutant), mutant]);
  return ranked.sort(([a], [b]) => (a < b ? -1 : 1)).slice(0, count).map(([, mutant]) => mutant);
}
