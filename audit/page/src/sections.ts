// The parts of the main page.

import { accountLink, details, h, mark, table } from "./dom.ts";
import { brief, credits, grouped, percent, plural, share, short, UNIT, units, type Show } from "./format.ts";
import type { Lists } from "./picture.ts";
import type { AuditCheck, Finding } from "./view.ts";
import type { Summary } from "./worker.ts";

export function section(id: string, title: string, about: string, ...children: (Node | null | false)[]): HTMLElement {
  return h("section", { id, "aria-labelledby": `${id}-title` },
    h("div", { class: "section-head" }, h("h2", { id: `${id}-title` }, title), h("p", {}, about)), ...children);
}

/** Totals, and that nothing is lost. */
export function overview(summary: Summary): HTMLElement {
  const { header, show, events } = summary;
  const fees = header.fees_total * UNIT;
  const [paid, waiting] = [header.released_total * UNIT, header.accrued_total_after];
  const figure = (title: string, amount: bigint, note: string) => h("div", {}, h("dt", {}, title),
    h("dd", { title: credits(show, amount) }, brief(show, amount), h("span", { class: "unit" }, show.symbol)), h("dd", { class: "sub" }, note));
  return h("div", { class: "overview" },
    h("p", { class: "lede" }, `${events === null ? "The epoch's paid events" : plural(events, "paid event")} brought in ${credits(show, fees)}. `
      + `${plural(Number(header.payouts), "account is", "accounts are")} paid; ${plural(summary.waitingAccounts, "account waits", "accounts wait")} for the rest.`),
    h("dl", { class: "figures" },
      figure("Fees in", fees, events === null ? "base of everything below" : plural(events, "paid event")),
      figure("Paid out", paid, plural(Number(header.payouts), "account")),
      figure("Waiting", waiting, plural(summary.waitingAccounts, "account")),
      h("div", {}, h("dt", {}, "Accounts"), h("dd", {}, grouped(summary.accounts)),
        h("dd", { class: "sub" }, summary.assets === null ? "paid or waiting" : `owners of ${plural(summary.assets, "asset")}, and roles`))),
    equation(summary));
}

/** Fees = paid + newly waiting - previously waiting, computed here. */
function equation({ header, before, show }: Summary): HTMLElement {
  const [fees, paid, after] = [header.fees_total * UNIT, header.released_total * UNIT, header.accrued_total_after];
  const known = before !== null;
  const was = before ?? after + paid - fees;
  const holds = fees === paid + after - was && was >= 0n;
  const term = (sign: string, title: string, amount: bigint) => [
    sign && h("span", { class: "sign", "aria-hidden": "true" }, sign),
    h("div", { class: "term" }, h("span", { class: "what" }, title), h("span", { class: "amount" }, brief(show, amount)),
      h("span", { class: "exact" }, `${grouped(amount)} credits`)),
  ];
  return h("div", { class: `equation ${holds ? "good" : "bad"}`, id: "equation", "data-holds": String(holds) },
    h("h2", {}, mark(holds ? "good" : "bad"), holds
      ? (known ? "Nothing is lost: both sides are the same, to the credit" : "Where the fees went")
      : "These do not agree: do not pay anyone by this page"),
    h("div", { class: "terms" }, ...term("", "Fees in", fees), ...term("=", "Paid", paid), ...term("+", "Waits now", after), ...term("−", "Waited before", was)),
    !known && h("p", { class: "hint" }, "What waited before is computed from the other three: a bundle does not say it. The epoch before does."));
}

