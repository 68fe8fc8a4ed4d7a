// One account's page.

import type { AccountReceipt, AssetReceipt } from "./account.ts";
import { accountLink, h, mark, table } from "./dom.ts";
import { brief, credits, grouped, plural, share, short, UNIT, units, type Show } from "./format.ts";
import { sum } from "./model.ts";
import type { Summary } from "./worker.ts";

type Line = [sign: string, what: string, amount: bigint, why?: string];

export function receiptPage(receipt: AccountReceipt | null, account: string, summary: Summary): HTMLElement {
  const { show } = summary;
  const back = h("a", { href: "#/", class: "back" }, "← All accounts");
  if (!receipt) {
    return h("article", { class: "receipt" }, back, h("h1", { tabindex: -1 }, "No such account"),
      h("p", {}, "Epoch ", summary.epoch, " pays nothing to ", h("span", { class: "mono" }, account), ", and nothing waits for it."));
  }
  const { inside, paid, waits } = receipt;
  return h("article", { class: "receipt" }, back,
    h("p", { class: "eyebrow" }, `Receipt, epoch ${summary.epoch}`),
    h("h1", { tabindex: -1 }, short(receipt.account)),
    h("p", { class: "mono full" }, receipt.account),
    receipt.roles.length > 0 && h("p", { class: "roles" }, ...receipt.roles.map((role) => h("span", { class: "tag" }, `${role} account`))),
    h("dl", { class: "figures two" },
      figure("Paid now", paid * UNIT, show), figure("Waits for later epochs", waits, show)),
    h("p", { class: "why" }, why(receipt, show)),
    inside ? sums(receipt, inside, show) : h("p", { class: "note" },
      "This page holds what the bundle says. How the amount comes about, from which assets, needs the operator's data: ask for the account's receipt."),
    ...(inside?.assets ?? []).map((asset) => assetPart(asset, show)));
}

function figure(title: string, amount: bigint, show: Show): HTMLElement {
  return h("div", {}, h("dt", {}, title), h("dd", {}, brief(show, amount), h("span", { class: "unit" }, show.symbol)),
    h("dd", { class: "sub" }, `${grouped(amount)} credits`));
}

function why({ paid, waits, minPayout }: AccountReceipt, show: Show): string {
  if (paid === 0n && waits === 0n) return "Nothing came in and nothing waited.";
  if (waits === 0n) return "All of it is paid.";
  if (paid > 0n) return "Whole base units are paid; the fraction of one waits and is added to what comes next.";
  const least = minPayout === null ? "the smallest payout" : `the smallest payout of ${units(show, minPayout > 1n ? minPayout : 1n)}`;
  return `It is under ${least}, so it waits and is added to what comes next. Nothing is lost.`;
}

function sums(receipt: AccountReceipt, inside: NonNullable<AccountReceipt["inside"]>, show: Show): HTMLElement {
  const { role, assets } = inside;
  const kept = sum(assets.map((asset) => asset.kept));
  const over = inside.earned - inside.credited;
  const lines: Line[] = [
    ["", "Waited from earlier epochs", inside.before],
    ["+", `Kept by ${plural(assets.length, "asset")}`, kept],
  ];
  const roles: [string, bigint | null][] = [
    ["Platform's share of the fees", role.platform], ["Stakers' share of the fees", role.stakers],
    ["Left by rounding, and by events without a score", role.leftovers], ["Penalties of assets", role.penalties],
  ];
  for (const [what, amount] of roles) if (amount !== null) lines.push(["+", what, amount]);
  if (over > 0n) lines.push(["−", "Over the cap, to the remainder account", over, `No account earns more than ${credits(show, inside.cap)}.`]);
  if (role.excess !== null) lines.push(["+", "What the cap took from others", role.excess]);
  // The page adds the lines that it shows; what it should come to stands below.
  const total = lines.reduce((all, [sign, , amount]) => (sign === "−" ? all - amount : all + amount), 0n);
  const outcome = receipt.paid * UNIT + receipt.waits;
  const good = total === outcome && inside.fault === null;
  const row = ([sign, what, amount, reason]: Line, className = "") => h("tr", { class: className },
    h("td", { class: "sign", "aria-hidden": sign === "" ? "true" : null }, sign),
    h("th", { scope: "row" }, what, reason && h("small", {}, reason)),
    h("td", { class: "num" }, credits(show, amount), h("small", {}, `${grouped(amount)} credits`)));
  return h("section", { class: "sums", "aria-labelledby": "sums-title", "data-adds-up": String(good) },
    h("h2", { id: "sums-title" }, "How it adds up"),
    h("table", { class: "ledger" },
      h("tbody", {}, ...lines.map((line) => row(line)), row(["=", "Together", total], "total"),
        row(["", "Paid now", receipt.paid * UNIT]), row(["+", "Waits", receipt.waits]), row(["=", "Together", outcome], "total"))),
    h("p", { class: `verdict ${good ? "good" : "bad"}` }, mark(good ? "good" : "bad"),
      good ? "Computed here: both sides are the same, to the credit."
        : `This receipt does not add up${inside.fault ? `: ${inside.fault}` : ""}.`));
}

function assetPart(asset: AssetReceipt, show: Show): HTMLElement {
  const rows: [string | HTMLElement, string][] = [];
  const add = (what: string | HTMLElement, amount: bigint, sign = "") => rows.push([what, `${sign}${credits(show, amount)}`]);
  if (asset.records > 0n) add("Scores in events, its part of the data's share", asset.records);
  if (asset.service > 0n) add("Served events", asset.service);
  if (asset.model > 0n) add("Model of events", asset.model);
  for (const part of asset.received) add(`From ${part.name}, which owes ${share(part.bps)}`, part.amount);
  add(h("strong", {}, "Came in"), asset.inflow);
  for (const part of asset.passes) {
    add(h("span", {}, `${part.bps === 10_000 ? "A copy: all of it" : share(part.bps)} to ${part.name} of `, accountLink(part.account, short(part.account))), part.amount, "− ");
  }
  if (asset.penaltyBps > 0) add(`Penalty of ${share(asset.penaltyBps)}, to the remainder account`, asset.penalty, "− ");
  add(h("strong", {}, "Kept"), asset.kept);
  return h("section", { class: "asset" },
    h("h3", {}, asset.name, h("span", { class: "tag" }, asset.kind)),
    h("p", { class: "mono hash" }, `sha256 ${asset.content}`),
    table(`What ${asset.name} earned`, [{ title: "What" }, { title: "Amount", number: true }], rows));
}
