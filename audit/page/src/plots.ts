// Histogram, Lorenz curve, trend: each with its table.

import { area, curveLinear, line } from "d3-shape";
import { details, h, s, table, tooltip } from "./dom.ts";
import { brief, credits, grouped, percent, plural, UNIT, units, type Show } from "./format.ts";
import type { Spread } from "./picture.ts";
import type { TrendRow } from "./view.ts";

const [WIDTH, HEIGHT] = [480, 260];
const MARGIN = { top: 12, right: 12, bottom: 34, left: 44 };
const INNER = { width: WIDTH - MARGIN.left - MARGIN.right, height: HEIGHT - MARGIN.top - MARGIN.bottom };

function frame(label: string, ...children: SVGElement[]): SVGSVGElement {
  return s("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, class: "plot", role: "img", "aria-label": label },
    s("g", { transform: `translate(${MARGIN.left} ${MARGIN.top})` }, ...children));
}

function text(x: number, y: number, content: string, anchor: "start" | "middle" | "end", className = "tick") {
  return s("text", { x, y, "text-anchor": anchor, class: className }, content);
}

/** Round numbers up to `most`, for an axis. */
function ticks(most: number): number[] {
  const step = [1, 2, 5].flatMap((d) => Array.from({ length: 12 }, (_, p) => d * 10 ** p)).sort((a, b) => a - b)
    .find((candidate) => most / candidate <= 4) ?? most;
  return Array.from({ length: Math.floor(most / step) + 1 }, (_, i) => i * step);
}

export function histogram(spread: Spread, show: Show): HTMLElement {
  const { bins } = spread;
  const most = Math.max(1, ...bins.map((bin) => bin.accounts));
  const width = INNER.width / Math.max(1, bins.length);
  const y = (accounts: number) => INNER.height * (1 - accounts / most);
  const grid = ticks(most).map((tick) => s("g", {},
    s("line", { x1: 0, x2: INNER.width, y1: y(tick), y2: y(tick), class: "gridline" }),
    text(-8, y(tick) + 4, grouped(tick), "end")));
  const every = Math.ceil(bins.length / 6);
  const bars = bins.map((bin, i) => {
    const bar = s("g", { class: "bar" },
      s("rect", { x: i * width, y: 0, width, height: INNER.height, class: "hit" }),
      s("rect", { x: i * width + 2, y: y(bin.accounts), width: Math.max(1, width - 4), height: INNER.height - y(bin.accounts), rx: 2 }));
    tooltip(bar, () => [plural(bin.accounts, "account"), `${units(show, bin.from)} up to ${units(show, bin.to)}`, `together ${units(show, bin.amount)}`]);
    return bar;
  });
  const labels = bins.filter((_, i) => i % every === 0)
    .map((bin, i) => text(i * every * width, INNER.height + 18, brief(show, bin.from * UNIT), i === 0 ? "start" : "middle"));
  return h("figure", {},
    h("figcaption", {}, h("h3", {}, "How large the payouts are"), h("p", {}, "Accounts by what they are paid; each step is a multiple of the one before.")),
    frame(`Histogram of ${grouped(spread.n)} payouts`, ...grid, ...bars, ...labels),
    details("The same as a table", table("Accounts by what they are paid",
      [{ title: "From" }, { title: "Up to, not including" }, { title: "Accounts", number: true }, { title: "Together", number: true }],
      bins.map((bin) => [units(show, bin.from), units(show, bin.to), grouped(bin.accounts), units(show, bin.amount)]))));
}

