// The panel that checks the page: integers at once, the proof and the roots when asked.

import type { Check } from "./checks.ts";
import type { Client } from "./client.ts";
import { h, mark } from "./dom.ts";
import type { Summary } from "./worker.ts";

export type Verdict = "waiting" | "busy" | "good" | "development" | "unproved" | "bad";

export class VerifyPanel {
  readonly element: HTMLElement;
  private readonly list = h("ul", { class: "checks" });
  private readonly verdict = h("p", { class: "verdict", role: "status", "aria-live": "polite" });
  private readonly button: HTMLButtonElement;
  private checks: Check[] = [];

  constructor(
    private readonly client: Client, private readonly summary: Summary, private readonly module: string,
    private readonly told: (verdict: Verdict, failed: Check[]) => void,
  ) {
    this.button = h("button", { type: "button", class: "primary", id: "verify", onclick: () => void this.verify() }, "Verify in this browser");
    const { proof } = summary;
    this.element = h("section", { id: "check", class: "panel", "aria-labelledby": "check-title" },
      h("div", { class: "panel-head" },
        h("div", {}, h("h2", { id: "check-title" }, "Check it yourself"),
          h("p", {}, proof
            ? "The proof, the payout list and everything else on this page are checked here, on your machine, without any network."
            : "The numbers on this page are checked against each other here. There is no proof of them yet.")),
        this.button),
      this.verdict, this.list,
      h("p", { class: "hint" }, "This page can vouch for its numbers, not for itself: whoever made the file also made this button. ",
        "If it comes from somebody you do not trust, check the bundle with ", h("code", {}, "meed verify"), " instead."));
    this.say("waiting");
  }

  private say(verdict: Verdict) {
    const failed = this.checks.filter(({ status }) => status === "bad");
    const texts: Record<Verdict, string> = {
      waiting: "Not verified in this browser yet.",
      busy: "Checking…",
      good: "Verified: the proof is good for these payouts, and everything on the page agrees with it.",
      development: "The proof is good, but the key is an INSECURE DEVELOPMENT KEY: anybody can forge a proof under it. Do not pay anyone by this page.",
      unproved: `The numbers agree with each other. NOT PROVED: ${this.summary.proof ? "the key of the proof is not on this page" : "there is no proof on this page"}.`,
      bad: `Not good: ${failed.length === 1 ? "a check" : `${failed.length} checks`} failed. Do not pay anyone by this page.`,
    };
    this.verdict.textContent = texts[verdict];
    this.verdict.className = `verdict ${verdict}`;
    this.element.dataset["verdict"] = verdict;
    this.told(verdict, failed);
  }

  private show(check: Check) {
    this.checks.push(check);
    this.list.append(h("li", { class: check.status, "data-check": check.id }, mark(check.status),
      h("div", {}, h("strong", {}, check.title), h("p", {}, check.detail))));
  }

  /** The checks that need no module. */
  async begin() {
    (await this.client.arithmetic()).forEach((check) => this.show(check));
    this.say(this.checks.some(({ status }) => status === "bad") ? "bad" : "waiting");
  }

  private async verify() {
    this.button.disabled = true;
    this.say("busy");
    const before = new Set(this.checks.map(({ id }) => id));
    try {
      await this.client.verify(this.module, (check) => {
        if (!before.has(check.id)) this.show(check);
      });
      this.button.textContent = "Verified in this browser";
    } catch (error) {
      this.show({ id: "module", title: "The checking module", status: "bad", detail: (error as Error).message });
    }
    this.say(this.settle());
  }

  private settle(): Verdict {
    if (this.checks.some(({ status }) => status === "bad")) {
      this.button.textContent = "Checked in this browser";
      return "bad";
    }
    if (!this.summary.proof?.key) return "unproved";
    return this.checks.some(({ id, status }) => id === "key" && status === "open") ? "development" : "good";
  }
}
