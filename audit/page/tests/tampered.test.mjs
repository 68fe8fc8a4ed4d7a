// Pages that lie: each must show red, with the check that finds it.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { changed, finish, open, read, verify, viewOf } from "./browser.mjs";

after(finish);

const flip = (base64, byte) => {
  const bytes = Buffer.from(base64, "base64");
  bytes[byte] ^= 1;
  return bytes.toString("base64");
};
const more = (list, i, by = 1n) => { list[i] = (BigInt(list[i]) + by).toString(); };
const word = 32 * (11 + 5) + 31;

/** What is changed, in which page, how, and which check must find it. */
const LIES = [
  ["an amount in the table", "operator", (v) => more(v.operator.accounts.paid, 3), "payouts"],
  ["an amount in the words", "public", (v) => { v.words = flip(v.words, word); }, "words"],
  ["two amounts in the words, their sum kept", "public", (v) => {
    const bytes = Buffer.from(v.words, "base64");
    // Exchanges the low bytes of two amounts that differ there.
    const [a, b] = [32 * 12 + 31, 32 * 13 + 31];
    assert.notEqual(bytes[a], bytes[b]);
    [bytes[a], bytes[b]] = [bytes[b], bytes[a]];
    v.words = bytes.toString("base64");
  }, "proof"],
  ["a payee", "public", (v) => { v.words = flip(v.words, 32 * 11 + 14); }, "proof"],
  ["a byte of the proof", "public", (v) => { v.proof.proof = flip(v.proof.proof, 40); }, "proof"],
  ["a byte of the key", "public", (v) => { v.proof.key = flip(v.proof.key, 700); }, "key"],
  ["the key's id", "public", (v) => { v.proof.vk_id = v.proof.vk_id.replace(/.$/, (d) => (d === "0" ? "1" : "0")); }, "key"],
  ["that the key is insecure", "public", (v) => { v.proof.insecure = false; }, "key"],
  ["the domain", "public", (v) => { v.proof.contract = `0x${"00".repeat(31)}01`; }, "proof"],
  ["h", "public", (v) => { v.h = v.h.replace(/.$/, (d) => (d === "0" ? "1" : "0")); }, "proof"],
  ["the policy's hash in the words", "operator", (v) => { v.words = flip(v.words, 32 * 2 + 31); }, "policy"],
  ["what waits, its sum kept", "public", (v) => {
    more(v.state.accrued, 0);
    more(v.state.accrued, 1, -1n);
  }, "state-root"],
  ["what waits", "public", (v) => more(v.state.accrued, 0), "state"],
  ["who waits", "public", (v) => { v.state.account[0] = `0x${"00".repeat(19)}01`; }, "state-root"],
  ["fees in the words", "operator", (v) => { v.words = flip(v.words, 32 * 7 + 31); }, "conservation"],
  ["what waited before", "operator", (v) => more(v.operator.accounts.before, 0), "conservation"],
  ["the flow over an edge", "operator", (v) => more(v.operator.edges.credit, 0), "flows"],
  ["what an asset keeps", "operator", (v) => more(v.operator.assets.kept, 0), "flows"],
  ["an asset's records", "operator", (v) => more(v.operator.assets.records, 2), "fees"],
  ["a penalty", "operator", (v) => { v.operator.assets.penalty_bps[0] += 1; }, "registry"],
  ["an edge's share, passed on accordingly", "operator", (v) => { v.operator.edges.bps[0] -= 1; }, "registry"],
  ["an owner", "operator", (v) => { v.operator.assets.owner[0] = (v.operator.assets.owner[0] + 1) % 40; }, "receipts"],
  ["what an account earned", "operator", (v) => more(v.operator.accounts.earned, 5), "receipts"],
  ["the shares", "operator", (v) => { v.operator.policy.shares[0] -= 1; v.operator.policy.shares[4] += 1; }, "policy"],
  ["the smallest payout", "operator", (v) => { v.operator.policy.min_payout = "1"; }, "policy"],
  ["the cap", "operator", (v) => { v.operator.policy.cap_bps += 1; }, "fees"],
  ["what an earlier epoch left", "public", (v) => {
    v.trend.unshift({ ...v.trend[0], epoch: "0", waiting: "12345" });
  }, "conservation"],
  ["the state that an earlier epoch left", "public", (v) => {
    v.trend.unshift({ ...v.trend[0], epoch: "0", waiting: "0", state_after: `0x${"11".repeat(32)}` });
  }, "state-before"],
  ["the epoch's number", "public", (v) => { v.epoch = "2"; }, "words"],
];

for (const [what, name, lie, found] of LIES) {
  test(`red: ${what}`, async () => {
    const { page, trouble, close } = await open(changed(name, what, lie));
    const { verdict, failed } = await verify(page);
    assert.equal(verdict, "bad");
    assert.ok(failed.includes(found), `expected ${found} among ${failed}`);
    assert.equal(await page.isVisible("#alarm"), true);
    assert.match(await page.getAttribute(".badge", "class"), /bad/);
    assert.deepEqual(trouble, []);
    await close();
  });
}

test("lies in integers show before anybody asks, and in the receipt", async () => {
  const { account } = viewOf(read("operator")).operator.accounts;
  const file = changed("operator", "at once", (v) => more(v.operator.accounts.earned, 5));
  const { page, close } = await open(file, { hash: `#/account/${account[5]}` });
  assert.equal(await page.isVisible("#alarm"), true);
  assert.equal(await page.getAttribute(".sums", "data-adds-up"), "false");
  assert.match(await page.innerText(".sums .verdict"), /does not add up/);
  await close();
});

for (const [what, lie] of [
  ["another format", (v) => { v.format = "other"; }],
  ["a version that is not there yet", (v) => { v.version = 2; }],
  ["columns of different lengths", (v) => { v.operator.accounts.paid.pop(); }],
  ["an amount that is no number", (v) => { v.operator.accounts.after[0] = "-1"; }],
  ["an amount that is too long to be one", (v) => { v.operator.accounts.after[0] = "9".repeat(1_000_000); }],
  ["an owner that is not there", (v) => { v.operator.assets.owner[0] = 1e9; }],
  ["words that are cut short", (v) => { v.words = v.words.slice(0, 40); }],
]) {
  test(`an error in place of a page: ${what}`, async () => {
    const { page, close } = await open(changed("operator", what, lie));
    assert.equal(await page.evaluate(() => document.documentElement.dataset.ready), "failed");
    assert.match(await page.innerText("#broken"), /expected/);
    await close();
  });
}
