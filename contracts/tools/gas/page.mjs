// Makes docs/gas.md of the snapshot: text and tables, nothing measured.

const FORMATS = [
  ["words, 8-byte amounts", "`settle`: words of 32 bytes"],
  ["dense, 2-byte indexes, 8-byte amounts", "`settleDense`: 2-byte indexes, 8-byte amounts (18 decimals)"],
  ["dense, sequential, 8-byte amounts", "`settleDense`: everyone on the pages, in order, 8-byte amounts"],
  ["dense, 2-byte indexes, 5-byte amounts", "`settleDense`: 2-byte indexes, 5-byte amounts (6 decimals)"],
  ["dense, sequential, 5-byte amounts", "`settleDense`: everyone on the pages, in order, 5-byte amounts"],
  ["dense, accounts inline, 8-byte amounts", "`settleDense`: accounts in the list, 8-byte amounts"],
];
const SIZES = [8, 64, 256, 1024, 4096];

/// What runs cost and how large the contract was, tried by hand when the loops were written.
const TRIED = [
  [200, "17,885", "730,797", "873,117"],
  [2_000, "20,437", "718,332", "847,510"],
  [10_000, "22,198", "687,429", "798,161"],
  [100_000, "23,635", "687,314", "798,030"],
];

const number = (x) => Math.round(x).toLocaleString("en-US");

function table(head, rows) {
  const align = head.map((_, i) => (i === 0 ? "---" : "---:"));
  return [head, align, ...rows].map((row) => `| ${row.join(" | ")} |`).join("\n");
}

/// The snapshot's entries as transactions.
function transactions(snapshot) {
  const found = new Map();
  for (const [key, value] of Object.entries(snapshot)) {
    const [name, field] = key.split(" | ");
    found.set(name, { ...found.get(name), [field]: Number(value) });
  }
  for (const t of found.values()) {
    t.calldata = 4 * t["zero bytes"] + 16 * t["other bytes"];
    t.execution = t.used - 21_000 - t.calldata;
    t.floor = 21_000 + 10 * t["zero bytes"] + 40 * t["other bytes"];
    t.total = Math.max(t.used, t.floor);
    t.count = 1;
  }
  return found;
}

function sum(parts) {
  const fields = ["calldata", "execution", "floor", "total", "count"];
  return Object.fromEntries(fields.map((f) => [f, parts.reduce((all, t) => all + t[f], 0)]));
}