export function lorenz(spread: Spread, show: Show): HTMLElement {
  const [x, y] = [(part: number) => part * INNER.width, (part: number) => INNER.height * (1 - part)];
  const curve = line<Spread["lorenz"][number]>((p) => x(p.accounts), (p) => y(p.money)).curve(curveLinear);
  const fill = area<Spread["lorenz"][number]>((p) => x(p.accounts), (p) => y(p.accounts), (p) => y(p.money)).curve(curveLinear);
  const marks = [0, 0.25, 0.5, 0.75, 1];
  const grid = marks.flatMap((part) => [
    s("line", { x1: 0, x2: INNER.width, y1: y(part), y2: y(part), class: "gridline" }),
    text(-8, y(part) + 4, `${part * 100}%`, "end"),
    text(x(part), INNER.height + 18, `${part * 100}%`, part === 0 ? "start" : part === 1 ? "end" : "middle"),
  ]);
  const gini = spread.gini === null ? "–" : spread.gini.toFixed(3);
  const rows = spread.top.toReversed().map(({ accounts, amount }) => [
    accounts === 1 ? "The largest payout" : `The largest ${grouped(accounts)} payouts (${percent(BigInt(accounts), BigInt(spread.n))} of the accounts)`,
    units(show, amount), percent(amount, spread.total),
  ]);
  return h("figure", {},
    h("figcaption", {}, h("h3", {}, "How evenly they are spread"),
      h("p", {}, "Gini coefficient ", h("strong", {}, gini), ": 0 is everybody the same, 1 is one account all. The dashed line is 0.")),
    frame(`Lorenz curve, Gini coefficient ${gini}`, ...grid,
      s("path", { d: fill(spread.lorenz), class: "between" }),
      s("line", { x1: x(0), y1: y(0), x2: x(1), y2: y(1), class: "even" }),
      s("path", { d: curve(spread.lorenz), class: "curve" })),
    details("The same as a table", table("Concentration",
      [{ title: "Who" }, { title: "Paid", number: true }, { title: "Of all", number: true }],
      [...rows, ["The middle one (median)", units(show, spread.median), percent(spread.median, spread.total)]])));
}

const SERIES = [
  { key: "fees", title: "Fees" }, { key: "paid", title: "Paid" }, { key: "waiting", title: "Waiting" },
] as const;

export function trend(rows: TrendRow[], show: Show, own: string): HTMLElement {
  const value = (row: TrendRow, key: (typeof SERIES)[number]["key"]) =>
    key === "waiting" ? BigInt(row.waiting) : BigInt(row[key]) * UNIT;
  const largest = rows.flatMap((row) => SERIES.map(({ key }) => value(row, key))).reduce((a, b) => (a > b ? a : b), 1n);
  const x = (i: number) => (rows.length === 1 ? INNER.width / 2 : (i * INNER.width) / (rows.length - 1));
  const y = (amount: bigint) => INNER.height * (1 - Number((amount * 10_000n) / largest) / 10_000);
  const grid = [0n, 1n, 2n, 3n, 4n].map((quarter) => (largest * quarter) / 4n).map((tick) => s("g", {},
    s("line", { x1: 0, x2: INNER.width, y1: y(tick), y2: y(tick), class: "gridline" }),
    text(-8, y(tick) + 4, brief(show, tick), "end")));
  const lines = SERIES.map(({ key }) => s("g", { class: `series ${key}` },
    s("path", { d: line<TrendRow>((_, i) => x(i), (row) => y(value(row, key)))(rows) }),
    ...rows.map((row, i) => {
      const dot = s("circle", { cx: x(i), cy: y(value(row, key)), r: row.epoch === own ? 5 : 3.5 });
      tooltip(dot, () => [`Epoch ${row.epoch}, ${key}`, credits(show, value(row, key))]);
      return dot;
    })));
  const every = Math.ceil(rows.length / 8);
  const labels = rows.map((row, i) => (i % every === 0 ? text(x(i), INNER.height + 18, row.epoch, "middle") : null));
  return h("div", { class: "figure" },
    h("ul", { class: "legend" }, ...SERIES.map(({ key, title }) => h("li", { class: key }, title))),
    frame("Fees, paid and waiting by epoch", ...grid, ...lines, ...labels.filter((label) => label !== null)),
    table("Epochs", [
      { title: "Epoch" }, { title: "Fees", number: true }, { title: "Paid", number: true }, { title: "Accounts", number: true },
      { title: "Waits afterwards", number: true }, { title: "Proof" },
    ], rows.map((row) => [
      row.epoch, units(show, BigInt(row.fees)), units(show, BigInt(row.paid)), grouped(row.accounts),
      credits(show, BigInt(row.waiting)), row.proved ? "checked when this page was made" : "none",
    ])));
}
