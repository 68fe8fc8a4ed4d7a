// The WebAssembly module: audit/wasm, whose message.rs has the formats and code.rs the numbers.

import { concat, fromBase64, fromHex, gunzip, toBytes, toHex } from "./bytes.ts";
import { impliedBefore, type Check } from "./checks.ts";
import { sum, type Model } from "./model.ts";

interface Exports {
  memory: WebAssembly.Memory;
  meed_alloc(length: number): number;
  meed_free(at: number, length: number): void;
  meed_proof(at: number, length: number): number;
  meed_key(at: number, length: number): number;
  meed_state(at: number, length: number): number;
  meed_policy(at: number, length: number): number;
  meed_registry(at: number, length: number): number;
}
type Function = Exclude<keyof Exports, "memory" | "meed_alloc" | "meed_free">;

const ACCEPTED = 0;
const DEVELOPMENT = 12;
const CODES: Record<number, string> = {
  1: "the message has a wrong length",
  2: "the module refused the address",
  3: "there is not enough memory",
  10: "a point of the key is not on its curve, or is the identity",
  11: "anybody can forge proofs under this key",
  13: "the key's version, number of rows or circuit digest is out of bounds",
  20: "a word is not below the field's modulus",
  21: "the header of the words is malformed",
  22: "the header announces another number of payouts",
  23: "an account or an amount is zero or too large",
  24: "accounts are not strictly increasing",
  25: "the amounts do not add up to the header's total",
  30: "a point or a number of the proof is out of bounds, or the identity",
  31: "the proof is of another proof system than the key",
  40: "the proof is not one of these payouts under this key",
  99: "a value is out of bounds",
};
const explain = (code: number) => CODES[code] ?? `refused with number ${code}`;

export class Module {
  private constructor(private readonly exports: Exports) {}

  static async load(base64: string): Promise<Module> {
    const bytes = await gunzip(fromBase64(base64));
    const { instance } = await WebAssembly.instantiate(bytes as BufferSource, {});
    return new Module(instance.exports as unknown as Exports);
  }

  /** Calls a function on a message; what it wrote over the message's first 32 bytes. */
  call(name: Function, message: Uint8Array): { code: number; result: string } {
    const { memory, meed_alloc, meed_free } = this.exports;
    const at = meed_alloc(message.length);
    if (at === 0) return { code: 3, result: "" };
    try {
      new Uint8Array(memory.buffer, at, message.length).set(message);
      const code = this.exports[name](at, message.length);
      // The memory may have grown: its buffer is another one now.
      return { code, result: `0x${toHex(new Uint8Array(memory.buffer, at, 32))}` };
    } finally {
      meed_free(at, message.length);
    }
  }
}

const ROOM = new Uint8Array(32);

function stateMessage(account: string[], accrued: bigint[]): Uint8Array {
  return concat([ROOM, ...account.flatMap((who, i) => [fromHex(who), toBytes(accrued[i]!, 32)])]);
}

function policyMessage({ inside }: Model): Uint8Array {
  const { policy, minPayout } = inside!;
  const number = (value: number) => toBytes(BigInt(value), 4);
  return concat([
    ROOM, fromHex(policy.platform), fromHex(policy.stakers), fromHex(policy.remainder),
    ...policy.shares.map(number), number(policy.cap_bps), number(policy.fraction_bits), number(0),
    toBytes(BigInt(policy.threshold), 8), toBytes(minPayout, 16),
  ]);
}

const KINDS = ["dataset", "model", "adapter", "service"];
const EDGES = 4;

function registryMessage({ inside, accounts }: Model): Uint8Array {
  const { assets, edges, owes } = inside!;
  const rows = assets.map((asset, i) => {
    const kind = KINDS.indexOf(asset.kind);
    const owed = owes.get(i) ?? [];
    if (kind < 0) throw new Error(`${asset.name}: expected one of ${KINDS.join(", ")}, got ${asset.kind}`);
    if (owed.length > EDGES) throw new Error(`${asset.name}: expected at most ${EDGES} edges, got ${owed.length}`);
    const row = concat([
      fromHex(asset.content), fromHex(accounts.account[asset.owner]!),
      toBytes(BigInt(kind), 2), toBytes(BigInt(asset.penaltyBps), 2), new Uint8Array(EDGES * 8),
    ]);
    owed.forEach((e, slot) => {
      const edge = concat([toBytes(BigInt(edges[e]!.to), 4), toBytes(BigInt(edges[e]!.bps), 4)]);
      row.set(edge, row.length - EDGES * 8 + slot * 8);
    });
    return row;
  });
  return concat([ROOM, ...rows]);
}

/** Checks that compute a root and compare it with the public word. */
function root(
  module: Module, id: string, title: string, name: Function, expected: bigint, message: () => Uint8Array, ok: string,
): Check {
  try {
    const { code, result } = module.call(name, message());
    if (code !== ACCEPTED) return { id, title, status: "bad", detail: explain(code) };
    return BigInt(result) === expected
      ? { id, title, status: "good", detail: ok }
      : { id, title, status: "bad", detail: `expected 0x${expected.toString(16).padStart(64, "0")} as in the words, got ${result}` };
  } catch (error) {
    return { id, title, status: "bad", detail: (error as Error).message };
  }
}