/** Who waits, the cap, penalties, copies, shares owed. */
export function waiting(lists: Lists, summary: Summary): HTMLElement {
  const { show } = summary;
  const { fractions } = lists;
  const rows = lists.waiting.map(({ account, waits, isNew }) =>
    [accountLink(account, short(account)), credits(show, waits), ...(isNew === null ? [] : [credits(show, isNew)])]);
  const columns = [{ title: "Account" }, { title: "Waits", number: true }, ...(summary.policy ? [{ title: "Of it new", number: true }] : [])];
  const least = summary.policy ? ` of ${units(show, BigInt(summary.policy.min_payout) || 1n)}` : "";
  return h("div", { class: "stack" },
    h("p", {}, lists.waitingCount === 0 ? "Nobody is under the smallest payout."
      : `${plural(lists.waitingCount, "account is", "accounts are")} under the smallest payout${least}; together they wait for ${credits(show, lists.waitingTotal)}. It is added to what they earn next.`),
    fractions.accounts > 0 && h("p", {}, `${plural(fractions.accounts, "paid account keeps", "paid accounts keep")} a fraction of a base unit, together ${credits(show, fractions.total)}: payouts are whole base units.`),
    rows.length > 0 && table("Accounts under the smallest payout", columns, rows),
    lists.waitingCount > rows.length && h("p", { class: "hint" }, `The ${rows.length} largest of ${grouped(lists.waitingCount)}. The table of accounts has all.`));
}

export function adjustments(lists: Lists, summary: Summary): HTMLElement {
  const { show, cap, policy, uncounted } = summary;
  const amount = (value: bigint) => credits(show, value);
  const part = (title: string, none: string, ...children: (Node | false)[]) =>
    h("div", { class: "adjustment" }, h("h3", {}, title), ...(children.some(Boolean) ? children : [h("p", { class: "muted" }, none)]));
  return h("div", { class: "stack" },
    part("The cap", policy && cap !== null ? `No account earned more than ${share(policy.cap_bps)} of the fees, ${amount(cap)}.` : "",
      lists.capped.length > 0 && table("Accounts over the cap",
        [{ title: "Account" }, { title: "Earned", number: true }, { title: "Taken by the cap", number: true }],
        lists.capped.map(({ account, earned, over }) => [accountLink(account, short(account)), amount(earned), amount(over)]))),
    part("Penalties", "No asset has a penalty.",
      lists.penalties.length > 0 && table("Penalties",
        [{ title: "Asset" }, { title: "Owner" }, { title: "Penalty", number: true }, { title: "To the remainder account", number: true }],
        lists.penalties.map(({ name, account, bps, amount: taken }) =>
          [name, accountLink(account, short(account)), bps === 10_000 ? "suspended" : share(bps), amount(taken)]))),
    part("Copies", "No asset is marked as a copy.",
      lists.copies.length > 0 && h("p", {}, "A copy owes its original everything, so copying earns nothing."),
      lists.copies.length > 0 && table("Copies",
        [{ title: "Copy" }, { title: "Owner" }, { title: "Original" }, { title: "Its owner" }, { title: "Passed on", number: true }],
        lists.copies.map(({ name, account, of, ofAccount, amount: passed }) =>
          [name, accountLink(account, short(account)), of, accountLink(ofAccount, short(ofAccount)), amount(passed)]))),
    part("Shares owed", "No asset owes another a share.",
      lists.edges.length > 0 && table("Shares owed",
        [{ title: "Asset" }, { title: "Owes" }, { title: "Share", number: true }, { title: "Passed on", number: true }],
        lists.edges.map(({ name, of, bps, amount: passed }) => [name, of, share(bps), amount(passed)])),
      lists.edgesCount > lists.edges.length && h("p", { class: "hint" }, `The ${lists.edges.length} largest of ${grouped(lists.edgesCount)}.`)),
    part("Events without a score", "In every event a score reached the threshold.",
      uncounted !== null && uncounted.events > 0 && h("p", {},
        `In ${plural(uncounted.events, "event")} no score reached the threshold; the data's share of their fees, ${amount(uncounted.credit)}, went to the remainder account.`)));
}

