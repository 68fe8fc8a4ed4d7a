#!/usr/bin/env node
// forge itself, from its package for this platform. npm's wrapper around it, node_modules/.bin/forge, exits with 0
// whatever happened.
//
//   node tools/forge.mjs ARGUMENTS    runs it and exits as it does
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const SELF = fileURLToPath(import.meta.url);
const PACKAGES = join(dirname(SELF), "..", "node_modules", "@foundry-rs");

export function forgePath() {
  const packages = existsSync(PACKAGES) ? readdirSync(PACKAGES) : [];
  for (const name of packages.filter((name) => name.startsWith("forge-"))) {
    for (const file of ["forge", "forge.exe"]) {
      const path = join(PACKAGES, name, "bin", file);
      if (existsSync(path)) return path;
    }
  }
  throw new Error("forge is missing: `npm ci` in contracts/, or `cargo xtask test --only node`");
}

if (process.argv[1] === SELF) {
  const { status, error } = spawnSync(forgePath(), process.argv.slice(2), { stdio: "inherit" });
  if (error) throw error;
  process.exit(status ?? 1);
}
