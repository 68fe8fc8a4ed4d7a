// The table of accounts: only the rows in sight exist. Sorting and searching happen in the worker.

import { elementScroll, observeElementOffset, observeElementRect, Virtualizer } from "@tanstack/virtual-core";
import type { Client } from "./client.ts";
import { accountLink, h } from "./dom.ts";
import { brief, credits, grouped, percent, short, UNIT, units, type Show } from "./format.ts";
import type { Column, Order, Row } from "./rows.ts";
import type { Summary } from "./worker.ts";

/** Rows that are fetched at once. */
const BLOCK = 100;

interface Heading {
  column: Column;
  title: string;
  inside: boolean;
}
const HEADINGS: Heading[] = [
  { column: "account", title: "Account", inside: false },
  { column: "paid", title: "Paid", inside: false },
  { column: "earned", title: "Earned", inside: true },
  { column: "before", title: "Waited before", inside: true },
  { column: "waits", title: "Waits now", inside: false },
];

export function accountsGrid(client: Client, summary: Summary): HTMLElement {
  return new Grid(client, summary).element;
}

class Grid {
  readonly element: HTMLElement;
  private readonly show: Show;
  private readonly headings: Heading[];
  private readonly status = h("p", { class: "count", role: "status", "aria-live": "polite" });
  private readonly spacer = h("div", { class: "rows", role: "presentation" });
  private readonly body: HTMLElement;
  private readonly grid: HTMLElement;
  private readonly heads = new Map<Column, HTMLElement>();
  private readonly narrow = matchMedia("(max-width: 640px)");
  private readonly rows = new Map<number, Row>();
  private readonly asked = new Set<number>();
  private order: Order = { column: "paid", descending: true };
  private needle = "";
  private count = 0;
  private active = 0;
  private version = 0;
  private virtualizer: Virtualizer<HTMLElement, Element>;

  constructor(private readonly client: Client, private readonly summary: Summary) {
    this.show = summary.show;
    this.headings = HEADINGS.filter(({ inside }) => !inside || summary.policy !== null);
    const search = h("input", {
      type: "search", id: "search", placeholder: summary.policy ? "Account, role or asset" : "Account",
      autocomplete: "off", spellcheck: "false",
      oninput: () => {
        this.needle = search.value;
        void this.reload();
      },
    });
    this.body = h("div", { class: "grid-body", role: "rowgroup" }, this.spacer);
    this.grid = h("div", {
      class: `grid ${summary.policy ? "inside" : ""}`, role: "grid", tabindex: 0, "aria-label": "Accounts",
      "aria-colcount": this.headings.length, onkeydown: (event: KeyboardEvent) => this.key(event),
    }, h("div", { role: "rowgroup", class: "grid-head" },
      h("div", { role: "row", class: "row head", "aria-rowindex": 1 }, ...this.headings.map((heading) => this.head(heading)))), this.body);
    this.element = h("div", { class: "accounts" },
      h("div", { class: "tools" }, h("label", { for: "search" }, "Search"), search, this.status), this.grid,
      h("p", { class: "hint" }, "Arrow keys move through the rows, Enter opens a receipt."));
    this.virtualizer = new Virtualizer<HTMLElement, Element>({
      count: 0,
      getScrollElement: () => this.body,
      estimateSize: () => this.height(),
      overscan: 10,
      observeElementRect, observeElementOffset, scrollToFn: elementScroll,
      onChange: () => this.paint(),
    });
    this.virtualizer._didMount();
    this.narrow.addEventListener("change", () => {
      this.virtualizer.measure();
      this.paint();
    });
    void this.reload();
  }

  private height() {
    return this.narrow.matches ? 64 : 48;
  }

  private head({ column, title }: Heading): HTMLElement {
    const head = h("div", { role: "columnheader", class: `cell ${column}` },
      h("button", {
        type: "button",
        onclick: () => {
          const same = this.order.column === column;
          this.order = { column, descending: same ? !this.order.descending : column !== "account" };
          void this.reload();
        },
      }, title, h("span", { class: "arrow", "aria-hidden": "true" })));
    this.heads.set(column, head);
    return head;
  }

