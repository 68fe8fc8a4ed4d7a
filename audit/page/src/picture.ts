// What the plots show, as exact sums. Lives in the worker.

import { short, UNIT } from "./format.ts";
import { sum, type Model } from "./model.ts";

/** Assets and accounts that the flow shows by name; the others are one node. */
const TOP = 9;

export interface FlowNode {
  id: string;
  label: string;
  stage: number;
  kind: "fees" | "role" | "asset" | "edge" | "account" | "rest";
  account?: string;
}
export interface FlowLink {
  from: string;
  to: string;
  /** Credits. */
  amount: bigint;
}
export interface Flow {
  nodes: FlowNode[];
  links: FlowLink[];
}

/** Titles of the stages. Penalties stand in the fifth when a part of them comes out of shares owed. */
export const STAGES = ["Fees", "Shares of the fees", "Assets", "Owed and taken", "", "Accounts"];
const LAST = STAGES.length - 1;

/**
 * Fees, roles, assets, edges, accounts. An asset that passes on more than it receives gives the difference to
 * "Shares owed"; one that receives more gets its difference from there. So every node's sums are exact, and
 * nothing flows in a circle.
 */
export function flow(model: Model): Flow {
  const { header, accounts, inside } = model;
  if (!inside || header.fees_total === 0n) return { nodes: [], links: [] };
  const { policy, assets, leftovers } = inside;
  const nodes = new Map<string, FlowNode>();
  const links = new Map<string, FlowLink>();
  const add = (from: FlowNode, to: FlowNode, amount: bigint) => {
    if (amount === 0n) return;
    nodes.set(from.id, from);
    nodes.set(to.id, to);
    const key = `${from.id} ${to.id}`;
    const link = links.get(key) ?? { from: from.id, to: to.id, amount: 0n };
    link.amount += amount;
    links.set(key, link);
  };
  const ofFees = (bps: number) => (header.fees_total * BigInt(bps)) << 40n;

  const byInflow = assets.map((_, i) => i).sort((a, b) => compare(direct(assets[b]!), direct(assets[a]!)) || a - b);
  const topAssets = new Set(byInflow.slice(0, TOP));
  const byEarned = accounts.account.map((_, i) => i).sort((a, b) => compare(inside.earned[b]!, inside.earned[a]!) || a - b);
  const topAccounts = new Set(byEarned.slice(0, TOP));
  const otherAssets = assets.length - topAssets.size;
  const otherAccounts = accounts.account.length - topAccounts.size;

  const asset = (i: number): FlowNode => topAssets.has(i)
    ? { id: `asset ${i}`, label: assets[i]!.name, stage: 2, kind: "asset" }
    : { id: "assets", label: `${otherAssets} other assets`, stage: 2, kind: "rest" };
  const account = (i: number): FlowNode => topAccounts.has(i)
    ? { id: `account ${i}`, label: short(accounts.account[i]!), stage: LAST, kind: "account", account: accounts.account[i]! }
    : { id: "accounts", label: `${otherAccounts} other accounts`, stage: LAST, kind: "rest" };
  const position = new Map(accounts.account.map((who, i) => [who, i]));
  const roleAccount = (role: "platform" | "stakers" | "remainder") => account(position.get(policy[role]) ?? -1);
  const role = (id: string, label: string): FlowNode => ({ id, label, stage: 1, kind: "role" });
  const fees: FlowNode = { id: "fees", label: "Fees", stage: 0, kind: "fees" };
  const owed: FlowNode = { id: "owed", label: "Shares owed", stage: 3, kind: "edge" };
  const penalties: FlowNode = { id: "penalties", label: "Penalties", stage: 3, kind: "edge" };
  const left: FlowNode = { id: "left", label: "Rounding, no score", stage: 2, kind: "edge" };

  const roles = {
    platform: role("platform", "Platform"), stakers: role("stakers", "Stakers"),
    service: role("service", "Services"), model: role("model", "Models"), data: role("data", "Data"),
  };
  Object.values(roles).forEach((node, i) => add(fees, node, ofFees(policy.shares[i]!)));
  add(roles.platform, roleAccount("platform"), ofFees(policy.shares[0]!));
  add(roles.stakers, roleAccount("stakers"), ofFees(policy.shares[1]!));
  add(roles.data, left, leftovers);
  add(left, roleAccount("remainder"), leftovers);
  assets.forEach((a, i) => {
    const [node, owner] = [asset(i), account(a.owner)];
    add(roles.service, node, a.service);
    add(roles.model, node, a.model);
    add(roles.data, node, a.records);
    const own = direct(a);
    const needed = a.kept + a.penalty;
    if (own >= needed) {
      add(node, owed, own - needed);
      add(node, penalties, a.penalty);
      add(node, owner, a.kept);
    } else {
      const penalty = a.penalty < own ? a.penalty : own;
      add(node, penalties, penalty);
      add(node, owner, own - penalty);
      if (a.penalty > penalty) penalties.stage = 4;
      add(owed, penalties, a.penalty - penalty);
      add(owed, owner, a.kept - (own - penalty));
    }
  });
  add(penalties, roleAccount("remainder"), sum(assets.map((a) => a.penalty)));
  return { nodes: [...nodes.values()], links: [...links.values()] };
}