/** What an audit found. */
export function audit(checks: AuditCheck[], show: Show): HTMLElement {
  const order = { failed: 0, not_checked: 1, passed: 2 };
  const rows = checks.toSorted((a, b) => order[a.status] - order[b.status]);
  const status = { passed: "good", failed: "bad", not_checked: "open" } as const;
  const finding = (f: Finding) => h("li", { class: f.severity }, h("span", { class: `tag ${f.severity}` }, f.severity), " ", f.message,
    f.account && h("span", {}, " ", accountLink(f.account, short(f.account))),
    f.difference && h("small", {}, ` expected ${amount(f.difference, "expected", show)}, got ${amount(f.difference, "got", show)}`));
  return h("ul", { class: "checks audit" }, ...rows.map((check) => h("li", { class: status[check.status], "data-audit": check.name },
    mark(status[check.status]),
    h("div", {}, h("strong", {}, check.about), check.epoch !== null && h("span", { class: "tag" }, `epoch ${check.epoch}`),
      check.status === "not_checked" && h("p", {}, `Not checked: ${check.why ?? "no reason given"}`),
      h("ul", { class: "findings" }, ...[...(check.findings ?? []), ...(check.notes ?? [])].map(finding))))));
}

function amount(difference: NonNullable<Finding["difference"]>, which: "expected" | "got", show: Show): string {
  const value = BigInt(difference[which]);
  return difference.unit === "credits" ? `${credits(show, value)} (${grouped(value)} credits)` : units(show, value);
}

const SYSTEMS: Record<string, string> = { groth16: "Groth16", halo2: "halo2 (KZG)" };

/** Rules, commitments, key: what to compare. */
export function fineprint(summary: Summary): HTMLElement {
  const { policy, proof, header, show } = summary;
  const hash = (value: bigint) => `0x${value.toString(16).padStart(64, "0")}`;
  const list = (rows: [string, string][]) => h("dl", { class: "facts" }, ...rows.map(([what, value]) =>
    h("div", {}, h("dt", {}, what), h("dd", { class: /^(0x)?[0-9a-f]{40,}$/.test(value) ? "mono" : null }, value))));
  const names = ["Platform", "Stakers", "Services", "Models", "Data"];
  return h("div", { class: "stack" },
    proof && h("div", {}, h("h3", {}, "The proof"),
      h("p", {}, "Compare the key's id with the one that the ceremony published: only that tells whose key it is. The circuit's name and digest are what the bundle's maker wrote."),
      list([["Key id", proof.vk_id], ["Key", proof.insecure ? "INSECURE DEVELOPMENT KEY" : "from a ceremony, if its id is the published one"],
        ["Proof system", SYSTEMS[proof.system] ?? proof.system], ["Domain", proof.domain], ["Circuit", `${proof.circuit}, shape ${proof.shape}`], ["Circuit digest", proof.circuit_digest],
        ["Bundle's manifest, sha256", proof.manifest_sha256]])),
    h("div", {}, h("h3", {}, "Commitments"), list([
      ["Policy", hash(header.policy_hash)], ["Registry", hash(header.registry_root)], ["Scores", hash(header.scores_root)],
      ["State before", hash(header.state_root_before)], ["State after", hash(header.state_root_after)], ["All public words (h)", summary.h],
    ])),
    policy && h("div", {}, h("h3", {}, "Rules"), list([
      ...policy.shares.map((bps, i): [string, string] => [`${names[i]}`, share(bps)]),
      ["Platform account", policy.platform], ["Stakers' account", policy.stakers], ["Remainder account", policy.remainder],
      ["Cap", `${share(policy.cap_bps)} of the fees`], ["Smallest payout", units(show, BigInt(policy.min_payout) || 1n)],
    ])),
    details("Units", h("p", {}, `Amounts are shown in ${show.symbol}${show.decimals ? `, of 10^${show.decimals} base units each` : " (base units)"}; a base unit is ${grouped(UNIT)} credits. `
      + "“…” marks digits that are cut off. Everything is computed in credits, exactly.")),
    details("Licences of what others wrote in this page", h("pre", { tabindex: 0 }, document.getElementById("notice")?.textContent ?? "")),
    h("p", { class: "muted" }, "What the proof shows: these rules were applied to the committed scores and registry. It does not show that a score is true."),
    h("p", { class: "muted" }, `Made by ${summary.made_by}. Paid of the fees: ${percent(header.released_total, header.fees_total)}.`));
}
