// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {MeedMoney} from "./MeedMoney.sol";
import {MeedPause} from "./MeedPause.sol";
import {PayoutList} from "./PayoutList.sol";

/// What settled epochs owe, and how it gets to its owners. Money only ever goes to a leaf's account,
/// whoever calls; what nobody claimed for a long time goes to the treasury.
abstract contract MeedClaims is MeedMoney, MeedPause {
    using PayoutList for PayoutList.Words;

    /// Nothing was settled under this number, or it paid nobody.
    error EpochUnknown(uint256 epoch);
    /// The epoch may be claimed from this time on; later if there is a pause then.
    error NotMatured(uint256 epoch, uint256 from);
    /// This payout was claimed before.
    error AlreadyClaimed(uint256 epoch, uint256 index);
    /// The claim is not in the epoch's tree.
    error ClaimInvalid(uint256 epoch, uint256 index);
    /// What was not claimed went to the treasury.
    error Swept(uint256 epoch);
    /// The epoch may be swept from this time on.
    error SweepTooSoon(uint256 epoch, uint256 from);
    /// The list is not the epoch's.
    error ListInvalid(uint256 epoch);
    /// The constructor's time for claims is shorter than this.
    error SweepDelayTooShort(uint256 least);
    /// The constructor's treasury is the zero address.
    error NoTreasury();
    /// The constructor's delay of claims is longer than this.
    error DelayTooLong(uint256 most);

    event Claimed(
        uint256 indexed epoch, uint256 indexed index, address indexed account, uint256 amount
    );
    /// A receiver refused its payment; it can still be claimed.
    event PaymentRefused(uint256 indexed epoch, uint256 indexed index, address indexed account);
    event EpochSwept(uint256 indexed epoch, uint256 amount);

    struct Epoch {
        /// Of the claim tree; zero when nobody is paid.
        bytes32 root;
        /// Sum of the payouts, base units.
        uint128 released;
        uint64 claimableFrom;
        uint32 payouts;
        bool swept;
    }

    /// One claim of `claimMany`.
    struct Claim {
        uint256 epoch;
        uint256 index;
        address account;
        uint256 amount;
        /// Siblings, leaf first.
        bytes32[] proof;
    }

    /// A slot, so that it can be pointed to.
    struct Flags {
        uint256 word;
    }

    /// The shortest time in which money can be claimed.
    uint256 private constant LEAST_SWEEP_DELAY = 365 days;
    /// The longest delay between settlement and claims.
    uint256 private constant MOST_DELAY = 30 days;
    /// Payouts that share a slot of flags.
    uint256 private constant FLAGS = 128;

    /// Seconds from a settlement until its payouts can be claimed.
    uint256 public immutable claimDelay;
    /// Seconds from then until what is left can be swept.
    uint256 public immutable sweepDelay;
    /// Where swept money goes.
    address public immutable treasury;

    /// Settled epochs.
    mapping(uint256 epoch => Epoch) public epochs;
    /// By `epoch << 64 | index / 128`: in the low half a flag for each payout that was claimed, in the high
    /// half the sum of their amounts (128 amounts below 2^93 stay below 2^100). So what is unclaimed needs no
    /// slot of its own.
    mapping(uint256 key => Flags) private _claimed;

    constructor(uint256 claimDelay_, uint256 sweepDelay_, address treasury_) {
        if (claimDelay_ > MOST_DELAY) revert DelayTooLong(MOST_DELAY);
        if (sweepDelay_ < LEAST_SWEEP_DELAY) revert SweepDelayTooShort(LEAST_SWEEP_DELAY);
        if (treasury_ == address(0)) revert NoTreasury();
        claimDelay = claimDelay_;
        sweepDelay = sweepDelay_;
        treasury = treasury_;
    }

    /// Pays one payout to its account.
    /// @param proof siblings, leaf first.
    function claim(
        uint256 epoch,
        uint256 index,
        address account,
        uint256 amount,
        bytes32[] calldata proof
    ) external nonReentrant {
        _mature(epoch);
        _check(epoch, index, account, amount, proof);
        if (!_mark(epoch, index, amount)) revert AlreadyClaimed(epoch, index);
        _pay(account, amount);
        emit Claimed(epoch, index, account, amount);
    }

    /// Pays many payouts, each to its account. Skips those that were claimed before and those whose
    /// receiver refuses; a claim that is not in its tree stops all.
    function claimMany(Claim[] calldata claims) external nonReentrant {
        for (uint256 i; i < claims.length; ++i) {
            Claim calldata c = claims[i];
            _mature(c.epoch);
            _check(c.epoch, c.index, c.account, c.amount, c.proof);
            _push(c.epoch, c.index, c.account, c.amount);
        }
    }

    /// Pays a whole epoch of at most 1,024 payouts, given its list; meant for small ones. Skips those that
    /// were claimed before and those whose receiver refuses.
    /// @param payouts the words after the header, as they were settled.
    function push(uint256 epoch, uint256[] calldata payouts) external nonReentrant {
        _mature(epoch);
        bytes32 root = epochs[epoch].root;
        if (payouts.length == 0 || payouts.length > PayoutList.GROUP) revert ListInvalid(epoch);
        (, bytes32[] memory roots) = PayoutList.fromWords(payouts).roots(0);
        if (roots[0] != root) revert ListInvalid(epoch);
        for (uint256 i; i < payouts.length; ++i) {
            (address account, uint256 amount) = PayoutList.unpack(payouts[i]);
            _push(epoch, i, account, amount);
        }
    }

    /// Sends what nobody claimed of an epoch to the treasury, long after it could be claimed.
    function sweep(uint256 epoch) external nonReentrant {
        Epoch storage e = epochs[epoch];
        _mature(epoch);
        uint256 from = e.claimableFrom + sweepDelay;
        if (block.timestamp < from) revert SweepTooSoon(epoch, from);
        uint256 amount = unclaimed(epoch);
        e.swept = true;
        e.root = bytes32(0);
        if (amount != 0) _pay(treasury, amount);
        emit EpochSwept(epoch, amount);
    }

    /// Whether a payout was claimed.
    function isClaimed(uint256 epoch, uint256 index) external view returns (bool) {
        return _claimed[_key(epoch, index)].word >> (index % FLAGS) & 1 != 0;
    }

    /// What can still be claimed of an epoch, base units. Reads a slot for every 128 payouts.
    function unclaimed(uint256 epoch) public view returns (uint256 left) {
        Epoch storage e = epochs[epoch];
        if (e.swept) return 0;
        left = e.released;
        uint256 payouts = e.payouts;
        for (uint256 index; index < payouts; index += FLAGS) {
            left -= _claimed[_key(epoch, index)].word >> FLAGS;
        }
    }

    /// The leaf of a payout in the claim tree, as OpenZeppelin's `merkle-tree` hashes
    /// `["uint256", "address", "uint256"]`.
    function leaf(uint256 index, address account, uint256 amount) public pure returns (bytes32) {
        return keccak256(bytes.concat(keccak256(abi.encode(index, account, amount))));
    }

    /// Books a settled epoch.
    function _open(uint256 epoch, bytes32 root, uint256 released, uint256 payouts) internal {
        epochs[epoch] = Epoch(
            root, uint128(released), uint64(block.timestamp + claimDelay), uint32(payouts), false
        );
    }

    /// Whether an epoch's claims can no longer be stopped.
    ///
    /// Its time has come, and it did not come during a pause that still lasts. A pause that began later
    /// changes nothing, and one that began earlier ends.
    function _isMatured(uint256 epoch) internal view returns (bool) {
        if (epoch <= _brake.matured) return true;
        uint256 from = epochs[epoch].claimableFrom;
        if (from == 0 || block.timestamp < from) return false;
        return !paused() || from <= _brake.pausedAt;
    }

    /// Reverts unless the epoch has matured. The first call for it makes later ones cheaper.
    function _mature(uint256 epoch) private {
        if (epoch <= _brake.matured) return;
        uint256 from = epochs[epoch].claimableFrom;
        if (from == 0) revert EpochUnknown(epoch);
        if (!_isMatured(epoch)) revert NotMatured(epoch, from);
        // Epochs mature in their order: each was settled after the one before it, and the delay is fixed.
        _brake.matured = uint64(epoch);
    }

    function _check(
        uint256 epoch,
        uint256 index,
        address account,
        uint256 amount,
        bytes32[] calldata proof
    ) private view {
        bytes32 root = epochs[epoch].root;
        if (PayoutList.climb(index, account, amount, proof) != root) {
            if (epochs[epoch].swept) revert Swept(epoch);
            revert ClaimInvalid(epoch, index);
        }
    }

    /// Flags a payout as claimed. Returns false if it is already.
    function _mark(uint256 epoch, uint256 index, uint256 amount) private returns (bool) {
        Flags storage flags = _claimed[_key(epoch, index)];
        uint256 flag = 1 << (index % FLAGS);
        uint256 slot = flags.word;
        if (slot & flag != 0) return false;
        unchecked {
            // The payout is in the tree, so its amount is below 2^93.
            flags.word = (slot | flag) + (amount << FLAGS);
        }
        return true;
    }

    /// Pays unless it was claimed before or the receiver refuses.
    function _push(uint256 epoch, uint256 index, address account, uint256 amount) private {
        if (!_mark(epoch, index, amount)) return;
        if (_tryPay(account, amount)) {
            emit Claimed(epoch, index, account, amount);
        } else {
            _claimed[_key(epoch, index)].word -= (amount << FLAGS) | 1 << (index % FLAGS);
            emit PaymentRefused(epoch, index, account);
        }
    }

    function _key(uint256 epoch, uint256 index) private pure returns (uint256) {
        return epoch << 64 | index / FLAGS;
    }
}