  /** Asks for the selection anew and goes to its top. */
  private async reload() {
    this.version += 1;
    const version = this.version;
    const count = await this.client.select(this.order, this.needle);
    if (version !== this.version) return;
    this.count = count;
    this.active = 0;
    this.rows.clear();
    this.asked.clear();
    for (const [column, head] of this.heads) {
      const sorted = column === this.order.column ? (this.order.descending ? "descending" : "ascending") : "none";
      head.setAttribute("aria-sort", sorted);
    }
    this.grid.setAttribute("aria-rowcount", String(count + 1));
    const all = grouped(this.summary.accounts);
    this.status.textContent = this.needle.trim() === "" ? `${all} accounts` : `${grouped(count)} of ${all} accounts`;
    this.virtualizer.setOptions({ ...this.virtualizer.options, count });
    this.virtualizer._willUpdate();
    this.virtualizer.scrollToOffset(0);
    this.virtualizer.measure();
    this.paint();
    this.grid.dataset["version"] = String(version);
  }

  private paint() {
    this.spacer.style.height = `${Math.max(this.count * this.height(), 1)}px`;
    const items = this.virtualizer.getVirtualItems();
    for (const { index } of items) void this.fetch(Math.floor(index / BLOCK));
    this.spacer.replaceChildren(...items.map(({ index, start }) => {
      const row = this.row(index);
      row.style.transform = `translateY(${start}px)`;
      return row;
    }));
    if (this.count === 0) {
      this.spacer.replaceChildren(h("div", { role: "row", class: "row none" },
        h("div", { role: "gridcell", class: "cell" }, this.needle ? "No account matches the search." : "There are no accounts.")));
    }
    if (this.count > 0) this.grid.setAttribute("aria-activedescendant", `row-${this.active}`);
    else this.grid.removeAttribute("aria-activedescendant");
  }

  private async fetch(block: number) {
    if (this.asked.has(block)) return;
    this.asked.add(block);
    const version = this.version;
    const rows = await this.client.window(block * BLOCK, (block + 1) * BLOCK);
    if (version !== this.version) return;
    rows.forEach((row, i) => this.rows.set(block * BLOCK + i, row));
    this.paint();
  }

  private row(index: number): HTMLElement {
    const row = this.rows.get(index);
    const active = index === this.active ? " active" : "";
    const attributes = { role: "row", id: `row-${index}`, "aria-rowindex": index + 2 };
    if (!row) {
      return h("div", { ...attributes, class: `row${active}` },
        h("div", { role: "gridcell", class: "cell", "aria-busy": "true" }, "…"));
    }
    const amount = (column: Column, value: bigint | null) => h("div", {
      role: "gridcell", class: `cell num ${column}${value ? "" : " zero"}`, title: value === null ? null : credits(this.show, value),
    }, value ? brief(this.show, value) : "0");
    const cells: Record<Column, () => HTMLElement> = {
      account: () => h("div", { role: "gridcell", class: "cell account" },
        h("span", { class: "who" }, this.link(row)),
        h("span", { class: "from" }, [...row.from, ...(row.more ? [`${grouped(row.more)} more`] : [])].join(", ")
          || (this.summary.policy ? "earlier epochs only" : ""), row.capped && h("span", { class: "tag" }, "capped"))),
      paid: () => h("div", { role: "gridcell", class: `cell num paid${row.paid ? "" : " zero"}`, title: units(this.show, row.paid) },
        h("span", {}, row.paid ? brief(this.show, row.paid * UNIT) : "0"),
        h("span", { class: "part" }, row.paid ? percent(row.paid, this.summary.header.released_total) : "waits")),
      waits: () => amount("waits", row.waits),
      earned: () => amount("earned", row.earned),
      before: () => amount("before", row.before),
    };
    return h("div", {
      ...attributes, class: `row${active}`, "aria-selected": index === this.active ? "true" : "false",
      onclick: () => {
        this.active = index;
        location.hash = `#/account/${row.account}`;
      },
    }, ...this.headings.map(({ column }) => cells[column]()));
  }

  private link(row: Row): HTMLElement {
    const link = accountLink(row.account, short(row.account));
    link.tabIndex = -1;
    return link;
  }

  private key(event: KeyboardEvent) {
    if (event.target !== this.grid) return;
    const page = Math.max(1, Math.floor(this.body.clientHeight / this.height()) - 1);
    const steps: Record<string, number> = {
      ArrowDown: this.active + 1, ArrowUp: this.active - 1, PageDown: this.active + page,
      PageUp: this.active - page, Home: 0, End: this.count - 1,
    };
    const to = steps[event.key];
    if (to !== undefined && this.count > 0) {
      event.preventDefault();
      this.active = Math.min(Math.max(to, 0), this.count - 1);
      this.virtualizer.scrollToIndex(this.active, { align: "auto" });
      this.paint();
    } else if (event.key === "Enter") {
      const row = this.rows.get(this.active);
      if (row) location.hash = `#/account/${row.account}`;
    }
  }
}
