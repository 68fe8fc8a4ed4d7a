// The twins of `tools/mutants.mjs`: what each lacks, and the attacks that have to succeed there.
//
// Checks that no attack tells apart, because others stand behind them:
// - deleting a settled draft: its header names an epoch that is over;
// - bounds of the header's sums: checked arithmetic and the conversion to uint128 revert;
// - the return value of transferFrom: what arrived is measured;
// - that an index of a dense list is in its table: the words would be proved, or not;
// - that a halo2 proof's last point is not the identity: a prover has to hit a hash for that; and that something has
//   no inverse: a challenge is where it must not be with probability 2^-250;
// - that a precompile refused a point of a halo2 proof: what is computed then is not what the pairing wants.

/// Attacks that no single check stands against, so that no twin is there for them.
export const WITHOUT_TWIN = {
  test_attack_truncated_list: "the count, the total and the proof are each enough",
  test_attack_abandoned_draft: "its header names an epoch that is over, and a state that is",
  test_attack_draft_with_another_h: "the key has h, and the point of the list, too",
  test_attack_commitment_to_money_that_is_not_there: "the subtraction is checked as well",
};

const of = (file) => (name, find, replace, ...tests) => ({
  name,
  edits: [{ file, find, replace }],
  tests: tests.map((test) => `test_attack_${test}`),
});
/// A twin that lacks what both lack.
const both = (a, b) => ({ ...a, edits: [...a.edits, ...b.edits] });
/// A twin that computes another alpha: proofs that were recorded for the real one prove nothing there. The forged
/// ones of `test_honest` are made for whatever alpha it computes.
const otherAlpha = (mutant) => ({ ...mutant, otherAlpha: true });
const verifier = of("MeedVerifier.sol");
const halo2 = of("MeedHalo2Verifier.sol");
const halo2Check = of("Halo2Check.sol");
const halo2Opening = of("Halo2Opening.sol");
const list = of("PayoutList.sol");
const settlement = of("MeedSettlement.sol");
const claims = of("MeedClaims.sol");
const money = of("MeedMoney.sol");
const pause = of("MeedPause.sol");
const circuits = of("MeedCircuits.sol");

const canonical = "if (h >= R || alpha >= R || y >= R)";
// The end of claim's head.
const claimHead = "uint256 amount,\n        bytes32[] calldata proof\n    ) external";

