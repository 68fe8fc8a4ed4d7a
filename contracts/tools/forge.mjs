// The path of forge itself, in its package for this platform. npm's wrapper around it, node_modules/.bin/forge,
// exits with 0 whatever happened.
import { existsSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const PACKAGES = join(dirname(fileURLToPath(import.meta.url)), "..", "node_modules", "@foundry-rs");

export function forgePath() {
  const packages = existsSync(PACKAGES) ? readdirSync(PACKAGES) : [];
  for (const name of packages.filter((name) => name.startsWith("forge-"))) {
    for (const file of ["forge", "forge.exe"]) {
      const path = join(PACKAGES, name, "bin", file);
      if (existsSync(path)) return path;
    }
  }
  throw new Error("forge is missing: run npm ci in contracts/ first");
}
