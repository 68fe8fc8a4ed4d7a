// The page's data, as audit/src/view/mod.rs writes it.

export interface View {
  format: string;
  version: number;
  made_by: string;
  show: { decimals: number; symbol: string };
  epoch: string;
  words: string;
  h: string;
  proof: ProofPart | null;
  state: { account: string[]; accrued: string[] } | null;
  operator: Operator | null;
  trend: TrendRow[];
  audit: AuditCheck[] | null;
}

export interface ProofPart {
  system: "groth16" | "halo2";
  circuit: string;
  shape: string;
  circuit_digest: string;
  /** Null when the key was not given: then the proof cannot be checked here. */
  key: string | null;
  vk_id: string;
  insecure: boolean;
  chain_id: string;
  contract: string;
  domain: string;
  proof: string;
  manifest_sha256: string;
}

export interface Terms {
  shares: number[];
  platform: string;
  stakers: string;
  remainder: string;
  cap_bps: number;
  min_payout: string;
  threshold: string;
  fraction_bits: number;
}

export interface Operator {
  policy: Terms;
  events: number;
  uncounted: { events: number; credit: string };
  leftovers: string;
  cap: string;
  excess: string;
  accounts: Record<"account" | "before" | "earned" | "credited" | "paid" | "after", string[]>;
  assets: Record<
    "name" | "kind" | "content" | "records" | "service" | "model" | "inflow" | "penalty" | "kept",
    string[]
  > & { owner: number[]; penalty_bps: number[] };
  edges: { from: number[]; to: number[]; bps: number[]; credit: string[] };
}

export interface TrendRow {
  epoch: string;
  fees: string;
  paid: string;
  accounts: number;
  waiting: string;
  state_before: string;
  state_after: string;
  proved: boolean;
}

export interface Finding {
  severity: "note" | "warning" | "error";
  message: string;
  account?: string;
  difference?: { unit: "base_units" | "credits"; expected: string; got: string };
}

export interface AuditCheck {
  name: string;
  about: string;
  epoch: number | null;
  status: "passed" | "failed" | "not_checked";
  notes?: Finding[];
  findings?: Finding[];
  why?: string;
}

const FORMAT = "meed-report-page";
const VERSION = 1;

/** Reads the data block's text. Throws with what is wrong; what numbers mean is checked elsewhere. */
export function parseView(text: string): View {
  const view = JSON.parse(text) as View;
  if (view.format !== FORMAT || view.version !== VERSION) {
    throw new Error(`data: expected ${FORMAT} version ${VERSION}, got ${view.format} version ${view.version}`);
  }
  if (view.state) sameLength("state", view.state);
  if (view.operator) {
    sameLength("accounts", view.operator.accounts);
    sameLength("assets", view.operator.assets);
    sameLength("edges", view.operator.edges);
  } else if (!view.state) {
    throw new Error("data: expected a state or the operator's accounts, got neither");
  }
  return view;
}

function sameLength(what: string, columns: object) {
  const entries = Object.entries(columns) as [string, unknown[]][];
  const expected = entries[0]?.[1].length;
  for (const [name, column] of entries) {
    if (!Array.isArray(column) || column.length !== expected) {
      throw new Error(`data: ${what}.${name}: expected ${expected} entries, got ${column?.length}`);
    }
  }
}

const NUMBER = /^(0|[1-9][0-9]{0,77})$/;

/** A column of decimal digits as integers. */
export function integers(what: string, column: string[]): bigint[] {
  return column.map((text, row) => integer(`${what} ${row}`, text));
}

export function integer(what: string, text: string): bigint {
  if (typeof text !== "string" || !NUMBER.test(text)) {
    throw new Error(`data: ${what}: expected decimal digits, got ${JSON.stringify(text)}`);
  }
  return BigInt(text);
}
