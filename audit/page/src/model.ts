// The epoch as integers: what the tables, plots and checks read. Lives in the worker.

import { fromBase64, toHex } from "./bytes.ts";
import { integer, integers, type Terms, type View } from "./view.ts";

/** The header's words, in their order. */
export const HEADER = [
  "version", "epoch", "policy_hash", "registry_root", "scores_root", "state_root_before",
  "state_root_after", "fees_total", "released_total", "accrued_total_after", "payouts",
] as const;
export type HeaderWord = (typeof HEADER)[number];

const AMOUNT_BITS = 93n;
const AMOUNT_MASK = (1n << AMOUNT_BITS) - 1n;

export interface Accounts {
  account: string[];
  /** Base units: decoded from the public words, nothing else. */
  paid: bigint[];
  /** Credits. */
  waits: bigint[];
}

export interface Asset {
  name: string;
  kind: string;
  owner: number;
  content: string;
  records: bigint;
  service: bigint;
  model: bigint;
  inflow: bigint;
  penaltyBps: number;
  penalty: bigint;
  kept: bigint;
}

export interface Edge {
  from: number;
  to: number;
  bps: number;
  credit: bigint;
}

/** What the operator's data adds. The columns stand beside those of `Model.accounts`. */
export interface Inside {
  policy: Terms;
  minPayout: bigint;
  events: number;
  uncounted: { events: number; credit: bigint };
  leftovers: bigint;
  cap: bigint;
  excess: bigint;
  /** The payouts as the operator's table says them; checked against the words. */
  claimed: bigint[];
  before: bigint[];
  earned: bigint[];
  credited: bigint[];
  assets: Asset[];
  /** Positions of each account's assets. */
  owned: Map<number, number[]>;
  edges: Edge[];
  /** Positions of the edges that an asset owes, and of those owed to it. */
  owes: Map<number, number[]>;
  owed: Map<number, number[]>;
}

export interface Model {
  view: View;
  words: Uint8Array;
  header: Record<HeaderWord, bigint>;
  /** Payouts of the words, in their order. */
  payouts: { account: string[]; amount: bigint[] };
  state: { account: string[]; accrued: bigint[] };
  accounts: Accounts;
  inside: Inside | null;
}

function decodeWords(words: Uint8Array) {
  if (words.length % 32 !== 0 || words.length < 32 * HEADER.length) {
    throw new Error(`words: expected at least ${HEADER.length} of 32 bytes, got ${words.length} bytes`);
  }
  const word = (i: number) => BigInt(`0x${toHex(words.subarray(32 * i, 32 * i + 32))}`);
  const header = Object.fromEntries(HEADER.map((name, i) => [name, word(i)])) as Model["header"];
  const payouts: Model["payouts"] = { account: [], amount: [] };
  for (let i = HEADER.length; i < words.length / 32; i += 1) {
    const value = word(i);
    payouts.account.push(`0x${(value >> AMOUNT_BITS).toString(16).padStart(40, "0")}`);
    payouts.amount.push(value & AMOUNT_MASK);
  }
  return { header, payouts };
}

/** Groups positions by a number. */
function by(keys: number[]): Map<number, number[]> {
  const groups = new Map<number, number[]>();
  keys.forEach((key, position) => {
    const group = groups.get(key);
    if (group) group.push(position);
    else groups.set(key, [position]);
  });
  return groups;
}

export function buildModel(view: View): Model {
  const words = fromBase64(view.words);
  const { header, payouts } = decodeWords(words);
  const paidTo = new Map(payouts.account.map((account, i) => [account, payouts.amount[i]!]));
  const { operator } = view;
  if (!operator) {
    const state = view.state!;
    const accrued = integers("state.accrued", state.accrued);
    const waitsFor = new Map(state.account.map((account, i) => [account, accrued[i]!]));
    const account = [...new Set([...payouts.account, ...state.account])].sort();
    return {
      view, words, header, payouts, inside: null,
      state: { account: state.account, accrued },
      accounts: {
        account,
        paid: account.map((a) => paidTo.get(a) ?? 0n),
        waits: account.map((a) => waitsFor.get(a) ?? 0n),
      },
    };
  }
  const table = operator.accounts;
  const after = integers("accounts.after", table.after);
  const waiting = table.account.map((_, i) => i).filter((i) => after[i]! > 0n);
  const { assets: a, edges: e } = operator;
  const column = (name: "records" | "service" | "model" | "inflow" | "penalty" | "kept") =>
    integers(`assets.${name}`, a[name]);
  const [records, service, model, inflow, penalty, kept] = [
    column("records"), column("service"), column("model"), column("inflow"), column("penalty"), column("kept"),
  ];
  const within = (what: string, positions: number[], length: number) => {
    const row = positions.findIndex((p) => !Number.isInteger(p) || p < 0 || p >= length);
    if (row >= 0) throw new Error(`data: ${what} ${row}: expected a position below ${length}, got ${positions[row]}`);
  };
  within("assets.owner", a.owner, table.account.length);
  within("edges.from", e.from, a.name.length);
  within("edges.to", e.to, a.name.length);
  const passed = integers("edges.credit", e.credit);
  return {
    view, words, header, payouts,
    state: { account: waiting.map((i) => table.account[i]!), accrued: waiting.map((i) => after[i]!) },
    accounts: {
      account: table.account,
      paid: table.account.map((account) => paidTo.get(account) ?? 0n),
      waits: after,
    },
    inside: {
      policy: operator.policy,
      minPayout: integer("policy.min_payout", operator.policy.min_payout),
      events: operator.events,
      uncounted: {
        events: operator.uncounted.events,
        credit: integer("uncounted.credit", operator.uncounted.credit),
      },
      leftovers: integer("leftovers", operator.leftovers),
      cap: integer("cap", operator.cap),
      excess: integer("excess", operator.excess),
      claimed: integers("accounts.paid", table.paid),
      before: integers("accounts.before", table.before),
      earned: integers("accounts.earned", table.earned),
      credited: integers("accounts.credited", table.credited),
      assets: a.name.map((name, i) => ({
        name, kind: a.kind[i]!, owner: a.owner[i]!, content: a.content[i]!, penaltyBps: a.penalty_bps[i]!,
        records: records![i]!, service: service![i]!, model: model![i]!,
        inflow: inflow![i]!, penalty: penalty![i]!, kept: kept![i]!,
      })),
      owned: by(a.owner),
      edges: e.from.map((from, i) => ({ from, to: e.to[i]!, bps: e.bps[i]!, credit: passed[i]! })),
      owes: by(e.from),
      owed: by(e.to),
    },
  };
}

export const sum = (values: Iterable<bigint>) => {
  let total = 0n;
  for (const value of values) total += value;
  return total;
};

/** What an account is credited for its roles, and what the cap's excess brings it. */
export function roleCredits(model: Model, account: string) {
  const { policy, leftovers, assets, excess } = model.inside!;
  const ofFees = (bps: number) => (model.header.fees_total * BigInt(bps)) << 40n;
  const isRemainder = account === policy.remainder;
  return {
    platform: account === policy.platform ? ofFees(policy.shares[0]!) : null,
    stakers: account === policy.stakers ? ofFees(policy.shares[1]!) : null,
    leftovers: isRemainder ? leftovers : null,
    penalties: isRemainder ? sum(assets.map((asset) => asset.penalty)) : null,
    excess: isRemainder ? excess : null,
  };
}

/** The roles of an account, by name. */
export function roleNames(model: Model, account: string): string[] {
  const policy = model.inside?.policy;
  if (!policy) return [];
  return (["platform", "stakers", "remainder"] as const).filter((role) => policy[role] === account);
}
