// The table of accounts: sorted, searched, handed out in windows. Lives in the worker.

import { roleNames, type Model } from "./model.ts";

export const COLUMNS = ["account", "paid", "waits", "earned", "before"] as const;
export type Column = (typeof COLUMNS)[number];

export interface Order {
  column: Column;
  descending: boolean;
}

export interface Row {
  position: number;
  account: string;
  paid: bigint;
  waits: bigint;
  earned: bigint | null;
  before: bigint | null;
  /** Roles and names of assets, the largest first. */
  from: string[];
  /** How many are left out of `from`. */
  more: number;
  capped: boolean;
}

/** Names in one row. */
const NAMES = 3;

export class Rows {
  private readonly sorted = new Map<Column, Uint32Array>();
  private haystack: string[] | null = null;
  private view: Uint32Array;
  private key = "";

  constructor(private readonly model: Model) {
    this.view = new Uint32Array();
  }

  private value(column: Column, row: number): bigint {
    const { accounts, inside } = this.model;
    if (column === "paid") return accounts.paid[row]!;
    if (column === "waits") return accounts.waits[row]!;
    return (column === "earned" ? inside?.earned : inside?.before)?.[row] ?? 0n;
  }

  /** Positions by a column, increasing; equal ones stay by account. */
  private by(column: Column): Uint32Array {
    const known = this.sorted.get(column);
    if (known) return known;
    const { account } = this.model.accounts;
    const order = Uint32Array.from(account, (_, i) => i);
    if (column !== "account") {
      const values = account.map((_, i) => this.value(column, i));
      order.sort((a, b) => (values[a]! < values[b]! ? -1 : values[a]! > values[b]! ? 1 : a - b));
    }
    this.sorted.set(column, order);
    return order;
  }

  private search(): string[] {
    const { accounts, inside } = this.model;
    this.haystack ??= accounts.account.map((account, row) => {
      const names = (inside?.owned.get(row) ?? []).map((a) => inside!.assets[a]!.name);
      return [account, ...roleNames(this.model, account), ...names].join("\n").toLowerCase();
    });
    return this.haystack;
  }

  /** Sets order and search; how many rows remain. */
  select(order: Order, needle: string): number {
    const key = JSON.stringify([order, needle]);
    if (key === this.key) return this.view.length;
    const sought = needle.trim().toLowerCase();
    const all = this.by(order.column);
    const haystack = sought === "" ? null : this.search();
    const found = haystack ? all.filter((row) => haystack[row]!.includes(sought)) : all.slice();
    this.view = order.descending ? found.reverse() : found;
    this.key = key;
    return this.view.length;
  }

  window(from: number, to: number): Row[] {
    return Array.from(this.view.subarray(from, to), (row) => this.row(row));
  }

  row(row: number): Row {
    const { accounts, inside } = this.model;
    const account = accounts.account[row]!;
    const assets = (inside?.owned.get(row) ?? []).map((a) => inside!.assets[a]!);
    assets.sort((a, b) => (a.kept > b.kept ? -1 : a.kept < b.kept ? 1 : 0));
    const from = [...roleNames(this.model, account), ...assets.slice(0, NAMES).map((asset) => asset.name)];
    return {
      position: row,
      account,
      paid: accounts.paid[row]!,
      waits: accounts.waits[row]!,
      earned: inside?.earned[row] ?? null,
      before: inside?.before[row] ?? null,
      from,
      more: Math.max(0, assets.length - NAMES),
      capped: inside ? inside.earned[row]! > inside.credited[row]! : false,
    };
  }
}
