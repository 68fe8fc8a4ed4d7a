// One account's receipt: the parts that the page shows, and whether they add up. Lives in the worker.

import { receiptFault } from "./checks.ts";
import { roleCredits, roleNames, type Asset, type Model } from "./model.ts";

export interface AssetReceipt extends Pick<Asset, "name" | "kind" | "content" | "records" | "service" | "model" | "inflow" | "penaltyBps" | "penalty" | "kept"> {
  received: { name: string; bps: number; amount: bigint }[];
  passes: { name: string; account: string; bps: number; amount: bigint }[];
}

export interface AccountReceipt {
  account: string;
  paid: bigint;
  waits: bigint;
  roles: string[];
  /** Null on a page without the operator's data. */
  inside: {
    before: bigint;
    earned: bigint;
    credited: bigint;
    cap: bigint;
    exempt: boolean;
    role: ReturnType<typeof roleCredits>;
    assets: AssetReceipt[];
    fault: string | null;
  } | null;
  minPayout: bigint | null;
}

export function receipt(model: Model, account: string): AccountReceipt | null {
  const { accounts, inside } = model;
  const row = accounts.account.indexOf(account);
  if (row < 0) return null;
  const roles = roleNames(model, account);
  const common = { account, paid: accounts.paid[row]!, waits: accounts.waits[row]!, roles, minPayout: inside?.minPayout ?? null };
  if (!inside) return { ...common, inside: null };
  const assets = (inside.owned.get(row) ?? []).map((a): AssetReceipt => {
    const { owner: _, ...asset } = inside.assets[a]!;
    return {
      ...asset,
      received: (inside.owed.get(a) ?? []).map((e) => inside.edges[e]!).filter((edge) => edge.credit > 0n)
        .map((edge) => ({ name: inside.assets[edge.from]!.name, bps: edge.bps, amount: edge.credit })),
      passes: (inside.owes.get(a) ?? []).map((e) => inside.edges[e]!).map((edge) => ({
        name: inside.assets[edge.to]!.name, account: accounts.account[inside.assets[edge.to]!.owner]!, bps: edge.bps, amount: edge.credit,
      })),
    };
  });
  assets.sort((a, b) => (a.kept > b.kept ? -1 : a.kept < b.kept ? 1 : 0));
  return {
    ...common,
    inside: {
      before: inside.before[row]!, earned: inside.earned[row]!, credited: inside.credited[row]!,
      cap: inside.cap, exempt: roles.length > 0, role: roleCredits(model, account), assets,
      fault: receiptFault(model, row),
    },
  };
}
