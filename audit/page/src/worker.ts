// The worker holds the epoch and does all arithmetic, so that the page never waits for it.

import { receipt } from "./account.ts";
import { fromBase64, gunzip } from "./bytes.ts";
import { arithmetic, type Check } from "./checks.ts";
import { buildModel, sum, type Model } from "./model.ts";
import { cryptography, Module } from "./module.ts";
import { flow, lists, spread } from "./picture.ts";
import { Rows, type Order } from "./rows.ts";
import { parseView } from "./view.ts";

export type Request =
  | { kind: "load"; text: string; gzip: boolean }
  | { kind: "arithmetic" }
  | { kind: "verify"; module: string }
  | { kind: "select"; order: Order; needle: string }
  | { kind: "window"; from: number; to: number }
  | { kind: "pictures" }
  | { kind: "receipt"; account: string };

let model: Model;
let rows: Rows;

function summary() {
  const { view, header, accounts, inside } = model;
  const { words: _, state: __, operator, proof, ...rest } = view;
  return {
    ...rest,
    proof: proof && { ...proof, key: proof.key !== null },
    header,
    accounts: accounts.account.length,
    waitingAccounts: model.state.account.length,
    events: inside?.events ?? null,
    uncounted: inside?.uncounted ?? null,
    assets: inside?.assets.length ?? null,
    policy: operator?.policy ?? null,
    cap: inside?.cap ?? null,
    before: inside ? sum(inside.before) : null,
  };
}
export type Summary = ReturnType<typeof summary>;

function pictures() {
  return { flow: flow(model), spread: spread(model), lists: lists(model) };
}
export type Pictures = ReturnType<typeof pictures>;

async function answer(request: Request, tell: (part: unknown) => void): Promise<unknown> {
  switch (request.kind) {
    case "load": {
      const bytes = request.gzip ? await gunzip(fromBase64(request.text)) : null;
      model = buildModel(parseView(bytes ? new TextDecoder().decode(bytes) : request.text));
      rows = new Rows(model);
      return summary();
    }
    case "arithmetic":
      return arithmetic(model);
    case "verify": {
      const checks: Check[] = [];
      const module = await Module.load(request.module);
      cryptography(model, module, (check) => {
        checks.push(check);
        tell(check);
      });
      return checks;
    }
    case "select":
      return rows.select(request.order, request.needle);
    case "window":
      return rows.window(request.from, request.to);
    case "pictures":
      return pictures();
    case "receipt":
      return receipt(model, request.account);
  }
}

self.onmessage = async (event: MessageEvent<{ id: number; request: Request }>) => {
  const { id, request } = event.data;
  try {
    const value = await answer(request, (part) => self.postMessage({ id, part }));
    self.postMessage({ id, value });
  } catch (error) {
    self.postMessage({ id, error: error instanceof Error ? error.message : String(error) });
  }
};