const direct = (asset: { records: bigint; service: bigint; model: bigint }) => asset.records + asset.service + asset.model;
const compare = (a: bigint, b: bigint) => (a < b ? -1 : a > b ? 1 : 0);

export interface Spread {
  /** Accounts paid. */
  n: number;
  total: bigint;
  median: bigint;
  /** From (inclusive) and to (exclusive), base units. */
  bins: { from: bigint; to: bigint; accounts: number; amount: bigint }[];
  /** Part of the accounts, smallest first, and their part of the money. */
  lorenz: { accounts: number; money: number }[];
  gini: number | null;
  top: { accounts: number; amount: bigint }[];
}

/** How what is paid is spread over those who are paid. */
export function spread(model: Model): Spread {
  const amounts = [...model.payouts.amount].sort(compare);
  const n = amounts.length;
  const total = sum(amounts);
  const median = n === 0 ? 0n : amounts[Math.floor((n - 1) / 2)]!;
  // Sum of rank times amount, for Gini's coefficient: exact until its last division.
  let [running, weighted] = [0n, 0n];
  const every = Math.max(1, Math.floor(n / 200));
  const lorenz = [{ accounts: 0, money: 0 }];
  amounts.forEach((amount, i) => {
    running += amount;
    weighted += BigInt(i + 1) * amount;
    if ((i + 1) % every === 0 || i + 1 === n) {
      lorenz.push({ accounts: (i + 1) / n, money: ratio(running, total) });
    }
  });
  const count = BigInt(n);
  const gini = n === 0 ? null : ratio(2n * weighted - (count + 1n) * total, count * total);
  const top = [...new Set([1, Math.ceil(n / 100), Math.ceil(n / 10)])].filter((k) => k >= 1 && k < n);
  return {
    n, total, median, lorenz, gini, bins: bins(amounts),
    top: top.map((k) => ({ accounts: k, amount: sum(amounts.slice(n - k)) })),
  };
}

/** `part / whole` with nine digits. */
function ratio(part: bigint, whole: bigint): number {
  return whole === 0n ? 0 : Number((part * 1_000_000_000n) / whole) / 1e9;
}

