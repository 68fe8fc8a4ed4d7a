// The page in a browser: what it shows, that it checks itself, and that it does nothing else.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { changed, finish, open, read, verify, viewOf } from "./browser.mjs";

after(finish);

const INTEGERS = ["words", "payouts", "state", "conservation", "fees", "flows", "receipts"];
const ROOTS = ["state-root", "state-before", "policy", "registry"];

test("the operator's page verifies, and says that the key is for development", async () => {
  const { page, trouble, close } = await open("operator");
  assert.match(await page.innerText("#insecure"), /INSECURE DEVELOPMENT KEY/);
  assert.equal(await page.getAttribute("#equation", "data-holds"), "true");
  const { verdict, passed, failed } = await verify(page);
  assert.equal(verdict, "development");
  assert.deepEqual(failed, []);
  assert.deepEqual(passed.toSorted(), [...INTEGERS, "proof", ...ROOTS].toSorted());
  assert.match(await page.innerText("#check"), new RegExp(viewOf(read("operator")).proof.vk_id));
  assert.deepEqual(trouble, []);
  await close();
});

test("the public page verifies, and holds no more than the bundle", async () => {
  const view = viewOf(read("public"));
  assert.equal(view.operator, null);
  const { page, trouble, close } = await open("public");
  const { verdict, passed } = await verify(page);
  assert.equal(verdict, "development");
  assert.deepEqual(passed.toSorted(), ["words", "state", "conservation", "proof", "state-root", "state-before"].toSorted());
  assert.equal(await page.locator("#flow").count(), 0);
  assert.match(await page.innerText("#public"), /need the operator's data/);
  assert.deepEqual(trouble, []);
  await close();
});

test("a page without a proof says so, in capitals", async () => {
  const { page, trouble, close } = await open("unproved");
  assert.match(await page.innerText("#unproved"), /NOT PROVED/);
  const { verdict, passed, text } = await verify(page);
  assert.equal(verdict, "unproved");
  assert.ok(!passed.includes("proof"));
  assert.match(text, /NOT PROVED/);
  assert.deepEqual(trouble, []);
  await close();
});

test("a proof without its key is not called checked", async () => {
  const { page, trouble, close } = await open(changed("public", "no key", (v) => { v.proof.key = null; }));
  assert.match(await page.innerText("#no-key"), /NOT PROVED HERE/);
  const { verdict, passed } = await verify(page);
  assert.equal(verdict, "unproved");
  assert.ok(!passed.includes("proof") && !passed.includes("key"));
  assert.deepEqual(trouble, []);
  await close();
});

test("epochs are compared with each other", async () => {
  const file = changed("public", "trend", (v) => {
    const [own] = v.trend;
    v.trend.push({ ...own, epoch: "2", paid: "5", waiting: "7" }, { ...own, epoch: "3", proved: false });
  });
  const { page, trouble, close } = await open(file);
  assert.equal(await page.locator("#trend circle").count(), 9);
  assert.equal(await page.locator("#trend tbody tr").count(), 3);
  assert.deepEqual(trouble, []);
  await close();
});

test("every account's receipt adds up", async () => {
  const { page, trouble, close } = await open("operator");
  const { account } = viewOf(read("operator")).operator.accounts;
  assert.ok(account.length > 40);
  for (const who of account) {
    await page.evaluate((hash) => { location.hash = hash; }, `#/account/${who}`);
    await page.locator(".receipt .full", { hasText: who }).waitFor();
    assert.equal(await page.getAttribute(".sums", "data-adds-up"), "true", who);
    // What the lines say, added up here.
    const lines = await page.$$eval(".ledger tr", (rows) => rows.map((row) => [
      row.querySelector(".sign").textContent, row.querySelector("th").textContent,
      row.querySelector("small:last-child").textContent.replace(/[^0-9]/g, ""),
    ]));
    const ends = lines.flatMap(([sign], i) => (sign === "=" ? [i] : []));
    assert.equal(ends.length, 2);
    const total = (from, to) => lines.slice(from, to).reduce((sum, [sign, , credits]) => sum + (sign === "−" ? -1n : 1n) * BigInt(credits), 0n);
    assert.equal(total(0, ends[0]), BigInt(lines[ends[0]][2]));
    assert.equal(total(ends[0] + 1, ends[1]), total(0, ends[0]));
  }
  await page.evaluate(() => { location.hash = `#/account/0x${"12".repeat(20)}`; });
  await page.locator("h1", { hasText: "No such account" }).waitFor();
  assert.deepEqual(trouble, []);
  await close();
});

const firstColumn = (page) => page.$$eval(".rows .row .who", (cells) => cells.map((cell) => cell.textContent));
const settled = (page, version) => page.waitForFunction(
  (v) => Number(document.querySelector(".grid").dataset.version) >= v && document.querySelector(".rows .row .who, .rows .none"), version);

test("the table sorts and searches", async () => {
  const { page, trouble, close } = await open("operator");
  const { account, paid } = viewOf(read("operator")).operator.accounts;
  const short = (who) => `${who.slice(0, 8)}…${who.slice(-6)}`;
  await settled(page, 1);
  const order = account.map((_, i) => i).sort((a, b) => (BigInt(paid[b]) > BigInt(paid[a]) ? 1 : -1));
  assert.deepEqual((await firstColumn(page)).slice(0, 8), order.slice(0, 8).map((i) => short(account[i])));
  assert.equal(await page.getAttribute("[role=columnheader].paid", "aria-sort"), "descending");
  await page.click("[role=columnheader].paid button");
  await settled(page, 2);
  assert.deepEqual((await firstColumn(page)).slice(0, 3), order.toReversed().slice(0, 3).map((i) => short(account[i])));
  await page.click("[role=columnheader].account button");
  await settled(page, 3);
  assert.equal((await firstColumn(page))[0], short(account[0]));
  await page.fill("#search", "alder");
  await settled(page, 4);
  assert.equal(await page.innerText(".count"), `1 of ${account.length} accounts`);
  await page.fill("#search", account[7].slice(5, 20).toUpperCase());
  await settled(page, 5);
  assert.deepEqual(await firstColumn(page), [short(account[7])]);
  await page.fill("#search", "nobody has this name");
  await settled(page, 6);
  assert.match(await page.innerText(".rows"), /No account matches/);
  assert.deepEqual(trouble, []);
  await close();
});

test("everything works from the keyboard", async () => {
  const { page, trouble, close } = await open("operator");
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement.textContent), "Skip to the content");
  const reached = new Set();
  for (let i = 0; i < 200; i += 1) {
    await page.keyboard.press("Tab");
    const what = await page.evaluate(() => {
      const { activeElement: element } = document;
      const style = getComputedStyle(element);
      return { what: element.id || element.getAttribute("role") || element.className || element.tagName, body: element === document.body, outline: style.outlineStyle, width: parseFloat(style.outlineWidth) };
    });
    if (what.body) break;
    reached.add(what.what);
    assert.ok(what.what === "grid" || (what.outline !== "none" && what.width >= 1), `${what.what} shows no focus`);
  }
  for (const what of ["verify", "search", "grid"]) assert.ok(reached.has(what), `${what} was not reached: ${[...reached]}`);
  await page.focus(".grid");
  for (const key of ["ArrowDown", "ArrowDown", "End", "Home", "PageDown", "Home", "ArrowDown"]) await page.keyboard.press(key);
  assert.equal(await page.getAttribute(".grid", "aria-activedescendant"), "row-1");
  assert.ok(await page.locator("#row-1.active").count());
  await page.keyboard.press("Enter");
  await page.locator(".receipt").waitFor();
  assert.equal(await page.evaluate(() => document.activeElement.tagName), "H1");
  await page.focus(".back");
  await page.keyboard.press("Enter");
  await page.locator(".grid").waitFor();
  await page.focus("#verify");
  await page.keyboard.press("Enter");
  await page.locator("#check[data-verdict=development]").waitFor();
  assert.deepEqual(trouble, []);
  await close();
});

