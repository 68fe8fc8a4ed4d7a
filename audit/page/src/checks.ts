// What the page can check with integers alone. Every number here is computed again from its parts; what it is
// compared with is what the page shows.

import { BPS, grouped, plural, short, UNIT } from "./format.ts";
import { roleCredits, sum, type Model } from "./model.ts";

export type Status = "good" | "bad" | "open";

export interface Check {
  id: string;
  title: string;
  status: Status;
  /** What was found, in a sentence. */
  detail: string;
}

const good = (id: string, title: string, detail: string): Check => ({ id, title, status: "good", detail });
const bad = (id: string, title: string, detail: string): Check => ({ id, title, status: "bad", detail });
const open = (id: string, title: string, detail: string): Check => ({ id, title, status: "open", detail });

/** All of them, for this data. */
export function arithmetic(model: Model): Check[] {
  const checks = [words(model), state(model), conservation(model)];
  if (model.inside) checks.splice(1, 0, payouts(model));
  if (model.inside) checks.push(fees(model), flows(model), receipts(model));
  return checks;
}

/** The words' own rules: what can be seen of them without a proof. */
function words({ header, payouts, view }: Model): Check {
  const [id, title] = ["words", "The payout list is well formed"];
  if (header.version !== 1n) return bad(id, title, `expected version 1, got ${header.version}`);
  if (header.epoch.toString() !== view.epoch) {
    return bad(id, title, `expected epoch ${view.epoch}, the words say ${header.epoch}`);
  }
  const { account, amount } = payouts;
  if (header.payouts !== BigInt(account.length)) {
    return bad(id, title, `expected ${header.payouts} payouts, got ${account.length}`);
  }
  for (let i = 0; i < account.length; i += 1) {
    if (amount[i] === 0n) return bad(id, title, `payout ${i} has no amount`);
    if (account[i]!.length !== 42) return bad(id, title, `payout ${i} has no proper account`);
    if (i > 0 && account[i]! <= account[i - 1]!) {
      return bad(id, title, `payout ${i}: accounts are not strictly increasing`);
    }
  }
  const paid = sum(amount);
  if (paid !== header.released_total) {
    return bad(id, title, `the amounts add up to ${grouped(paid)}, the header says ${grouped(header.released_total)} base units`);
  }
  return good(id, title, `${plural(account.length, "payout")}, in order, adding up to the header's total of ${grouped(paid)} base units.`);
}

/** The operator's table against the words. */
function payouts({ accounts, inside }: Model): Check {
  const [id, title] = ["payouts", "The table of accounts pays what the public words say"];
  for (let i = 0; i < accounts.account.length; i += 1) {
    if (inside!.claimed[i] !== accounts.paid[i]) {
      const who = accounts.account[i]!;
      return bad(id, title, `${who}: the table pays ${grouped(inside!.claimed[i]!)}, the words ${grouped(accounts.paid[i]!)} base units`);
    }
  }
  return good(id, title, `All ${grouped(accounts.account.length)} accounts agree with the words, to the base unit.`);
}

/** What waits, against the header. An account that the words pay and the table lacks shows here, too. */
function state({ state: { account, accrued }, header, accounts, payouts: paid }: Model): Check {
  const [id, title] = ["state", "What waits adds up"];
  for (let i = 0; i < account.length; i += 1) {
    if (accrued[i] === 0n) return bad(id, title, `${account[i]} waits for nothing`);
    if (i > 0 && account[i]! <= account[i - 1]!) {
      return bad(id, title, `entry ${i}: accounts are not strictly increasing`);
    }
  }
  const waiting = sum(accrued);
  if (waiting !== header.accrued_total_after) {
    return bad(id, title, `the accounts wait for ${grouped(waiting)} credits together, the header says ${grouped(header.accrued_total_after)}`);
  }
  const known = new Set(accounts.account);
  const missing = paid.account.find((who) => !known.has(who));
  if (missing) return bad(id, title, `${missing} is paid by the words and missing in the table`);
  return good(id, title, `${plural(account.length, "account")} waiting, together ${grouped(waiting)} credits, as the header says.`);
}

/** What waited before, as the other totals demand it. */
export const impliedBefore = ({ header }: Model) =>
  header.accrued_total_after + header.released_total * UNIT - header.fees_total * UNIT;

function conservation(model: Model): Check {
  const [id, title] = ["conservation", "Nothing is lost and nothing invented"];
  const { header, inside, view } = model;
  const implied = impliedBefore(model);
  if (inside) {
    const before = sum(inside.before);
    const [left, right] = [before + header.fees_total * UNIT, header.accrued_total_after + header.released_total * UNIT];
    return left === right
      ? good(id, title, `Waited before and fees are what is paid and what waits: ${grouped(left)} credits on both sides.`)
      : bad(id, title, `waited before and fees are ${grouped(left)} credits, paid and waiting ${grouped(right)}`);
  }
  if (implied < 0n) return bad(id, title, "less is paid and waiting than the fees brought in");
  const previous = view.trend.find((row) => BigInt(row.epoch) + 1n === header.epoch);
  if (previous) {
    return BigInt(previous.waiting) === implied
      ? good(id, title, `Epoch ${previous.epoch} left ${grouped(implied)} credits; with the fees they are what is paid and what waits.`)
      : bad(id, title, `the totals demand ${grouped(implied)} credits from before, epoch ${previous.epoch} left ${grouped(BigInt(previous.waiting))}`);
  }
  if (implied === 0n) return good(id, title, "The fees are what is paid and what waits; nothing waited before.");
  return open(id, title, `The totals demand that ${grouped(implied)} credits waited before. The proof says so, too; the epoch before is not on this page.`);
}

