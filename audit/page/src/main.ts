// The page: reads its data block, shows it, and follows the address' fragment.

import { Client } from "./client.ts";
import type { Check } from "./checks.ts";
import { h } from "./dom.ts";
import { UNIT } from "./format.ts";
import { accountsGrid } from "./grid.ts";
import { histogram, lorenz, trend } from "./plots.ts";
import { receiptPage } from "./receipt.ts";
import { flowPicture } from "./sankey.ts";
import { adjustments, audit, fineprint, overview, section, waiting } from "./sections.ts";
import { VerifyPanel, type Verdict } from "./verify.ts";
import type { Pictures, Summary } from "./worker.ts";

const ACCOUNT = /^#\/account\/(0x[0-9a-f]{40})$/;

function themeButton(): HTMLElement {
  const root = document.documentElement;
  const dark = () => root.dataset["theme"] === "dark"
    || (root.dataset["theme"] === undefined && matchMedia("(prefers-color-scheme: dark)").matches);
  const button = h("button", { type: "button", class: "theme", onclick: () => {
    root.dataset["theme"] = dark() ? "light" : "dark";
    label();
  } });
  const label = () => {
    button.textContent = dark() ? "Light" : "Dark";
    button.setAttribute("aria-label", `Switch to ${dark() ? "light" : "dark"} colours`);
  };
  label();
  return button;
}

/** Whether the page is good, at the top of every view. */
function badge(summary: Summary) {
  const element = h("a", { href: "#check", class: "badge waiting" }, "Not verified yet");
  const set = (verdict: Verdict) => {
    const texts: Record<Verdict, string> = {
      waiting: summary.proof ? "Not verified yet" : "Not proved", busy: "Checking…", good: "Verified in this browser",
      development: "INSECURE KEY", unproved: "NOT PROVED", bad: "Does not agree",
    };
    element.textContent = texts[verdict];
    element.className = `badge ${verdict}`;
  };
  return { element, set };
}

function warnings(summary: Summary): (HTMLElement | false)[] {
  return [
    summary.proof?.insecure === true && h("p", { class: "banner bad", id: "insecure" }, h("strong", {}, "INSECURE DEVELOPMENT KEY. "),
      "The key comes from the local development set-up, whose secrets are public. ANYBODY CAN FORGE A PROOF UNDER IT. DO NOT PAY ANYONE BY THIS PAGE."),
    summary.proof === null && h("p", { class: "banner warn", id: "unproved" }, h("strong", {}, "NOT PROVED. "),
      "These numbers are computed by the operator; this page holds no proof of them."),
    summary.proof?.key === false && h("p", { class: "banner warn", id: "no-key" }, h("strong", {}, "NOT PROVED HERE. "),
      "The verifying key was not given when this page was made, so the proof cannot be checked on it."),
    summary.policy === null && h("p", { class: "banner plain", id: "public" },
      "This page holds what the epoch's public bundle says: who is paid, who waits, and the proof. Assets, the flow of the money and receipts need the operator's data."),
  ];
}

function layout(summary: Summary, pictures: Pictures, client: Client, panel: VerifyPanel): HTMLElement {
  const { show } = summary;
  return h("div", { class: "view" },
    h("div", { class: "hero" }, h("p", { class: "eyebrow" }, "Who got what, and why"), h("h1", { tabindex: -1 }, `Epoch ${summary.epoch}`), overview(summary)),
    panel.element,
    summary.audit && section("audit", "Audit", "What was looked at when this page was made, and what could not be.", audit(summary.audit, show)),
    summary.policy && pictures.flow.links.length > 0 && section("flow", "Where the fees went",
      "From the fees over their shares and the assets to the accounts, before the cap. What assets pass to each other is netted.",
      flowPicture(pictures.flow, show, summary.header.fees_total * UNIT)),
    section("accounts", "Who got what", summary.policy ? "Every account with its payout and what it is for. A row opens its receipt."
      : "Every account that is paid or waits, as the public words say.", accountsGrid(client, summary)),
    pictures.spread.n > 0 && section("spread", "How it is spread", `${pictures.spread.n.toLocaleString("en")} payouts in this epoch.`,
      h("div", { class: "pair" }, histogram(pictures.spread, show), lorenz(pictures.spread, show))),
    section("waiting", "Who waits, and why", "What is under the smallest payout is kept and added up, never dropped.", waiting(pictures.lists, summary)),
    summary.policy && section("rules", "What the rules did", "The cap, penalties, copies and shares that assets owe each other.", adjustments(pictures.lists, summary)),
    summary.trend.length > 1 && section("trend", "Over the epochs", `${summary.trend.length} epochs side by side.`, trend(summary.trend, show, summary.epoch)),
    section("details", "Fine print", "What to compare with what was published.", fineprint(summary)));
}

