// A browser, and pages to open in it: those that `meed` wrote, and copies of them with changed data.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import zlib from "node:zlib";
import { chromium } from "playwright-core";

/** The folder with operator.html, public.html, unproved.html and large.html: `cargo xtask page` makes it. */
export const pages = process.env.MEED_PAGES;
if (!pages) throw new Error("MEED_PAGES: expected the folder of the pages; run `cargo xtask test --only page`");
const scratch = mkdtempSync(path.join(tmpdir(), "meed-page-"));

const FLAGS = [
  "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
  "--disable-background-networking", "--disable-component-update", "--disable-sync",
];

export const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: FLAGS });

export async function finish() {
  await browser.close();
  rmSync(scratch, { recursive: true });
}

const DATA = /<script type="(application\/json|application\/gzip)" id="data">([^<]*)<\/script>/;

export function read(name) {
  return readFileSync(path.join(pages, `${name}.html`), "utf8");
}

/** The data of a page. */
export function viewOf(html) {
  const [, type, text] = DATA.exec(html);
  return JSON.parse(type.endsWith("json") ? text : zlib.gunzipSync(Buffer.from(text, "base64")).toString());
}

/** Writes a copy of a page whose data `change` has changed; its path. */
export function changed(name, label, change) {
  const html = read(name);
  const view = viewOf(html);
  change(view);
  const json = JSON.stringify(view).replaceAll("<", "\\u003c");
  const file = path.join(scratch, `${label.replace(/[^a-z0-9]+/gi, "-")}.html`);
  writeFileSync(file, html.replace(DATA, () => `<script type="application/json" id="data">${json}</script>`));
  return file;
}

/** Opens a page, by its name or path. `trouble` collects what must not happen. */
export async function open(nameOrFile, { hash = "", width = 1280, height = 900, dark = false, init } = {}) {
  const file = path.isAbsolute(nameOrFile) ? nameOrFile : path.join(pages, `${nameOrFile}.html`);
  const context = await browser.newContext({ viewport: { width, height }, colorScheme: dark ? "dark" : "light", reducedMotion: "reduce" });
  const page = await context.newPage();
  const trouble = [];
  page.on("console", (message) => ["error", "warning"].includes(message.type()) && trouble.push(`console: ${message.text()}`));
  page.on("pageerror", (error) => trouble.push(`error: ${error.message}`));
  page.on("dialog", (dialog) => {
    trouble.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on("request", (request) => {
    const { protocol } = new URL(request.url());
    if (!["file:", "blob:", "data:"].includes(protocol)) trouble.push(`request: ${request.url()}`);
  });
  if (init) await page.addInitScript(init);
  await page.goto(pathToFileURL(file).href + hash);
  await page.waitForFunction(() => document.documentElement.dataset.ready, null, { timeout: 60_000 });
  return { page, trouble, close: () => context.close() };
}

export async function verify(page) {
  await page.click("#verify");
  await page.waitForFunction(() => !["waiting", "busy"].includes(document.getElementById("check").dataset.verdict), null, { timeout: 60_000 });
  return page.evaluate(() => ({
    verdict: document.getElementById("check").dataset.verdict,
    failed: [...document.querySelectorAll("#check li.bad")].map((item) => item.dataset.check),
    passed: [...document.querySelectorAll("#check li.good")].map((item) => item.dataset.check),
    text: document.getElementById("check").innerText,
  }));
}
