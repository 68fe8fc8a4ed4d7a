// Names are text, nothing leaves the page, and it can be used by everyone.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, test } from "node:test";
import { changed, finish, open, read, verify, viewOf } from "./browser.mjs";

after(finish);

const HOSTILE = [
  "<img src=x onerror=alert(1)>", "</script><script>alert(2)</script>", "<!--<script>", "\"><svg onload=alert(3)>",
  "javascript:alert(4)", "&lt;b&gt;", "{{constructor.constructor('alert(5)')()}}", "a\u2028b",
];

test("hostile names are text wherever they are shown", async () => {
  const { account } = viewOf(read("operator")).operator.accounts;
  const file = changed("operator", "hostile", (v) => {
    v.operator.assets.name = v.operator.assets.name.map((_, i) => HOSTILE[i % HOSTILE.length] + i);
    v.show.symbol = "<img src=x onerror=alert(6)>";
    v.made_by = "<script>alert(7)</script>";
    v.audit = [{ name: "x", about: "<img src=x onerror=alert(8)>", epoch: 1, status: "failed", findings: [{ severity: "error", message: "<img src=x onerror=alert(9)>", account: account[0] }] }];
    v.proof.circuit = "<img src=x onerror=alert(10)>";
  });
  const { page, trouble, close } = await open(file);
  await verify(page);
  await page.hover("#flow path.link");
  assert.equal(await page.locator("img, #app script").count(), 0);
  assert.ok((await page.innerText("#flow")).length > 0);
  for (const who of account.slice(0, 10)) {
    await page.evaluate((hash) => { location.hash = hash; }, `#/account/${who}`);
    await page.locator(".receipt .full", { hasText: who }).waitFor();
    assert.equal(await page.locator("img, #app script").count(), 0);
  }
  assert.deepEqual(trouble, []);
  await close();
});

test("findings of an audit are shown, the failed ones first", async () => {
  const file = changed("operator", "audit", (v) => {
    v.audit = [
      { name: "proof", about: "the proof", epoch: 1, status: "passed" },
      { name: "chain", about: "the chain", epoch: null, status: "not_checked", why: "no node was given" },
      { name: "claims", about: "the claims", epoch: 1, status: "failed", findings: [{ severity: "error", message: "a claim too much", difference: { unit: "base_units", expected: "1", got: "2" } }] },
    ];
  });
  const { page, trouble, close } = await open(file);
  assert.deepEqual(await page.$$eval("#audit [data-audit]", (items) => items.map((item) => item.dataset.audit)), ["claims", "chain", "proof"]);
  assert.match(await page.innerText("#audit"), /Not checked: no node was given/);
  assert.match(await page.innerText("#audit"), /a claim too much\s+expected 0\.000000000000000001 tokens, got 0\.000000000000000002 tokens/);
  assert.deepEqual(trouble, []);
  await close();
});

test("the policy forbids what the page does not need", async () => {
  const { page, close } = await open("operator");
  const outcome = await page.evaluate(async () => {
    const tried = {};
    tried.fetch = await fetch("https://example.org/").then(() => "reached", () => "refused");
    tried.image = await new Promise((resolve) => {
      const image = new Image();
      image.onload = () => resolve("reached");
      image.onerror = () => resolve("refused");
      image.src = "https://example.org/x.png";
    });
    const script = document.createElement("script");
    script.textContent = "window.ran = true";
    document.body.append(script);
    tried.script = window.ran ? "reached" : "refused";
    return tried;
  });
  assert.deepEqual(outcome, { fetch: "refused", image: "refused", script: "refused" });
  await close();
});

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

for (const dark of [false, true]) {
  for (const width of [1280, 360]) {
    test(`no rule of axe is broken: ${dark ? "dark" : "light"}, ${width} wide`, async () => {
      for (const hash of ["", `#/account/${viewOf(read("operator")).operator.accounts.account[0]}`]) {
        const { page, close } = await open("operator", { dark, width, hash });
        if (!hash) await verify(page);
        for (const unfold of await page.locator("details").all()) await unfold.evaluate((element) => { element.open = true; });
        // Evaluated by the debugger, which the page's policy does not bind.
        await page.evaluate(axe);
        const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
        const text = violations.map((v) => `${v.id}: ${v.help}\n${v.nodes.slice(0, 3).map((n) => `  ${n.html}\n  ${n.failureSummary}`).join("\n")}`);
        assert.deepEqual(text, []);
        await close();
      }
    });
  }
}
