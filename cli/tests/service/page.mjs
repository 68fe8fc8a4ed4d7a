// Opens the service's page in a browser, as its owner does: node page.mjs ADDRESS; the tokens are in the
// environment. Prints what it saw as JSON.

import { createRequire } from "node:module";

const require = createRequire(new URL("../../../audit/page/package.json", import.meta.url));
const { chromium } = require("playwright-core");

const [address] = process.argv.slice(2);
const FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"];
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: FLAGS });
const page = await browser.newPage();
const trouble = [];
page.on("pageerror", (error) => trouble.push(`error: ${error.message}`));
page.on("request", (request) => {
  if (!request.url().startsWith(`http://${address}/`)) trouble.push(`request: ${request.url()}`);
});
page.on("console", (message) => {
  // The wrong token and the missing scope are answered with these.
  const expected = /status of 40[13]/.test(message.text()) || /favicon/.test(message.location().url);
  if (message.type() === "error" && !expected) trouble.push(`console: ${message.text()}`);
});

async function enter(token) {
  await page.fill("#token", token);
  await page.click("#entry button");
}

try {
  await page.goto(`http://${address}/`);
  const before = await page.isVisible("main");
  await enter("meed_0123456789abcdef_wrong");
  await page.waitForFunction(() => document.querySelector("#said").textContent.includes("token"));
  const refused = { main: await page.isVisible("main"), said: await page.textContent("#said") };
  await enter(process.env.MEED_TOKEN);
  await page.waitForSelector("#jobs td.done");
  const rows = await page.$$eval("#jobs tbody tr", (list) => list.map((row) => [...row.cells].map((cell) => cell.innerText)));
  const counts = Object.fromEntries(await page.$$eval("#counts div", (list) => list.map((pair) => [...pair.children].map((part) => part.innerText))));
  const workers = await page.$$eval("#workers tbody tr", (list) => list.map((row) => row.cells[1].innerText));
  await page.click("#jobs button");
  await page.waitForSelector("#report tbody tr");
  const report = {
    title: await page.textContent("#report h2"),
    text: await page.innerText("#report dl"),
    payouts: await page.$$eval("#report tbody tr", (list) => list.map((row) => [...row.cells].map((cell) => cell.innerText))),
  };
  console.log(JSON.stringify({ before, refused, rows, counts, workers, report, trouble }));
} finally {
  await browser.close();
}