test("a phone's width needs no sideways scrolling", async () => {
  for (const hash of ["", `#/account/${viewOf(read("operator")).operator.accounts.account[0]}`]) {
    const { page, trouble, close } = await open("operator", { width: 360, height: 740, hash });
    const { scroll, client } = await page.evaluate(() => ({ scroll: document.documentElement.scrollWidth, client: document.documentElement.clientWidth }));
    assert.equal(scroll, client, `at ${hash || "the top"}`);
    assert.equal(client, 360);
    assert.deepEqual(trouble, []);
    await close();
  }
});

test("colours follow the system, and the button changes them", async () => {
  const { page, trouble, close } = await open("operator", { dark: true });
  const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const dark = await background();
  await page.click(".theme");
  const light = await background();
  assert.equal(light, "rgb(255, 255, 255)");
  assert.notEqual(dark, light);
  assert.deepEqual(trouble, []);
  await close();
});

test("tables say what the plots show", async () => {
  const { page, close } = await open("operator");
  const { show: { decimals }, operator } = viewOf(read("operator"));
  const column = await page.$$eval("#flow details table tbody tr", (rows) => rows.map((row) => [...row.children].map((cell) => cell.textContent)));
  const fromFees = column.filter(([from]) => from === "Fees");
  assert.deepEqual(fromFees.map(([, to]) => to).toSorted(), ["Data", "Models", "Platform", "Services", "Stakers"]);
  const links = await page.locator("#flow path.link").count();
  assert.equal(links, column.length);
  const bars = await page.$$eval("#spread figure:first-child tbody tr", (rows) => rows.map((row) => Number(row.children[2].textContent)));
  assert.equal(bars.reduce((a, b) => a + b, 0), operator.accounts.paid.filter((paid) => paid !== "0").length);
  assert.equal(decimals, 18);
  await close();
});

test("it names what others wrote in it", async () => {
  const { page, close } = await open("public");
  const text = await page.locator("#details pre").textContent();
  for (const what of ["d3-sankey", "@tanstack/virtual-core", "Permission", "light-poseidon"]) assert.ok(text.includes(what), what);
  await close();
});

test("it prints", async () => {
  const { page, close } = await open("operator", { dark: true });
  await page.emulateMedia({ media: "print" });
  assert.equal(await page.evaluate(() => getComputedStyle(document.querySelector(".top")).display), "none");
  assert.ok((await page.pdf({ format: "A4" })).length > 10_000);
  await close();
});