/** Bins at 1, 2, 5, 10, 20, 50 and so on: from the smallest amount's to the largest one's. */
function bins(amounts: bigint[]): Spread["bins"] {
  const [least, most] = [amounts[0], amounts.at(-1)];
  if (least === undefined || most === undefined) return [];
  const edges: bigint[] = [];
  const steps = digitsOf(most) - digitsOf(least) > 5 ? [1n] : digitsOf(most) - digitsOf(least) > 2 ? [1n, 3n] : [1n, 2n, 5n];
  for (let power = 10n ** BigInt(digitsOf(least) - 1); edges.length === 0 || edges.at(-1)! <= most; power *= 10n) {
    edges.push(...steps.map((step) => step * power));
  }
  const result = edges.slice(0, -1).map((from, i) => ({ from, to: edges[i + 1]!, accounts: 0, amount: 0n }));
  let at = 0;
  for (const amount of amounts) {
    while (amount >= result[at]!.to) at += 1;
    result[at]!.accounts += 1;
    result[at]!.amount += amount;
  }
  const used = result.map((bin) => bin.accounts > 0);
  return result.slice(used.indexOf(true), used.lastIndexOf(true) + 1);
}

const digitsOf = (amount: bigint) => amount.toString().length;

export interface Lists {
  /** Accounts under the minimum, the largest first. */
  waiting: { account: string; waits: bigint; isNew: bigint | null }[];
  waitingCount: number;
  waitingTotal: bigint;
  /** Paid accounts that keep a fraction of a base unit. */
  fractions: { accounts: number; total: bigint };
  capped: { account: string; earned: bigint; over: bigint }[];
  penalties: { name: string; account: string; bps: number; amount: bigint }[];
  copies: { name: string; account: string; of: string; ofAccount: string; amount: bigint }[];
  edges: { name: string; of: string; bps: number; amount: bigint }[];
  edgesCount: number;
}

/** Rows of a list. */
const MOST = 50;

export function lists(model: Model): Lists {
  const { accounts, inside } = model;
  const rows = accounts.account.map((_, i) => i).filter((i) => accounts.waits[i]! > 0n);
  const small = rows.filter((i) => accounts.paid[i] === 0n).sort((a, b) => compare(accounts.waits[b]!, accounts.waits[a]!) || a - b);
  const fractions = rows.filter((i) => accounts.paid[i]! > 0n);
  const of = (list: number[]) => sum(list.map((i) => accounts.waits[i]!));
  const edges = (inside?.edges ?? []).toSorted((a, b) => compare(b.credit, a.credit) || a.from - b.from);
  const who = (asset: number) => accounts.account[inside!.assets[asset]!.owner]!;
  const name = (asset: number) => inside!.assets[asset]!.name;
  const shares = edges.filter((edge) => edge.bps < 10_000);
  return {
    waiting: small.slice(0, MOST).map((i) => {
      const before = inside?.before[i];
      const waits = accounts.waits[i]!;
      return { account: accounts.account[i]!, waits, isNew: before === undefined ? null : waits > before ? waits - before : 0n };
    }),
    waitingCount: small.length,
    waitingTotal: of(small),
    fractions: { accounts: fractions.length, total: of(fractions) },
    capped: accounts.account.map((_, i) => i).filter((i) => inside && inside.earned[i]! > inside.credited[i]!)
      .map((i) => ({ account: accounts.account[i]!, earned: inside!.earned[i]!, over: inside!.earned[i]! - inside!.credited[i]! })),
    penalties: (inside?.assets ?? []).filter((asset) => asset.penaltyBps > 0)
      .map((asset) => ({ name: asset.name, account: accounts.account[asset.owner]!, bps: asset.penaltyBps, amount: asset.penalty })),
    copies: edges.filter((edge) => edge.bps === 10_000).map((edge) => ({
      name: name(edge.from), account: who(edge.from), of: name(edge.to), ofAccount: who(edge.to), amount: edge.credit,
    })),
    edges: shares.slice(0, MOST).map((edge) => ({ name: name(edge.from), of: name(edge.to), bps: edge.bps, amount: edge.credit })),
    edgesCount: shares.length,
  };
}

/** Base units as credits. */
export const asCredits = (base: bigint) => base * UNIT;
