// A page of 100,000 accounts stays usable. Times are printed; what is asserted are counts.

import assert from "node:assert/strict";
import { statSync } from "node:fs";
import path from "node:path";
import { after, test } from "node:test";
import { finish, open, pages, read, verify, viewOf } from "./browser.mjs";

after(finish);

/** Notes the tasks that keep the page from reacting for 50 ms and more: how many depends on the machine. */
const watch = () => {
  globalThis.long = [];
  new PerformanceObserver((list) => globalThis.long.push(...list.getEntries().map(({ duration }) => Math.round(duration)))).observe({ type: "longtask", buffered: true });
};

test("100,000 accounts: loads, sorts, searches, scrolls, adds up", async () => {
  const { operator } = viewOf(read("large"));
  const n = operator.accounts.account.length;
  assert.ok(n >= 100_000);
  const start = performance.now();
  const { page, trouble, close } = await open("large", { init: watch });
  const loaded = performance.now() - start;
  const took = async (what, action, version) => {
    await page.evaluate(() => { globalThis.long = []; });
    const begun = performance.now();
    await action();
    await page.waitForFunction((v) => Number(document.querySelector(".grid").dataset.version) >= v, version);
    const time = performance.now() - begun;
    await page.waitForTimeout(200);
    const long = await page.evaluate(() => globalThis.long);
    console.log(`${what}: ${time.toFixed(0)} ms, ${long.length} long tasks of the page's thread ${JSON.stringify(long)} ms`);
  };
  console.log(`large.html: ${(statSync(path.join(pages, "large.html")).size / 1e6).toFixed(1)} MB, ${n} accounts, ${operator.assets.name.length} assets, ready after ${loaded.toFixed(0)} ms`);
  await took("sort by account", () => page.click("[role=columnheader].account button"), 2);
  await took("sort by what waits", () => page.click("[role=columnheader].waits button"), 3);
  await took("search", () => page.fill("#search", operator.accounts.account[77_777].slice(2, 12)), 4);
  assert.match(await page.innerText(".count"), /^1 of /);
  await took("search for nothing", () => page.fill("#search", ""), 5);
  // Only what is in sight exists.
  assert.ok(await page.locator(".rows .row").count() < 60);
  await page.focus(".grid");
  await page.keyboard.press("End");
  await page.locator(`#row-${n - 1} .who`).waitFor();
  await page.keyboard.press("Enter");
  await page.locator(".sums[data-adds-up=true]").waitFor();
  await page.click(".back");
  const { verdict, failed } = await verify(page);
  assert.deepEqual([verdict, failed], ["unproved", []]);
  assert.deepEqual(trouble, []);
  await close();
});
