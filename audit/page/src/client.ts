// Talks to the worker.

import type { AccountReceipt } from "./account.ts";
import type { Check } from "./checks.ts";
import type { Order, Row } from "./rows.ts";
import type { Pictures, Request, Summary } from "./worker.ts";

declare const WORKER_SOURCE: string;

interface Waiting {
  resolve(value: unknown): void;
  reject(error: Error): void;
  tell?: ((part: unknown) => void) | undefined;
}

export class Client {
  private readonly worker: Worker;
  private readonly waiting = new Map<number, Waiting>();
  private next = 0;

  constructor() {
    const source = new Blob([WORKER_SOURCE], { type: "text/javascript" });
    const url = URL.createObjectURL(source);
    this.worker = new Worker(url);
    this.worker.onmessage = ({ data }) => this.receive(data);
    this.worker.onerror = (event) => {
      const error = new Error(`the page's worker broke off: ${event.message || "it could not be started"}`);
      for (const { reject } of this.waiting.values()) reject(error);
      this.waiting.clear();
    };
  }

  private receive({ id, value, part, error }: { id: number; value?: unknown; part?: unknown; error?: string }) {
    const waiting = this.waiting.get(id);
    if (!waiting) return;
    if (part !== undefined) {
      waiting.tell?.(part);
      return;
    }
    this.waiting.delete(id);
    if (error !== undefined) waiting.reject(new Error(error));
    else waiting.resolve(value);
  }

  private ask<T>(request: Request, tell?: (part: unknown) => void): Promise<T> {
    const id = this.next;
    this.next += 1;
    return new Promise<T>((resolve, reject) => {
      this.waiting.set(id, { resolve: resolve as (value: unknown) => void, reject, tell });
      this.worker.postMessage({ id, request });
    });
  }

  load = (text: string, gzip: boolean) => this.ask<Summary>({ kind: "load", text, gzip });
  arithmetic = () => this.ask<Check[]>({ kind: "arithmetic" });
  verify = (module: string, tell: (check: Check) => void) =>
    this.ask<Check[]>({ kind: "verify", module }, (part) => tell(part as Check));
  select = (order: Order, needle: string) => this.ask<number>({ kind: "select", order, needle });
  window = (from: number, to: number) => this.ask<Row[]>({ kind: "window", from, to });
  pictures = () => this.ask<Pictures>({ kind: "pictures" });
  receipt = (account: string) => this.ask<AccountReceipt | null>({ kind: "receipt", account });
}