/** The shares of the fees. */
function fees({ header, inside }: Model): Check {
  const [id, title] = ["fees", "All fees are given out by the rules"];
  const { policy, assets, leftovers, cap, uncounted } = inside!;
  const of = (bps: number) => (header.fees_total * BigInt(bps)) << 40n;
  if (policy.shares.length !== 5 || policy.shares.reduce((a, b) => a + b, 0) !== Number(BPS)) {
    return bad(id, title, `the five shares are ${policy.shares.join(", ")}; expected a sum of 10,000`);
  }
  const [, , service, model, data] = policy.shares as [number, number, number, number, number];
  const rows: [string, bigint, bigint][] = [
    ["services", of(service), sum(assets.map((a) => a.service))],
    ["models", of(model), sum(assets.map((a) => a.model))],
    ["data and what is left of its share", of(data), sum(assets.map((a) => a.records)) + leftovers],
    ["the cap", of(policy.cap_bps), cap],
  ];
  for (const [what, expected, got] of rows) {
    if (expected !== got) return bad(id, title, `${what}: expected ${grouped(expected)} credits, got ${grouped(got)}`);
  }
  if (uncounted.credit > leftovers) return bad(id, title, "events without a score left more than all events");
  return good(id, title, `Platform, stakers, services, models and data got their shares of ${grouped(header.fees_total)} base units.`);
}

/** Every asset's inflow, edges, penalty and what it keeps. */
function flows({ inside }: Model): Check {
  const [id, title] = ["flows", "Every asset passes on what it owes"];
  const { assets, edges, owes, owed } = inside!;
  const part = (amount: bigint, bps: number) => (amount * BigInt(bps)) / BPS;
  for (let i = 0; i < assets.length; i += 1) {
    const asset = assets[i]!;
    const received = sum((owed.get(i) ?? []).map((e) => edges[e]!.credit));
    const inflow = asset.records + asset.service + asset.model + received;
    if (inflow !== asset.inflow) {
      return bad(id, title, `${asset.name}: ${grouped(inflow)} credits came in by its parts, the table says ${grouped(asset.inflow)}`);
    }
    let kept = inflow;
    for (const e of owes.get(i) ?? []) {
      const edge = edges[e]!;
      if (edge.to >= i) return bad(id, title, `${asset.name} owes an asset that comes after it`);
      const expected = part(inflow, edge.bps);
      if (edge.credit !== expected) {
        return bad(id, title, `${asset.name} owes ${assets[edge.to]!.name} ${grouped(expected)} credits, and passes ${grouped(edge.credit)}`);
      }
      kept -= expected;
    }
    const penalty = part(inflow, asset.penaltyBps);
    if (penalty !== asset.penalty) {
      return bad(id, title, `${asset.name}: expected a penalty of ${grouped(penalty)} credits, got ${grouped(asset.penalty)}`);
    }
    if (kept - penalty !== asset.kept) {
      return bad(id, title, `${asset.name} keeps ${grouped(kept - penalty)} credits by its parts, the table says ${grouped(asset.kept)}`);
    }
  }
  return good(id, title, `${plural(assets.length, "asset")} and ${plural(edges.length, "share")} owed, each computed again.`);
}

/** What is wrong with an account's sums, or null. */
export function receiptFault(model: Model, row: number): string | null {
  const { accounts } = model;
  const { assets, owned, before, earned, credited, cap, minPayout } = model.inside!;
  const account = accounts.account[row]!;
  const role = roleCredits(model, account);
  const exempt = role.platform !== null || role.stakers !== null || role.leftovers !== null;
  const kept = sum((owned.get(row) ?? []).map((a) => assets[a]!.kept));
  const parts = kept + (role.platform ?? 0n) + (role.stakers ?? 0n) + (role.leftovers ?? 0n) + (role.penalties ?? 0n);
  const is = (what: string, expected: bigint, got: bigint) =>
    expected === got ? null : `${what}: expected ${grouped(expected)} credits, got ${grouped(got)}`;
  const capped = exempt || parts <= cap ? parts : cap;
  const total = before[row]! + capped + (role.excess ?? 0n);
  const whole = total / UNIT;
  const least = minPayout > 1n ? minPayout : 1n;
  const paid = whole >= least ? whole : 0n;
  return is("earned", parts, earned[row]!) ?? is("after the cap", capped, credited[row]!)
    ?? is("paid", paid * UNIT, accounts.paid[row]! * UNIT)
    ?? is("waits", total - paid * UNIT, accounts.waits[row]!);
}

/** Every account: opening, assets, roles, cap, paid, waiting. */
function receipts(model: Model): Check {
  const [id, title] = ["receipts", "Every account's receipt adds up"];
  const { accounts, inside } = model;
  const { policy, excess, earned, credited } = inside!;
  const wrong: string[] = [];
  let over = 0n;
  for (let row = 0; row < accounts.account.length; row += 1) {
    over += earned[row]! - credited[row]!;
    const fault = receiptFault(model, row);
    if (fault) wrong.push(`${short(accounts.account[row]!)}: ${fault}`);
  }
  if (over !== excess) wrong.unshift(`the cap took ${grouped(over)} credits, and ${grouped(excess)} were given to the remainder account`);
  const known = new Set(accounts.account);
  for (const role of ["platform", "stakers", "remainder"] as const) {
    if (!known.has(policy[role])) wrong.push(`the ${role} account is missing`);
  }
  if (wrong.length > 0) {
    return bad(id, title, `${wrong[0]}${wrong.length > 1 ? ` (and ${grouped(wrong.length - 1)} more)` : ""}`);
  }
  return good(id, title, `${plural(accounts.account.length, "account")}: what waited, assets, roles and the cap give what is paid and what waits, to the credit.`);
}
