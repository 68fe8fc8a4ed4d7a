// The flow of the money. The layout works in floating point; every text says the exact sum.

import { sankey, sankeyLinkHorizontal } from "d3-sankey";
import { details, h, s, table, tooltip } from "./dom.ts";
import { brief, credits, percent, type Show } from "./format.ts";
import { STAGES, type Flow, type FlowNode } from "./picture.ts";

const WIDTH = 1040;
const LABEL = 22;
/** Room for the last stage's labels. */
const RIGHT = 200;

interface Node extends FlowNode {
  amount: bigint;
}
interface Link {
  source: string;
  target: string;
  value: number;
  amount: bigint;
  tone: string;
}

export function flowPicture(flow: Flow, show: Show, fees: bigint): HTMLElement {
  const { nodes, links } = flow;
  const name = new Map(nodes.map((node) => [node.id, node]));
  const into = new Map<string, bigint>();
  const out = new Map<string, bigint>();
  for (const link of links) {
    into.set(link.to, (into.get(link.to) ?? 0n) + link.amount);
    out.set(link.from, (out.get(link.from) ?? 0n) + link.amount);
  }
  const through = (id: string) => into.get(id) ?? out.get(id) ?? 0n;
  // The layout wants columns without gaps; links lead from a stage to a later one, and a path uses all of them.
  const stages = [...new Set(nodes.map((node) => node.stage))].sort((a, b) => a - b);
  const rowsInStage = Math.max(...stages.map((stage) => nodes.filter((node) => node.stage === stage).length));
  const height = Math.max(300, rowsInStage * 46);
  const total = Number(fees);
  const layout = sankey<Node, Link>()
    .nodeId((node) => node.id)
    .nodeAlign((node) => stages.indexOf(node.stage))
    .nodeWidth(10)
    .nodePadding(20)
    .extent([[4, 26], [WIDTH - RIGHT, height - 10]])({
      nodes: nodes.map((node) => ({ ...node, amount: through(node.id) })),
      links: links.map((link) => ({
        source: link.from, target: link.to, amount: link.amount,
        value: Math.max(Number(link.amount) / total, 1e-6),
        tone: tone(link.from, link.to, name),
      })),
    });
  const path = sankeyLinkHorizontal<Node, Link>();
  const drawn = layout.links.map((link) => {
    const [from, to] = [link.source as unknown as Node, link.target as unknown as Node];
    const line = s("path", { d: path(link), class: `link ${link.tone}`, "stroke-width": Math.max(1, link.width ?? 1) });
    tooltip(line, () => [`${from.label} → ${to.label}`, credits(show, link.amount), `${percent(link.amount, fees)} of the fees`]);
    return line;
  });
  const boxes = layout.nodes.map((node) => {
    const [x0, x1, y0, y1] = [node.x0 ?? 0, node.x1 ?? 0, node.y0 ?? 0, node.y1 ?? 0];
    const label = node.label.length > LABEL ? `${node.label.slice(0, LABEL - 1)}…` : node.label;
    const text = s("text", {
      x: x1 + 8, y: (y0 + y1) / 2, "dominant-baseline": "middle",
    }, s("tspan", { class: "name" }, label), s("tspan", { class: "amount", dx: 6 }, brief(show, node.amount)));
    const box = s("rect", { x: x0, y: y0, width: x1 - x0, height: Math.max(1.5, y1 - y0), rx: 2, class: `node ${node.kind} ${node.id}` });
    const group = node.account
      ? s("a", { href: `#/account/${node.account}` }, box, text)
      : s("g", {}, box, text);
    tooltip(group, () => [node.account ?? node.label, credits(show, node.amount), `${percent(node.amount, fees)} of the fees`]);
    return group;
  });
  const heads = stages.map((stage, column) => s("text", {
    x: 4 + (column * (WIDTH - RIGHT - 14)) / (stages.length - 1), y: 12, class: "stage",
  }, STAGES[stage]!));
  const picture = s("svg", {
    viewBox: `0 0 ${WIDTH} ${height}`, width: WIDTH, height, class: "sankey", role: "group", "aria-label": "Flow of the fees to the accounts; the table below says the same",
  }, s("g", { fill: "none" }, ...drawn), ...heads, ...boxes);
  const rows = links.map((link) => [
    name.get(link.from)!.label, name.get(link.to)!.label, credits(show, link.amount), percent(link.amount, fees),
  ]);
  return h("div", { class: "figure" },
    h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Flow of the money" }, picture),
    details("The same as a table", table("Flow of the money as a table",
      [{ title: "From" }, { title: "To" }, { title: "Amount", number: true }, { title: "Of the fees", number: true }], rows)));
}

/** The colour of a link: its share of the fees, else plain. */
function tone(from: string, to: string, name: Map<string, FlowNode>): string {
  const role = from === "fees" ? to : name.get(from)?.kind === "role" ? from : null;
  return role ? `tone-${role}` : "tone-plain";
}