export const MUTANTS = [
  verifier("verifier-h-not-reduced", canonical, "if (alpha >= R || y >= R)", "h_plus_r"),
  verifier("verifier-alpha-not-reduced", canonical, "if (h >= R || y >= R)", "alpha_plus_r"),
  verifier("verifier-y-not-reduced", canonical, "if (h >= R || alpha >= R)", "y_plus_r"),
  verifier(
    "verifier-pairing-ignored",
    "ok := and(ok, eq(mload(0x00), 1))",
    "",
    "swapped_payees",
    "changed_amount",
  ),
  verifier("verifier-gamma-delta", "if (alpha || beta || delta || same)", "if (alpha || beta || delta)", "degenerate_key"),

  halo2Check("halo2-h-not-reduced", "inputs[0] >= R || ", "", "halo2_h_plus_r"),
  halo2Check("halo2-alpha-not-reduced", "inputs[1] >= R || ", "", "halo2_alpha_plus_r"),
  halo2Check("halo2-y-not-reduced", " || inputs[2] >= R", "", "halo2_y_plus_r"),
  halo2Check("halo2-length-not-checked", "if (proof.length != PROOF_BYTES) revert ProofLength(PROOF_BYTES, proof.length);", "", "halo2_trailing_bytes"),
  ...["EVALS", "e", "add(e, 0x20)", "add(e, 0x40)"].map((word, i) =>
    halo2Check(`halo2-scalar-${i}-not-reduced`, `ok := and(ok, lt(mload(${word}), R))`, "", "halo2_scalar_plus_r"),
  ),
  halo2Check(
    "halo2-identity-even",
    "or(iszero(mload(y)), iszero(mload(add(y, 0x40))))",
    "iszero(mload(add(y, 0x40)))",
    "halo2_identity_even",
  ),
  halo2Check(
    "halo2-identity-odd",
    "or(iszero(mload(y)), iszero(mload(add(y, 0x40))))",
    "iszero(mload(y))",
    "halo2_identity_odd",
  ),
  halo2Check(
    "halo2-identity-h1",
    "let bad := or(iszero(mload(add(H1, 0x20))), iszero(mload(add(H2, 0x20))))",
    "let bad := iszero(mload(add(H2, 0x20)))",
    "halo2_identity_h1",
  ),
  halo2Opening("halo2-pairing-ignored", "ok := and(ok, eq(mload(0x00), 1))", "", "halo2_garbage"),
  halo2("halo2-proof-not-looked-at", "        _checkProof(_image(), proof, inputs);\n        proved", "        proved", "halo2_garbage"),
  halo2("halo2-other-constants", "if (found.codehash != imageHash) revert ImageNotCreated();", "", "halo2_other_constants"),
  halo2("halo2-facts-not-asked-for", "if (!proved[factOf(inputs)]) revert NotProved();", "", "halo2_settlement_without_a_proof", "halo2_fact_of_another_list"),
  halo2("halo2-fact-without-y", "fact := keccak256(free, 0x60)", "fact := keccak256(free, 0x40)", "halo2_fact_of_another_value"),
  halo2("halo2-words-not-zero", "if (proof[i] != 0) revert ProofWordNotZero(i);", "", "halo2_other_words"),
  halo2("halo2-insecure-not-told", "insecure = key[TAU_WORD]", "insecure = 0", "halo2_key_that_anyone_can_forge_under"),
  halo2("halo2-tau-of-one", "if (pair[2] == G2_X1 && pair[3] == G2_X0) revert KeyDegenerate();", "", "halo2_tau_of_one"),
  halo2("halo2-tau-of-zero", "if (identity || !ok)", "if (!ok)", "halo2_tau_of_zero"),
  halo2("halo2-tau-not-checked", "if (identity || !ok)", "if (identity)", "halo2_tau_outside_the_subgroup"),
  halo2("halo2-points-not-checked", "if (x >= P || y >= P || !on)", "if (x >= P || y >= P)", "halo2_key_point_off_the_curve"),
  halo2("halo2-key-x-not-reduced", "if (x >= P || y >= P || !on)", "if (y >= P || !on)", "halo2_key_point_twice"),
  halo2("halo2-key-y-not-reduced", "if (x >= P || y >= P || !on)", "if (x >= P || !on)", "halo2_key_point_twice"),
  halo2("halo2-key-name-not-reduced", "if (key[2] >= R) revert KeyNotCanonical();", "", "halo2_key_name_plus_r"),
  halo2("halo2-version-not-checked", "if (key[0] != KEY_VERSION) revert KeyVersion(KEY_VERSION, key[0]);", "", "halo2_key_of_another_version"),
  halo2("halo2-least-size", "if (key[1] < LEAST_SIZE || key[1] > MOST_SIZE)", "if (key[1] > MOST_SIZE)", "halo2_key_without_rows"),
  halo2("halo2-most-size", "if (key[1] < LEAST_SIZE || key[1] > MOST_SIZE)", "if (key[1] < LEAST_SIZE)", "halo2_key_without_rows"),

  list("words-above-253-bits", "if (high >> 253 != 0) revert WordOutOfRange();", "", "word_plus_r"),
  ...[
    list(
      "alpha-without-the-list",
      "address(this), h, listHash)",
      "address(this), h, bytes32(0))",
      "list_that_fits_a_known_point",
      "first_group_that_fits_a_known_point",
    ),
    list(
      "chain-forgets",
      "mstore(before, hash)",
      "mstore(before, 0)",
      "first_group_that_fits_a_known_point",
    ),
    list("alpha-without-the-contract", "block.chainid, address(this)", "block.chainid, address(0)", "replay_on_another_contract"),
    list("alpha-without-the-chain", "(ALPHA_TAG, block.chainid", "(ALPHA_TAG, uint256(0)", "replay_on_another_chain"),
  ].map(otherAlpha),

  settlement("count-not-checked", "if (words.count != header[10]) revert WrongCount(header[10], words.count);", "", "padded_list"),
  settlement("epoch-not-checked", "_expect(header, 1, epoch + 1);", "", "replay_in_another_epoch"),
  settlement("version-not-checked", "_expect(header, 0, VERSION);", "", "another_version"),
  settlement("state-not-checked", "_expect(header, 5, stateRoot);", "", "stale_state"),
  settlement("state-not-canonical", "if (header[6] >= PayoutList.R) revert RootNotCanonical();", "", "state_plus_r"),
  settlement("fees-not-checked", "_expect(header, 7, locked);", "", "other_fees"),
  settlement("scores-not-checked", "if (committed != commitment) {", "if (false) {", "scores_changed_after_the_commitment"),
  settlement(
    "commitment-stays",
    "        commitment = 0;\n        _open",
    // Replaceable at once, so that the next epoch can be committed to.
    "        committedTime = 0;\n        _open",
    "settling_without_a_new_commitment",
    "rerandomised_proof",
  ),
  settlement(
    "settled-in-the-commitments-block",
    "if (block.number <= committedBlock) revert CommittedInThisBlock();",
    "",
    "settling_in_the_commitments_block",
    "retract_and_settle_in_one_block",
  ),
  settlement(
    "commitment-replaced-early",
    "if (replaced && block.timestamp < from) revert AlreadyCommitted(next, from);",
    "",
    "commitment_replaced_when_the_scores_displease",
    "new_scores_after_a_retraction",
  ),
  settlement("conservation-not-checked", "if (outgoing != incoming) revert NotConserved(outgoing, incoming);", "", "forged_release_of_others_money"),
  settlement("total-not-checked", "if (sum.total != header[8]) {\n            revert WrongTotal(header[8], sum.total);\n        }", "", "forged_payouts_above_the_release"),
  settlement("funds-not-checked", "if (_balance() < needed) revert Underfunded(needed, _balance());", "", "settlement_that_is_not_funded"),
  settlement(
    "strangers-do-not-settle",
    "uint256[] calldata words)\n        external\n        nonReentrant\n        whenNotPaused\n    {",
    "uint256[] calldata words)\n        external\n        nonReentrant\n        whenNotPaused\n    {\n        if (msg.sender == address(0xA5)) revert OnlyOperator();",
    "front_run_settlement",
  ),

  settlement(
    "drafts-shared",
    "keccak256(abi.encode(msg.sender, salt, h, alpha, headerHash))",
    "keccak256(abi.encode(salt, h, alpha, headerHash))",
    "parts_of_two_senders",
    "anothers_draft",
  ),
  settlement(
    "draft-without-header",
    "keccak256(abi.encode(msg.sender, salt, h, alpha, headerHash))",
    "keccak256(abi.encode(msg.sender, salt, h, alpha, headerHash >> 256))",
    "header_chosen_after_alpha",
  ),
  settlement(
    "draft-without-alpha",
    "keccak256(abi.encode(msg.sender, salt, h, alpha, headerHash))",
    "keccak256(abi.encode(msg.sender, salt, h, headerHash))",
    "parts_summed_at_another_point",
  ),
  settlement("draft-without-a-part", "if (draft.listHash == 0) revert NoDraft();", "", "header_chosen_after_alpha_without_a_part"),
  settlement("draft-count-not-checked", "if (draft.payouts != header[10]) revert WrongCount(header[10], draft.payouts);", "", "padded_draft"),
  settlement(
    "draft-alpha-not-checked",
    "if (alpha != expected) revert WrongChallenge(expected, alpha);",
    "",
    "draft_at_zero",
    "parts_reordered",
  ),
  settlement("draft-roots-not-checked", "if (rootsHash != draft.rootsHash) revert WrongRoots();", "", "foreign_roots"),
  settlement(
    "draft-part-not-checked",
    "if (draft.payouts != from) revert WrongPart(draft.payouts, from);",
    "",
    "part_replayed",
    "part_at_another_index",
  ),
  settlement("draft-part-not-whole", "if (from % PayoutList.GROUP != 0) revert PartNotWhole(from);", "", "short_part_then_more"),

  settlement("retract-matured", "if (_isMatured(undo.epoch)) revert Matured(undo.epoch);", "", "retract_what_matured"),
  settlement("retract-unpaused", "if (!paused()) revert NotPaused();", "", "retract_without_a_pause"),
  settlement("retract-anything", "if (keccak256(abi.encode(undo)) != _undo) revert WrongUndo();", "", "retract_to_another_state"),
  settlement("retract-twice", "        delete _undo;\n", "", "retract_twice"),
  settlement("retract-loses-fees", "        pot += locked;\n", "", "retract_loses_fees"),
  settlement("retract-leaves-claims", "        delete epochs[undo.epoch];\n", "", "claim_of_a_retracted_epoch"),
  settlement(
    "retract-leaves-the-clock",
    "commitment = keccak256(abi.encode(undo.policyHash, undo.registryRoot, undo.scoresRoot));\n        (committedBlock, committedTime) = (uint64(block.number), uint64(block.timestamp));",
    "commitment = keccak256(abi.encode(undo.policyHash, undo.registryRoot, undo.scoresRoot));\n        (committedBlock, committedTime) = (0, 0);",
    "new_scores_after_a_retraction",
    "retract_and_settle_in_one_block",
  ),

  claims(
    "claims-not-flagged",
    "if (slot & flag != 0) return false;",
    "",
    "claim_twice",
    "claim_many_times_at_once",
    "push_twice",
  ),
  claims("claim-twice", "if (!_mark(epoch, index, amount)) revert AlreadyClaimed(epoch, index);", "_mark(epoch, index, amount);", "claim_twice"),
  claims(
    "push-twice",
    "if (!_mark(epoch, index, amount)) return;",
    "_mark(epoch, index, amount);",
    "claim_many_times_at_once",
    "push_twice",
  ),
  claims(
    "claims-not-proved",
    "if (PayoutList.climb(index, account, amount, proof) != root) {",
    "if (false) {",
    "claim_with_another_index",
    "claim_of_more",
    "claim_of_anothers",
    "internal_node_as_leaf",
  ),
  claims("claim-pays-the-caller", "        _pay(account, amount);\n", "        _pay(msg.sender, amount);\n", "front_run_claim"),
  claims("claims-immature", "if (!_isMatured(epoch)) revert NotMatured(epoch, from);", "", "claim_before_its_time", "claim_of_a_held_epoch"),
  claims("claims-not-held", "return !paused() || from <= _brake.pausedAt;", "return true;", "claim_of_a_held_epoch"),
  claims("claims-held-for-ever", "return !paused() || from <= _brake.pausedAt;", "return !paused();", "guardian_holds_what_matured"),
  claims("sweep-takes-all", "uint256 amount = unclaimed(epoch);", "uint256 amount = e.released;", "sweep_of_claimed_money"),
  claims("sweep-early", "if (block.timestamp < from) revert SweepTooSoon(epoch, from);", "", "sweep_early"),
  claims("sweep-twice", "        e.swept = true;\n", "", "sweep_twice"),
  claims("claims-after-the-sweep", "        e.root = bytes32(0);\n", "", "claim_after_the_sweep"),
  claims(
    "refused-payments-lost",
    "            _claimed[_key(epoch, index)].word -= (amount << FLAGS) | 1 << (index % FLAGS);\n",
    "",
    "receiver_that_refuses",
    "token_that_blocks_an_account",
  ),
  claims(
    "claim-reentered",
    `${claimHead} nonReentrant {`,
    `${claimHead} {`,
    "reenter_claim",
    "reenter_claim_with_a_token",
    "reenter_from_push",
  ),
  claims(
    "claim-many-reentered",
    "claimMany(Claim[] calldata claims) external nonReentrant {",
    "claimMany(Claim[] calldata claims) external {",
    "reenter_claim_many",
  ),
  claims(
    "push-reentered",
    "push(uint256 epoch, uint256[] calldata payouts) external nonReentrant {",
    "push(uint256 epoch, uint256[] calldata payouts) external {",
    "reenter_push",
  ),
  claims("sweep-reentered", "sweep(uint256 epoch) external nonReentrant {", "sweep(uint256 epoch) external {", "reenter_sweep", "reenter_from_the_treasury"),
  both(
    claims(
      "claim-marked-after-paying",
      "if (!_mark(epoch, index, amount)) revert AlreadyClaimed(epoch, index);\n        _pay(account, amount);\n",
      "if (_claimed[_key(epoch, index)].word >> (index % FLAGS) & 1 != 0) revert AlreadyClaimed(epoch, index);\n        _pay(account, amount);\n        _mark(epoch, index, amount);\n",
      "reenter_claim_for_the_same",
    ),
    claims("", `${claimHead} nonReentrant {`, `${claimHead} {`),
  ),

  money("value-not-checked", "if (msg.value != amount) revert WrongValue(amount, msg.value);", "", "deposit_without_money"),
  money("coin-in-a-token-network", "if (msg.value != 0) revert WrongValue(0, msg.value);", "", "coin_lost_in_a_token_network"),
  money("arrival-not-measured", "return token.balanceOf(address(this)) - before;", "return amount;", "token_that_takes_a_fee"),
  money(
    "transfers-not-checked",
    "token.safeTransfer(account, amount);",
    "address(token).call(abi.encodeCall(token.transfer, (account, amount)));",
    "token_that_returns_false",
  ),
  money(
    "transfers-must-return",
    "token.safeTransfer(account, amount);",
    "if (!token.transfer(account, amount)) revert TransferFailed(account);",
    "token_that_returns_nothing",
  ),
  money("receivers-get-all-gas", "this.payOne{gas: PAYMENT_GAS}(account, amount)", "this.payOne(account, amount)", "receiver_that_burns_gas"),
  money(
    "return-data-copied",
    'assembly ("memory-safe") {\n            // What the receiver returns is not copied.\n            ok := call(gas(), account, amount, 0, 0, 0, 0)\n        }',
    "bytes memory answer;\n        (ok, answer) = account.call{value: amount}(\"\");",
    "receiver_that_returns_a_bomb",
    "receiver_that_returns_a_bomb_to_many",
  ),
  money(
    "receivers-starved",
    "if (gasleft() < PAYMENT_GAS + PAYMENT_GAS / 32 + 10_000) revert TooLittleGas();",
    "",
    "relayer_that_starves_a_receiver",
  ),
  money("anyone-pays-one", "if (msg.sender != address(this)) revert OnlySelf();", "", "pay_one"),
  settlement(
    "deposit-reentered",
    "external payable nonReentrant whenNotPaused",
    "external payable whenNotPaused",
    "reenter_deposit",
  ),

  pause("pauses-in-a-row", "if (block.timestamp < from) revert PauseTooSoon(from);", "", "guardian_pauses_for_ever"),

  circuits("circuit-swapped", "if (address(circuits[circuit].verifier) != address(0)) revert CircuitTaken(circuit);", "", "circuit_swapped"),
  circuits("circuit-retired", " && !found.retired", "", "retired_circuit"),
  circuits("circuit-without-notice", "&& block.timestamp >= found.activeFrom;", ";", "circuit_without_notice"),
  circuits(
    "insecure-key",
    "|| (verifier.insecure() && block.chainid != DEVELOPMENT_CHAIN);",
    ";",
    "key_that_anyone_can_forge_under",
  ),
];
