// Amounts as text, as the Rust tool shows them (ledger/src/receipt/number.rs): the same digits everywhere.

/** Credits in a base unit: 10,000 * 2^40. */
export const UNIT = 10_000n << 40n;
/** Basis points of a whole. */
export const BPS = 10_000n;
/** Digits after the point for parts of a base unit. */
const FRACTION = 6;

export interface Show {
  decimals: number;
  symbol: string;
}

/** Digits in groups of three. */
export function grouped(value: bigint | number): string {
  return value.toString().replace(/\B(?=(\d{3})+$)/g, ",");
}

/** Credits without the unit's name; `…` where digits are cut off. */
export function digits(show: Show, credits: bigint): string {
  const divisor = UNIT * 10n ** BigInt(show.decimals);
  const places = Math.max(show.decimals, FRACTION);
  const [whole, rest] = [credits / divisor, credits % divisor];
  const scaled = rest * 10n ** BigInt(places);
  const fraction = (scaled / divisor).toString().padStart(places, "0");
  if (scaled % divisor !== 0n) return `${grouped(whole)}.${fraction}…`;
  return rest === 0n ? grouped(whole) : `${grouped(whole)}.${fraction.replace(/0+$/, "")}`;
}

/** Credits in the shown unit, all digits that it has. */
export function credits(show: Show, amount: bigint): string {
  return `${digits(show, amount)} ${show.symbol}`;
}

/** Base units in the shown unit. */
export function units(show: Show, amount: bigint): string {
  return credits(show, amount * UNIT);
}

/** For headings and cells: few digits, `…` where some are cut off, `<` for less. The exact text is beside it or its title. */
export function brief(show: Show, amount: bigint): string {
  const text = digits(show, amount);
  const [whole = "0", fraction = ""] = text.replace("…", "").split(".");
  const leading = whole === "0" ? /^0*/.exec(fraction)![0].length : 0;
  if (whole === "0" && fraction !== "" && leading >= 6) return "<0.000001";
  const keep = Math.max(2, 5 - whole.replaceAll(",", "").length) + leading;
  return fraction.length <= keep ? text : `${whole}.${fraction.slice(0, keep)}…`;
}

/** `part / whole` in percent with two digits, rounded down. */
export function percent(part: bigint, whole: bigint): string {
  if (whole === 0n) return "–";
  const hundredths = (part * 10_000n) / whole;
  if (hundredths === 0n && part > 0n) return "<0.01%";
  return `${grouped(hundredths / 100n)}.${(hundredths % 100n).toString().padStart(2, "0")}%`;
}

/** A share in basis points as percent. */
export function share(bps: number): string {
  return `${bps / 100}%`;
}

/** `0x1234…cdef`. */
export function short(account: string): string {
  return `${account.slice(0, 8)}…${account.slice(-6)}`;
}

export function plural(n: number, one: string, many = `${one}s`): string {
  return `${grouped(n)} ${n === 1 ? one : many}`;
}