function navigation(view: HTMLElement): HTMLElement {
  const titles: Record<string, string> = {
    check: "Check", audit: "Audit", flow: "Flow", accounts: "Accounts", spread: "Spread", waiting: "Waiting", rules: "Rules", trend: "Trend", details: "Details",
  };
  const sections = [...view.querySelectorAll("section[id]")].filter(({ id }) => titles[id]);
  return h("nav", { "aria-label": "Parts of the page" }, ...sections.map(({ id }) => h("a", { href: `#${id}` }, titles[id]!)));
}

async function start(app: HTMLElement) {
  const client = new Client();
  const data = document.getElementById("data");
  const module = document.getElementById("module")?.textContent ?? "";
  if (!data?.textContent) throw new Error("this file holds no data: was it cut short?");
  const summary = await client.load(data.textContent, data.getAttribute("type") === "application/gzip");
  data.remove();
  document.title = `Epoch ${summary.epoch} - Meed`;

  const state = badge(summary);
  const alarm = h("p", { class: "banner bad", id: "alarm", hidden: true, role: "alert" });
  const panel = new VerifyPanel(client, summary, module, (verdict: Verdict, failed: Check[]) => {
    state.set(verdict);
    alarm.hidden = failed.length === 0;
    alarm.replaceChildren(h("strong", {}, "This page does not agree with itself. "), failed.map(({ title, detail }) => `${title}: ${detail}`).join(" · "));
  });
  const main = h("main", { id: "main", class: "wrap" });
  const view = layout(summary, await client.pictures(), client, panel);
  const nav = navigation(view);
  app.replaceChildren(
    h("a", { class: "skip", href: "#main" }, "Skip to the content"),
    h("header", { class: "top" }, h("div", { class: "wrap" },
      h("a", { href: "#/", class: "brand" }, "Meed", h("span", {}, `Epoch ${summary.epoch}`)), nav, h("div", { class: "right" }, state.element, themeButton()))),
    h("section", { class: "wrap banners", "aria-label": "Warnings" }, alarm, ...warnings(summary).filter((banner) => banner !== false)), main);

  let scrolled = 0;
  const route = async (first: boolean) => {
    const account = ACCOUNT.exec(location.hash)?.[1];
    if (account) {
      if (view.isConnected) scrolled = scrollY;
      const page = receiptPage(await client.receipt(account), account, summary);
      main.replaceChildren(page);
      scrollTo(0, 0);
      page.querySelector("h1")?.focus({ preventScroll: true });
      return;
    }
    if (view.isConnected) return;
    main.replaceChildren(view);
    const target = /^#[a-z]+$/.test(location.hash) ? document.getElementById(location.hash.slice(1)) : null;
    if (target) target.scrollIntoView();
    else if (!first) scrollTo(0, scrolled);
  };
  addEventListener("hashchange", () => void route(false));
  await route(true);
  await panel.begin();
  document.documentElement.dataset["ready"] = "true";
}

const app = document.getElementById("app")!;
start(app).catch((error: Error) => {
  app.replaceChildren(h("main", { class: "wrap" }, h("h1", {}, "This page cannot be shown"),
    h("p", { class: "banner bad", role: "alert", id: "broken" }, error.message)));
  document.documentElement.dataset["ready"] = "failed";
});