/** Everything that needs the module, one check at a time. `tell` is called with each as it is done. */
export function cryptography(model: Model, module: Module, tell: (check: Check) => void): void {
  const { view, header, state, inside, accounts, words } = model;
  if (view.proof) {
    tell(keyCheck(module, view.proof));
    tell(proofCheck(module, view, words));
  } else {
    tell({ id: "proof", title: "The proof", status: "open", detail: "There is none on this page: these numbers are computed, not proved." });
  }
  tell(root(module, "state-root", "What waits is what was proved", "meed_state", header.state_root_after,
    () => stateMessage(state.account, state.accrued), "The list of who waits hashes to the public word state_root_after."));
  tell(stateBefore(model, module));
  if (!inside) return;
  tell(root(module, "policy", "The rules are those that were committed", "meed_policy", header.policy_hash,
    () => policyMessage(model), "Shares, accounts, cap and minimum hash to the public word policy_hash."));
  tell(root(module, "registry", "Assets, owners and shares owed are those that were committed", "meed_registry", header.registry_root,
    () => registryMessage({ ...model, accounts }), "The registry hashes to the public word registry_root. Names are not part of it."));
}

function stateBefore(model: Model, module: Module): Check {
  const [id, title] = ["state-before", "What waited before is where the epoch started from"];
  const { header, accounts, inside, view } = model;
  if (inside) {
    const rows = accounts.account.map((_, i) => i).filter((i) => inside.before[i]! > 0n);
    return root(module, id, title, "meed_state", header.state_root_before,
      () => stateMessage(rows.map((i) => accounts.account[i]!), rows.map((i) => inside.before[i]!)),
      `${rows.length === 0 ? "Nothing waited" : `${sum(rows.map(() => 1n))} accounts waited`} before; the list hashes to the public word state_root_before.`);
  }
  const previous = view.trend.find((row) => BigInt(row.epoch) + 1n === header.epoch);
  if (previous) {
    const same = BigInt(previous.state_after) === header.state_root_before;
    return { id, title, status: same ? "good" : "bad", detail: same
      ? `Epoch ${previous.epoch} left the state that this one starts from.`
      : `epoch ${previous.epoch} left another state than this one starts from` };
  }
  if (impliedBefore(model) === 0n) {
    return root(module, id, title, "meed_state", header.state_root_before, () => ROOM.slice(),
      "Nothing waited before; the empty list hashes to the public word state_root_before.");
  }
  return { id, title, status: "open", detail: "The epoch before is not on this page. Its bundle's state_root_after must be this one's state_root_before." };
}

function keyCheck(module: Module, proof: NonNullable<Model["view"]["proof"]>): Check {
  const [id, title] = ["key", "The verifying key"];
  if (proof.key === null) {
    return { id, title, status: "open", detail: `It was not given when this page was made. The bundle names ${proof.vk_id}.` };
  }
  const { code, result } = module.call("meed_key", fromBase64(proof.key));
  if (code !== ACCEPTED && code !== DEVELOPMENT) return { id, title, status: "bad", detail: explain(code) };
  if (result !== proof.vk_id) {
    return { id, title, status: "bad", detail: `expected the id ${proof.vk_id}, the key on this page has ${result}` };
  }
  if (proof.insecure !== (code === DEVELOPMENT)) {
    return { id, title, status: "bad", detail: code === DEVELOPMENT
      ? "INSECURE DEVELOPMENT KEY, and the page's data does not say so"
      : "the page's data calls the key a development key, and it is not one" };
  }
  return code === DEVELOPMENT
    ? { id, title, status: "open", detail: `INSECURE DEVELOPMENT KEY: ANYBODY CAN FORGE A PROOF UNDER IT. Its id is ${result}.` }
    : { id, title, status: "good", detail: `Its id is ${result}. Compare it with the published one: only that tells whose key it is.` };
}

function proofCheck(module: Module, view: Model["view"], words: Uint8Array): Check {
  const [id, title] = ["proof", "The proof"];
  const { key, proof, chain_id, contract } = view.proof!;
  if (key === null) return { id, title, status: "open", detail: "It cannot be checked here without its key." };
  try {
    const message = concat([
      fromBase64(key), fromBase64(proof), fromHex(chain_id), fromHex(contract), fromHex(view.h), words,
    ]);
    const start = performance.now();
    const { code } = module.call("meed_proof", message);
    const time = Math.max(1, Math.round(performance.now() - start));
    return code === ACCEPTED
      ? { id, title, status: "good", detail: `It proves exactly these payouts for this domain under the key above. Checked here in ${time} ms.` }
      : { id, title, status: "bad", detail: explain(code) };
  } catch (error) {
    return { id, title, status: "bad", detail: (error as Error).message };
  }
}