export function page(snapshot, sizes, runs) {
  const all = transactions(snapshot);
  const get = (name) => {
    const t = all.get(name);
    if (t === undefined) throw new Error(`snapshots/gas.json: no transaction "${name}"`);
    return t;
  };
  const settlement = (n, format, first = "") => {
    const name = `settle ${n}, ${format}${first}`;
    if (all.has(name)) return get(name);
    return sum([1, 2, 3].map((i) => get(`${name}, part ${i} of 3`)));
  };
  const bound = (t) => (t.total > t.execution + t.calldata + 21_000 * t.count ? " (floor)" : "");

  const settlements = FORMATS.map(([format, title]) => {
    const rows = SIZES.map((n, i) => {
      const t = settlement(n, format);
      const before = i === 0 ? null : settlement(SIZES[i - 1], format);
      const more = before === null ? "" : number((t.total - before.total) / (n - SIZES[i - 1]));
      const parts = t.count === 1 ? "" : `, in ${t.count} transactions`;
      return [
        number(n) + parts,
        number(t.execution),
        number(t.calldata),
        number(t.floor),
        number(t.total) + bound(t),
        number(t.total / n),
        more,
      ];
    });
    const head = ["recipients", "execution", "calldata", "floor", "total", "a recipient", "each further one"];
    return `### ${title}\n\n${table(head, rows)}`;
  }).join("\n\n");

  const first = FORMATS.map(([format, title]) => [
    title,
    ...SIZES.map((n) => number(settlement(n, format, ", first epoch").total)),
  ]);

  const row = (name, title, count = 1) => {
    const t = get(name);
    return [
      title,
      number(t.execution),
      number(t.calldata),
      number(t.floor),
      number(t.total) + bound(t),
      count === 1 ? "" : number(t.total / count),
    ];
  };
  const each = (title, name, count = 1) =>
    ["token", "coin"].map((money) =>
      row(name.replace("$", money), `${title}, ${money === "token" ? "ERC-20" : "the chain's coin"}`, count),
    );
  const claims = [
    ...each("claim, the receiver has funds", "claim, has funds, $"),
    ...each("claim, the receiver has none yet", "claim, has no funds, $"),
    ...each("claim, first of its 128 payouts", "claim, first of its 128, has funds, $"),
    ...each("claim, first of its epoch", "claim, first of its epoch, $"),
    ...each("claimMany of 10", "claimMany 10, $", 10),
    ...each("claimMany of 50", "claimMany 50, $", 50),
    ...each("push of 8", "push 8, $", 8),
    ...each("push of 64", "push 64, $", 64),
  ];
  const others = [
    row("verify", "MeedVerifier.verify"),
    ...each("deposit", "deposit, $"),
    ...each("deposit, a network's first", "deposit, $, first"),
    row("commit, token", "commit"),
    row("commit, token, first", "commit, a network's first"),
    ...each("sweep of 1,024 payouts", "sweep 1024, $"),
    row("addPage 1024", "addPage of 1,024 accounts"),
    row("deploy MeedVerifier", "deploy MeedVerifier"),
    row("deploy MeedHalo2Verifier", "deploy MeedHalo2Verifier, with its constants"),
    row("deploy MeedSettlement", "deploy MeedSettlement"),
  ];

  // A settlement of 1,024 in the encoding that costs least, by proof system.
  const least = "1024, dense, sequential, 8-byte amounts";
  const systems = [["", "Groth16"], ["halo2 ", "halo2, after the proof was shown"]].map(([prefix, title]) => {
    const t = get(`${prefix}settle ${least}`);
    return [title, number(t.execution), number(t.calldata), number(t.total), number(t.total / 1024)];
  });
  const [shown, groth16] = [get("halo2 prove"), get(`settle ${least}`)];
  const both = shown.total + get(`halo2 settle ${least}`).total;
  const halo2 = [
    row("verify", "Groth16: verify"),
    row("halo2 check", "halo2: check"),
    row("halo2 prove", "halo2: prove, a new fact"),
    row("halo2 prove, again", "halo2: prove, a known fact"),
    row("halo2 verify", "halo2: verify, asks for a fact"),
  ];

  const inline = settlement(1024, FORMATS[5][0]).total;
  const indexed = settlement(1024, FORMATS[1][0]).total;
  const sequential = settlement(1024, FORMATS[2][0]).total;
  const adding = get("addPage 1024").total;
  const epochs = (with_) => Math.ceil(adding / (inline - with_));

  const holder = get("claim, has funds, token").total;
  const verify = get("verify").total;
  const under = (format) => {
    const found = SIZES.find((n) => settlement(n, format).total / n < 700);
    return found === undefined ? "not up to 4,096" : `at ${number(found)}`;
  };
  const slope = (format) => (settlement(4096, format).total - settlement(1024, format).total) / 3072;
  const dense = FORMATS.slice(1, 5);

  const chunk = [1, 4, 8, 16].map((size) => {
    const [tree, check] = [get(`tree, ${size} in a leaf`), get(`check, ${size} in a leaf`)];
    const [tree1, check1] = [get("tree, 1 in a leaf"), get("check, 1 in a leaf")];
    const saved = (tree1.execution - tree.execution) / 1024;
    // Not the totals: of a claim as a whole the floor never decides.
    const more = check.used - check1.used;
    const even = size === 1 ? "" : `${((100 * saved) / more).toFixed(0)} %`;
    return [size, number(tree.execution / 1024), number(saved), number(check.used), number(more), even];
  });

  return `# Gas

This page is written by \`node contracts/tools/gas.mjs\`, from \`contracts/snapshots/gas.json\`; CI runs it with \`--check\`.

## How it is measured

The tests \`contracts/test/Gas*.t.sol\` send each transaction in forge's isolated mode: every call is a transaction of its own, all slots and accounts are cold, 21,000
and the calldata are charged, refunds are given. The proofs are real, with points and inputs of full size. The snapshot keeps what was used, and how many zero and other
bytes the calldata had. From these:

- *calldata*: 4 gas for a zero byte, 16 for another;
- *execution*: what was used, less the calldata and 21,000, refunds taken off;
- *floor*: EIP-7623's least charge (Prague), 21,000 and 10 or 40 gas a byte;
- *total*: the larger of the floor and 21,000 + calldata + execution. "(floor)" says that the floor decided.

A deployment is measured from inside a contract, and 21,000 and its calldata are added. The compiler's setting is ${number(runs)} runs.

Accounts are any 20 bytes. Amounts of 8 bytes are 1 to 9 coins with 18 decimals; amounts of 5 bytes are 1,000 to 9,000 coins with 6 decimals. Every transaction is checked to be below 128 KiB and 16,777,216 gas (EIP-7825).

## Targets

| target | measured |
|---|---|
| verification as a transaction of its own at most 228,000 | ${number(verify)}: met |
| a holder's claim at 1,024 recipients at most 57,000 | ${number(holder)}: ${holder <= 57_000 ? "met" : "not met"} |
| dense settlement below 700 a recipient, tree included, from 1,024 on | not met at 1,024 in any encoding; see below |

${table(
    ["encoding", "a recipient at 1,024", "at 4,096", "each further recipient, 1,024 to 4,096", "first measured size below 700"],
    dense.map(([format, title]) => [
      title,
      number(settlement(1024, format).total / 1024),
      number(settlement(4096, format).total / 4096),
      number(slope(format)),
      under(format),
    ]),
  )}

Every settlement costs about ${number(settlement(8, FORMATS[2][0]).total / 1000)},000 gas whatever its size; at 1,024 recipients these are ${number(settlement(8, FORMATS[2][0]).total / 1024)} each. Nearly all of it is fixed:
${number(verify)} as a transaction is the verification alone (181,000 of it the pairing, 18,450 the three products), 44,200 are the epoch's two new slots, 25,000 less a refund of 4,800 the five slots that change, the rest is reading slots and the
token's balance, and the event. Beyond that, a recipient of a dense list costs its calldata (5 to 10 bytes of 16 gas) and about 400 to 460 of execution; of these the hashes of
leaf and tree are 126 by the price of \`KECCAK256\`, the memory they lie in and one multiplication modulo r the next largest part.

## Settlements

A network's second epoch, which finds its slots written.

${settlements}

A list of 4,096 words is too long for one transaction: it comes in two parts of 3,072 and 1,024 and is settled by a third; the figures are sums.
In the chain's coin a settlement costs ${number(indexed - get("settle 1024, coin, dense, 2-byte indexes, 8-byte amounts").total)} less than in an ERC-20 token, whose balance has to be asked for.

The floor decides for words: below it, they could be computed with for nothing. So a dense list saves even where its execution costs more.

### A network's first epoch

Two more slots are new. Totals:

${table(["encoding", ...SIZES.map(number)], first)}

### Pages

A page of 1,024 accounts costs ${number(adding)} once. Against accounts in the list it pays after ${epochs(indexed)} epochs with 2-byte indexes, after ${epochs(sequential)} when everyone on the pages is paid in their order.

## Claims

In an epoch of 1,024, so with 10 siblings; \`push\` in an epoch of its size. "Has funds": the receiver's balance is not zero, so its slot is only changed. The tests' token is OpenZeppelin's ERC-20;
many tokens cost more. Receivers of \`claimMany\` and \`push\` have funds, and \`push\` is its epoch's first claim. Who pays for others spends a call of its own for each payment, so that one that fails does not stop the others.

${table(["transaction", "execution", "calldata", "floor", "total", "a payout"], claims)}

## The two proof systems

\`MeedVerifier\` checks a Groth16 proof of 256 bytes in the settlement itself. \`MeedHalo2Verifier\` takes a halo2 proof of 4,064 bytes in a transaction of its own and keeps the fact; the settlement asks
for it. The proof is real, of shape S; another shape differs by one squaring for each doubling of rows. A settlement here has 1,024 recipients, all on pages and in order.

${table(["transaction", "execution", "calldata", "floor", "total", ""], halo2)}

${table(["settlement", "execution", "calldata", "total", "a recipient"], systems)}

Both transactions of a halo2 epoch cost ${number(both)} together, ${number(both - groth16.total)} more than a settlement with Groth16. What a check's execution of ${number(get("halo2 check").execution)} is made of:

| part | gas |
| --- | ---: |
| 44 products of a point and a number, 6,000 each | 264,000 |
| 44 sums of points, 150 each | 6,600 |
| the pairing of two pairs | 113,000 |
| the exponentiation that inverts 13 numbers at once | 1,360 |
| 90 calls of precompiles, 100 each | 9,000 |
| 8 hashes of the transcript, 4,386 bytes in all | 1,070 |
| constants and key from their contract, and memory | 6,200 |
| evaluating 51 constraints, 252 constants among them, and the opening's numbers | ${number(get("halo2 check").execution - 264_000 - 6_600 - 113_000 - 1_360 - 9_000 - 1_070 - 6_200)} |

There are 45 points to add up, and one of them is taken once: fewer products are not to be had without another protocol. Prices of precompiles are those before Osaka, which takes 4,064 for
the exponentiation (EIP-7883).

Tried: words folded five in one expression instead of one in a turn of a loop saved 4,600. Parts that the compiler may not inline (an early return in each, which helps the loops of lists) cost
15,000 more. The constants as literals in the code would save the call for their contract, some 3,500, and take 11 KB of code and the table's legibility. Commitments are folded by Horner's rule with eta: no
multiplication for a power, and no point is copied twice.

## Everything else

${table(["transaction", "execution", "calldata", "floor", "total", ""], others)}

MeedSettlement has ${number(sizes.MeedSettlement)} bytes of code, MeedVerifier ${number(sizes.MeedVerifier)}, MeedHalo2Verifier ${number(sizes.MeedHalo2Verifier)}
(and its constants 10,689); EIP-170 allows 24,576.

## What was tried

**Runs of the optimiser**, with the loops as they were before the last of the changes below; execution of a test's call, warm:

${table(
    ["runs", "bytes of MeedSettlement", "settle 1,024 words", "1,024 dense, 2-byte indexes"],
    TRIED.map(([r, ...rest]) => [number(r), ...rest]),
  )}

10,000 runs cost the same as 100,000 and leave a margin. Below, the compiler builds the field's order from smaller constants in every step of the evaluation, and keeps less in place.

**Loops.** A payout of a plain list cost 466 in a settlement's call when this was begun, of a dense one 660; now 348 and 456 (403 in sequence). In the order of their effect:

- Hot loops stand in functions of their own with an early return, which the compiler does not inline. Inlined, their variables did not fit the stack and went
  through memory, or were computed again at each use: 130 a payout of a dense list.
- Four leaves and the three nodes above them in one turn, so that nodes are not written and read again: 48. Two leaves and one node gave half of it.
- Words evaluated in a loop of their own, eight at a time, from the other end. In one loop with the leaves the stack was too full.
- Higher levels two at a time: 15.
- The smaller of two nodes goes first by writing \`a, b, a\` and hashing from a or from b, in place of a jump.
- The check that a word is below 2^253 where words are copied; dense words are below by their making.
- A list whose indexes count up has its own loop: 53 less than one with indexes.

Not done: leaves hashed while a dense list is decoded (about 30 a payout, at the price of a second copy of the tree's code), eight leaves in one turn (about 12).

## Leaves of several payouts

An experiment (\`contracts/test/ChunkTree.sol\`): a leaf holds 4, 8 or 16 payouts, \`keccak256(keccak256(index of the first | words))\`. Who claims shows all words of the leaf and has fewer
siblings to show. At 1,024 recipients:

${table(
    ["payouts in a leaf", "total and tree, a recipient", "saved", "a claim's check as a transaction", "more", "claims at which both are equal"],
    chunk,
  )}

"Claims at which both are equal": if a larger share of recipients than this claim one by one, all together pay more than with a leaf each.

**Recommendation: a leaf each, as it is.** Leaves of 4 would bring a list in sequence below 700 at 1,024 recipients. But they move costs from the operator to those who claim; the
tree would no longer be the one of OpenZeppelin's \`merkle-tree\`, so that wallets and scripts could not make proofs with what they have; and each claimer has to know the payouts next to theirs. For a
network whose payouts are pushed or claimed by relayers it would not pay at all: most of these claim everything.
`;
}
