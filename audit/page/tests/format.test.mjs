// Amounts as text: the same examples as in ledger/src/receipt/number.rs.

import assert from "node:assert/strict";
import { test } from "node:test";
import esbuild from "esbuild-wasm";

const { outputFiles } = await esbuild.build({ entryPoints: ["src/format.ts"], bundle: true, write: false, format: "esm" });
const { brief, credits, percent, units, UNIT } = await import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString("base64")}`);

const base = { decimals: 0, symbol: "units" };
const token = (decimals, symbol) => ({ decimals, symbol });

test("amounts are cut and say so", () => {
  const half = UNIT / 2n;
  for (const [got, expected] of [
    [credits(base, 0n), "0 units"],
    [credits(base, half), "0.5 units"],
    [credits(base, 1n), "0.000000… units"],
    [units(base, 1_234_567n), "1,234,567 units"],
    [credits(base, 1_000n * UNIT + half), "1,000.5 units"],
    [credits(base, 3n * UNIT - 1n), "2.999999… units"],
    [units(token(6, "USDC"), 1_234_567n), "1.234567 USDC"],
    [units(token(6, "USDC"), 12_000_000n), "12 USDC"],
    [credits(token(6, "USDC"), half), "0.000000… USDC"],
    [units(token(18, "ETH"), 1n), "0.000000000000000001 ETH"],
    [credits(token(2, "X"), half), "0.005 X"],
  ]) assert.equal(got, expected);
  assert.match(credits(token(24, "X"), 2n ** 256n - 1n), /… X$/);
});

test("short amounts never look exact when they are not", () => {
  const eth = token(18, "ETH");
  for (const [amount, expected] of [
    [0n, "0"], [1n, "<0.000001"], [1_259_443_011_111_904_812n, "1.2594…"], [62_972_000_000_000_000n, "0.06297…"],
    [10n ** 18n, "1"], [123_456n * 10n ** 18n + 1n, "123,456.00…"], [5n * 10n ** 12n, "0.000005"],
  ]) assert.equal(brief(eth, amount * UNIT), expected);
});

test("percents round down and never hide money", () => {
  assert.equal(percent(1n, 3n), "33.33%");
  assert.equal(percent(1n, 10n ** 9n), "<0.01%");
  assert.equal(percent(0n, 5n), "0.00%");
  assert.equal(percent(1n, 0n), "–");
});
