// Elements without markup: whatever is data becomes text.

type Child = Node | string | null | undefined | false;
type Attributes = Record<string, string | number | boolean | null | undefined | ((event: never) => void)>;

function fill(element: Element, attributes: Attributes, children: Child[]) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === "function") element.addEventListener(name.slice(2), value as EventListener);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  for (const child of children) if (child) element.append(child);
}

/** An HTML element. Attributes that begin with `on` are listeners. */
export function h<K extends keyof HTMLElementTagNameMap>(
  name: K, attributes: Attributes = {}, ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(name);
  fill(element, attributes, children);
  return element;
}

/** An SVG element. */
export function s<K extends keyof SVGElementTagNameMap>(
  name: K, attributes: Attributes = {}, ...children: Child[]
): SVGElementTagNameMap[K] {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  fill(element, attributes, children);
  return element;
}

export interface TableColumn {
  title: string;
  /** Right-aligned, with figures of one width. */
  number?: boolean;
}

/** A plain table in a region that scrolls by itself. */
export function table(caption: string, columns: TableColumn[], rows: Child[][]): HTMLElement {
  const cell = (child: Child, i: number) =>
    h(i === 0 ? "th" : "td", { class: columns[i]?.number ? "num" : null, scope: i === 0 ? "row" : null }, child);
  return h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": caption },
    h("table", {},
      h("caption", { class: "hidden" }, caption),
      h("thead", {}, h("tr", {}, ...columns.map(({ title, number }) =>
        h("th", { scope: "col", class: number ? "num" : null }, title)))),
      h("tbody", {}, ...rows.map((row) => h("tr", {}, ...row.map(cell))))));
}

/** What can be unfolded. */
export function details(summary: string, ...children: Child[]): HTMLElement {
  return h("details", {}, h("summary", {}, summary), ...children);
}

/** A link to an account's receipt. */
export function accountLink(account: string, text: string): HTMLElement {
  return h("a", { href: `#/account/${account}`, class: "mono", title: account }, text);
}

const MARKS = { good: "✓", bad: "✕", open: "–", busy: "…" } as const;

/** A mark with its meaning for those who do not see it. */
export function mark(status: keyof typeof MARKS): HTMLElement {
  const said = { good: "passed", bad: "failed", open: "not settled here", busy: "being checked" }[status];
  return h("span", { class: `mark ${status}` },
    h("span", { "aria-hidden": "true" }, MARKS[status]), h("span", { class: "hidden" }, `${said}: `));
}

/** One tooltip for all plots. */
const tip = h("div", { class: "tip", "aria-hidden": "true" });

/** Shows lines beside the pointer while it is over an element. */
export function tooltip(element: Element, lines: () => string[]) {
  const show = (event: Event) => {
    const { clientX, clientY } = event as PointerEvent;
    if (!tip.isConnected) document.body.append(tip);
    tip.replaceChildren(...lines().map((line) => h("div", {}, line)));
    tip.classList.add("shown");
    const { width, height } = tip.getBoundingClientRect();
    const x = Math.min(clientX + 14, innerWidth - width - 8);
    const y = clientY + 18 + height > innerHeight ? clientY - height - 12 : clientY + 18;
    tip.style.transform = `translate(${Math.max(8, x)}px, ${Math.max(8, y)}px)`;
  };
  element.addEventListener("pointermove", show);
  element.addEventListener("pointerdown", show);
  element.addEventListener("pointerleave", () => tip.classList.remove("shown"));
}
