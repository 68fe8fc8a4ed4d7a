// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {IMeedVerifier} from "./IMeedVerifier.sol";
import {MeedAccounts} from "./MeedAccounts.sol";
import {MeedCircuits} from "./MeedCircuits.sol";
import {MeedClaims} from "./MeedClaims.sol";
import {MeedMoney} from "./MeedMoney.sol";
import {MeedPause} from "./MeedPause.sol";
import {PayoutList} from "./PayoutList.sol";

/// One attribution network's money: fees come in, the operator commits to scores, anyone settles with a
/// proof of Meed's statement, contributors claim.
///
/// The money is in five places, and no step loses or makes any (amounts in base units):
///
/// `pot` (deposited, for no epoch yet) -> `locked` (the committed epoch's fees) -> `accrued` (waits in
/// accounts below the minimum) and released payouts (claimed, swept or still unclaimed).
///
/// A settlement has to satisfy `released + accrued after = locked fees + accrued before`. Since fees are
/// booked when they have arrived, what is owed never exceeds what came in.
contract MeedSettlement is MeedAccounts, MeedCircuits, MeedClaims {
    using PayoutList for PayoutList.Words;
    using PayoutList for uint256[11];
    using SafeCast for uint256;

    /// A root or state is not below the field's order.
    error RootNotCanonical();
    /// The words speak of another statement, epoch or network state: word `index` is not what it should be.
    error WrongWord(uint256 index, uint256 expected, uint256 got);
    /// The header announces another number of payouts than there are.
    error WrongCount(uint256 announced, uint256 got);
    /// The payouts do not add up to the header's total.
    error WrongTotal(uint256 announced, uint256 got);
    /// `released + accrued after` is not `fees + accrued before`, in credits.
    error NotConserved(uint256 outgoing, uint256 incoming);
    /// The contract has less money than it would owe.
    error Underfunded(uint256 needed, uint256 got);
    /// There is a commitment for the epoch; it can be replaced from this time on.
    error AlreadyCommitted(uint256 epoch, uint256 replaceableFrom);
    /// There is no commitment for the epoch.
    error NotCommitted(uint256 epoch);
    /// The commitment has to be in an earlier block.
    error CommittedInThisBlock();
    /// The epoch is not the one after the last settled one.
    error WrongEpoch(uint256 expected, uint256 got);
    /// There is less in the pot than the epoch's fees.
    error PotTooSmall(uint256 needed, uint256 got);
    /// The draft has this many payouts, not as many as the caller thinks.
    error WrongPart(uint256 expected, uint256 got);
    /// Only the last part of a list may end inside a group of 1,024.
    error PartNotWhole(uint256 payouts);
    /// The caller has no draft under this key.
    error NoDraft();
    /// The draft was made at another point than its list gives.
    error WrongChallenge(uint256 expected, uint256 got);
    /// The groups' roots are not the draft's.
    error WrongRoots();
    /// The deposit is empty.
    error NothingArrived();
    /// The settlement's facts are not those of the last one.
    error WrongUndo();
    /// The epoch's claims can no longer be stopped.
    error Matured(uint256 epoch);

    /// Money came in. `memo` is the payer's: the id of the paid event, or any reference.
    event Deposited(address indexed payer, bytes32 indexed memo, uint256 amount);
    event Committed(
        uint256 indexed epoch,
        uint256 policyHash,
        uint256 registryRoot,
        uint256 scoresRoot,
        uint256 fees,
        bool replaced
    );
    /// An epoch was settled. `listHash` is the hash of all words, in groups.
    event Settled(
        uint256 indexed epoch,
        uint256 circuit,
        uint256 h,
        bytes32 listHash,
        bytes32 claimRoot,
        uint256 payouts,
        uint256 released,
        uint256 stateRootAfter,
        uint256 accruedAfter,
        bytes32 undo
    );
    event Retracted(uint256 indexed epoch);
    event PartAdded(address indexed sender, bytes32 indexed salt, uint256 payouts);

    /// What the last settlement started from.
    struct Undo {
        uint256 epoch;
        uint256 stateRoot;
        uint256 accrued;
        uint256 fees;
        uint256 policyHash;
        uint256 registryRoot;
        uint256 scoresRoot;
    }

    /// A settlement that comes in parts. Its key binds sender, salt, h, alpha and header.
    struct Draft {
        /// The chain of hashes so far.
        bytes32 listHash;
        /// The payouts' value at alpha so far, the first payout at power 0.
        uint256 y;
        /// `keccak256(rootsHash | root)` for each group.
        bytes32 rootsHash;
        uint128 total;
        uint64 payouts;
    }

    /// Credits in a base unit.
    uint256 public constant UNIT = 10_000 << 40;
    /// Version of the statement.
    uint256 public constant VERSION = 1;
    /// The state root of a network where nothing waits: `meed_statement::roots::state_root` of no entries.
    uint256 public constant EMPTY_STATE_ROOT =
        6512259489885784574742420432787723286465465149203312235027138877127700790628;
    /// A commitment that nobody settled can be replaced after this time.
    uint256 public constant COMMITMENT_LIFETIME = 7 days;

    /// The last settled epoch.
    uint64 public epoch;
    /// What waits in accounts, base units: `accrued_total / UNIT`, always a whole number.
    uint128 public accrued;
    /// Root of the account state.
    uint256 public stateRoot;
    /// Deposited, for no epoch yet.
    uint128 public pot;
    /// Fees of the committed epoch.
    uint128 public locked;
    /// `keccak256(policyHash | registryRoot | scoresRoot)` of the next epoch; zero without a commitment.
    bytes32 public commitment;
    /// When the commitment was made.
    uint64 public committedBlock;
    uint64 public committedTime;
    /// keccak256 of the last settlement's `Undo`.
    bytes32 private _undo;
    mapping(bytes32 key => Draft) private _drafts;

    /// What the constructor needs besides the circuits.
    struct Setup {
        /// Zero for the chain's own coin.
        IERC20 token;
        address owner;
        address operator;
        address guardian;
        address treasury;
        /// Seconds.
        uint256 claimDelay;
        uint256 sweepDelay;
        uint256 timelock;
    }

    constructor(Setup memory setup, uint256[] memory circuits_, IMeedVerifier[] memory verifiers)
        MeedMoney(setup.token)
        MeedPause(setup.owner, setup.operator, setup.guardian)
        MeedCircuits(setup.timelock, circuits_, verifiers)
        MeedClaims(setup.claimDelay, setup.sweepDelay, setup.treasury)
    {
        stateRoot = EMPTY_STATE_ROOT;
    }

    /// Pays `amount` into the pot, from which the next epochs' fees come.
    function deposit(uint256 amount, bytes32 memo) external payable nonReentrant whenNotPaused {
        uint256 arrived = _take(amount);
        if (arrived == 0) revert NothingArrived();
        pot += arrived.toUint128();
        emit Deposited(msg.sender, memo, arrived);
    }

    /// Fixes what the next epoch is computed from, and takes its fees out of the pot. Once made, only time
    /// makes a commitment replaceable.
    function commit(
        uint256 next,
        uint256 policyHash,
        uint256 registryRoot,
        uint256 scoresRoot,
        uint256 fees
    ) external onlyOperator whenNotPaused {
        if (next != epoch + 1) revert WrongEpoch(epoch + 1, next);
        bool canonical =
            policyHash < PayoutList.R && registryRoot < PayoutList.R && scoresRoot < PayoutList.R;
        if (!canonical) revert RootNotCanonical();
        bool replaced = commitment != 0;
        uint256 from = committedTime + COMMITMENT_LIFETIME;
        if (replaced && block.timestamp < from) revert AlreadyCommitted(next, from);

        uint256 available = uint256(pot) + locked;
        if (fees > available) revert PotTooSmall(fees, available);
        (pot, locked) = ((available - fees).toUint128(), fees.toUint128());
        commitment = keccak256(abi.encode(policyHash, registryRoot, scoresRoot));
        (committedBlock, committedTime) = (uint64(block.number), uint64(block.timestamp));
        emit Committed(next, policyHash, registryRoot, scoresRoot, fees, replaced);
    }

    /// Settles the next epoch.
    /// @param circuit number of the circuit that the proof is for.
    /// @param h hash of the words, as the circuit computes it.
    /// @param words all public words, in their order.
    function settle(uint256 circuit, uint256[8] calldata proof, uint256 h, uint256[] calldata words)
        external
        nonReentrant
        whenNotPaused
    {
        if (words.length < PayoutList.HEADER) revert WrongCount(PayoutList.HEADER, words.length);
        uint256[11] memory header;
        for (uint256 i; i < PayoutList.HEADER; ++i) {
            header[i] = words[i];
        }
        _checkHeader(header);
        _settle(circuit, proof, h, header, PayoutList.fromWords(words[PayoutList.HEADER:]));
    }

    /// Settles the next epoch with a dense list. What this contract knows of the header is left out.
    /// @param roots policy hash, registry root and scores root, as committed.
    /// @param stateRootAfter the new state's root.
    /// @param dense the payouts; see `PayoutList.fromDense`.
    function settleDense(
        uint256 circuit,
        uint256[8] calldata proof,
        uint256 h,
        uint256[3] calldata roots,
        uint256 stateRootAfter,
        uint256 released,
        bytes calldata dense
    ) external nonReentrant whenNotPaused {
        PayoutList.Words memory words = PayoutList.fromDense(dense, pages);
        uint256[11] memory header = [
            VERSION,
            epoch + 1,
            roots[0],
            roots[1],
            roots[2],
            stateRoot,
            stateRootAfter,
            locked,
            released,
            _creditsAfter(released),
            words.count
        ];
        _checkHeader(header);
        _settle(circuit, proof, h, header, words);
    }

    /// Adds payouts to a draft of the caller's. All parts but the last have whole groups of 1,024.
    /// @param salt tells the caller's drafts apart.
    /// @param alpha the point that the whole list will give; checked at the end.
    /// @param headerHash keccak256 of the eleven header words.
    /// @param from how many payouts the draft has; a part that was added before is refused.
    function addPart(
        bytes32 salt,
        uint256 h,
        uint256 alpha,
        bytes32 headerHash,
        uint256 from,
        uint256[] calldata payouts
    ) external whenNotPaused {
        _addPart(salt, h, alpha, headerHash, from, PayoutList.fromWords(payouts));
    }

    /// As `addPart`, with a dense list.
    function addPartDense(
        bytes32 salt,
        uint256 h,
        uint256 alpha,
        bytes32 headerHash,
        uint256 from,
        bytes calldata dense
    ) external whenNotPaused {
        _addPart(salt, h, alpha, headerHash, from, PayoutList.fromDense(dense, pages));
    }

    /// Settles the next epoch with a draft of the caller's.
    /// @param roots of the claim trees of all groups, in order.
    function settleDraft(
        uint256 circuit,
        uint256[8] calldata proof,
        uint256 h,
        uint256 alpha,
        bytes32 salt,
        uint256[11] calldata words,
        bytes32[] calldata roots
    ) external nonReentrant whenNotPaused {
        uint256[11] memory header = words;
        _checkHeader(header);
        bytes32 key = _draftKey(salt, h, alpha, keccak256(abi.encode(header)));
        Draft memory draft = _drafts[key];
        delete _drafts[key];
        // Without a part the header would be in no hash: it could be chosen after alpha.
        if (draft.listHash == 0) revert NoDraft();
        if (draft.payouts != header[10]) revert WrongCount(header[10], draft.payouts);
        uint256 expected = PayoutList.challenge(h, draft.listHash);
        if (alpha != expected) revert WrongChallenge(expected, alpha);
        bytes32 rootsHash;
        for (uint256 i; i < roots.length; ++i) {
            rootsHash = keccak256(abi.encode(rootsHash, roots[i]));
        }
        if (rootsHash != draft.rootsHash) revert WrongRoots();
        PayoutList.Sum memory sum = PayoutList.Sum(draft.y, draft.total, roots);
        _conclude(circuit, proof, h, alpha, header, draft.listHash, sum);
    }

    /// How many payouts a draft of the sender's has.
    function draftPayouts(
        address sender,
        bytes32 salt,
        uint256 h,
        uint256 alpha,
        bytes32 headerHash
    ) external view returns (uint256) {
        return _drafts[keccak256(abi.encode(sender, salt, h, alpha, headerHash))].payouts;
    }

    /// Takes the last settlement back: during a pause, before anything of it could be claimed. Its
    /// commitment stands again, so what is settled in its place has the same scores.
    function retract(Undo calldata undo) external onlyGuardian {
        if (!paused()) revert NotPaused();
        if (keccak256(abi.encode(undo)) != _undo) revert WrongUndo();
        if (_isMatured(undo.epoch)) revert Matured(undo.epoch);
        // What was committed since goes back to the pot.
        pot += locked;
        delete epochs[undo.epoch];
        delete _undo;
        epoch = uint64(undo.epoch - 1);
        (stateRoot, accrued, locked) = (undo.stateRoot, uint128(undo.accrued), uint128(undo.fees));
        commitment = keccak256(abi.encode(undo.policyHash, undo.registryRoot, undo.scoresRoot));
        (committedBlock, committedTime) = (uint64(block.number), uint64(block.timestamp));
        emit Retracted(undo.epoch);
    }

    function _addPart(
        bytes32 salt,
        uint256 h,
        uint256 alpha,
        bytes32 headerHash,
        uint256 from,
        PayoutList.Words memory words
    ) private {
        bytes32 key = _draftKey(salt, h, alpha, headerHash);
        Draft memory draft = _drafts[key];
        if (draft.payouts != from) revert WrongPart(draft.payouts, from);
        if (from % PayoutList.GROUP != 0) revert PartNotWhole(from);
        if (from == 0) draft.listHash = headerHash;
        draft.listHash = PayoutList.chain(draft.listHash, words);
        uint256 count = words.count;
        PayoutList.Sum memory sum = words.sum(from, alpha);
        uint256 power = PayoutList.power(alpha, from);
        draft.y = addmod(draft.y, mulmod(sum.y, power, PayoutList.R), PayoutList.R);
        for (uint256 i; i < sum.roots.length; ++i) {
            draft.rootsHash = keccak256(abi.encode(draft.rootsHash, sum.roots[i]));
        }
        draft.total += sum.total.toUint128();
        draft.payouts += uint64(count);
        _drafts[key] = draft;
        emit PartAdded(msg.sender, salt, draft.payouts);
    }

    function _draftKey(bytes32 salt, uint256 h, uint256 alpha, bytes32 headerHash)
        private
        view
        returns (bytes32)
    {
        return keccak256(abi.encode(msg.sender, salt, h, alpha, headerHash));
    }

    /// Compares the header with what this contract knows.
    function _checkHeader(uint256[11] memory header) private view {
        if (commitment == 0) revert NotCommitted(epoch + 1);
        if (block.number <= committedBlock) revert CommittedInThisBlock();
        _expect(header, 0, VERSION);
        _expect(header, 1, epoch + 1);
        bytes32 committed = keccak256(abi.encode(header[2], header[3], header[4]));
        if (committed != commitment) {
            revert WrongWord(2, uint256(commitment), uint256(committed));
        }
        _expect(header, 5, stateRoot);
        if (header[6] >= PayoutList.R) revert RootNotCanonical();
        _expect(header, 7, locked);
        // Bounds the product below. Payouts below 2^93 each add up to less.
        if (header[8] >> 128 != 0 || header[9] >> 192 != 0) revert RootNotCanonical();
        uint256 outgoing = header[8] * UNIT + header[9];
        uint256 incoming = (uint256(locked) + accrued) * UNIT;
        if (outgoing != incoming) revert NotConserved(outgoing, incoming);
    }

    function _expect(uint256[11] memory header, uint256 index, uint256 expected) private pure {
        if (header[index] != expected) revert WrongWord(index, expected, header[index]);
    }

    /// Credits that wait after a settlement that releases so much.
    function _creditsAfter(uint256 released) private view returns (uint256) {
        uint256 incoming = uint256(locked) + accrued;
        if (released > incoming) revert NotConserved(released, incoming);
        return (incoming - released) * UNIT;
    }

    function _settle(
        uint256 circuit,
        uint256[8] calldata proof,
        uint256 h,
        uint256[11] memory header,
        PayoutList.Words memory words
    ) private {
        if (words.count != header[10]) revert WrongCount(header[10], words.count);
        bytes32 listHash = PayoutList.chain(keccak256(abi.encode(header)), words);
        uint256 alpha = PayoutList.challenge(h, listHash);
        PayoutList.Sum memory sum = words.sum(0, alpha);
        _conclude(circuit, proof, h, alpha, header, listHash, sum);
    }

    /// Verifies, and books the epoch. The header has been checked.
    function _conclude(
        uint256 circuit,
        uint256[8] calldata proof,
        uint256 h,
        uint256 alpha,
        uint256[11] memory header,
        bytes32 listHash,
        PayoutList.Sum memory sum
    ) private {
        if (sum.total != header[8]) {
            revert WrongTotal(header[8], sum.total);
        }
        uint256 y = mulmod(sum.y, PayoutList.power(alpha, PayoutList.HEADER), PayoutList.R);
        y = addmod(y, header.evaluate(alpha), PayoutList.R);
        _verify(circuit, proof, [h, alpha, y]);

        bytes32 root = PayoutList.top(sum.roots);
        _undo = keccak256(
            abi.encode(Undo(header[1], stateRoot, accrued, locked, header[2], header[3], header[4]))
        );
        epoch = uint64(header[1]);
        stateRoot = header[6];
        accrued = (header[9] / UNIT).toUint128();
        locked = 0;
        commitment = 0;
        _open(header[1], root, sum.total, header[10]);

        uint256 needed = uint256(pot) + accrued + sum.total;
        if (_balance() < needed) revert Underfunded(needed, _balance());
        emit Settled(
            header[1],
            circuit,
            h,
            listHash,
            root,
            header[10],
            sum.total,
            header[6],
            header[9],
            _undo
        );
    }
}
