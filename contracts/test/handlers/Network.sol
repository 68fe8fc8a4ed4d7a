// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {MeedClaims} from "../../src/MeedClaims.sol";
import {MeedSettlement} from "../../src/MeedSettlement.sol";
import {Dense} from "../Dense.sol";
import {Naive} from "../Naive.sol";
import {vm} from "../Vm.sol";
import {Books} from "./Books.sol";

/// Everything that anyone does with a network, at random. Each action says beforehand whether it should
/// succeed, from the books alone, and fails if it is otherwise.
contract Network is Books {
    /// A list that two senders bring in parts.
    struct Drafted {
        Job job;
        uint256 tracked;
        uint256 alpha;
        bool open;
    }

    address[2] private _senders = [address(0xB0), address(0xB1)];
    Drafted private _draft;

    constructor(bool coin) {
        setUp();
        if (coin) net = deploy(IERC20(address(0)));
        open(coin);
    }

    function network() external view returns (MeedSettlement) {
        return net;
    }

    // Money and time.

    function deposit(uint256 seed) external {
        uint256 amount = seed % 8 == 0 ? 0 : seed % 1e24;
        if (inCoin()) {
            vm.deal(PAYER, amount);
        } else {
            token.mint(PAYER, amount);
            vm.prank(PAYER);
            token.approve(address(net), amount);
        }
        bytes memory data = abi.encodeCall(net.deposit, (amount, bytes32(seed)));
        bool good = !held() && amount != 0;
        if (act("deposit", PAYER, inCoin() ? amount : 0, data, good)) deposited += amount;
    }

    function wait(uint256 seed) external {
        // Mostly hours and days; sometimes so long that epochs can be swept.
        pass(seed % 32 == 0 ? 366 days : seed % 2 days);
        nextBlock();
        ++_counts[keccak256("wait")].done;
    }

    // Epochs.

    function commitNext(uint256 seed) public {
        uint256 available = uint256(net.pot()) + net.locked();
        // One in eight asks for more than there is.
        uint256 fees = seed % 8 == 0 ? available + 1 + seed % 5 : seed % (available + 1);
        uint256 next = _records.length + 1;
        bool good =
            !held() && fees <= available && (!_committed || now_() >= _committedTime + 7 days);
        bytes memory data = abi.encodeCall(
            net.commit, (next, policyOf(next), registryOf(next), scoresOf(next), fees)
        );
        if (!act("commit", OPERATOR, data, good)) return;
        (_committed, _committedTime, _draft.open) = (true, now_(), false);
        nextBlock();
    }

    function settle(uint256 seed) public {
        if (!_committed) commitNext(seed >> 3);
        if (!_committed) return;
        uint256[] memory payouts = draw(seed, uint256(net.locked()) + net.accrued());
        Job memory j = job(payouts);
        MeedSettlement.Undo memory before = undo();
        bytes memory data = seed % 2 == 0
            ? abi.encodeCall(net.settle, (CIRCUIT, j.proof, j.h, words(j)))
            : denseCall(j);
        if (act("settle", STRANGER, data, !held())) book(payouts, 0, before);
    }

    /// Both senders bring the first part of the same list.
    function draft(uint256 seed) public {
        if (!_committed) commitNext(seed >> 3);
        if (!_committed || held()) return;
        uint256 available = uint256(net.locked()) + net.accrued();
        // Long lists are rare: they cost much time.
        bool long = seed % 5 == 0 && available > 2000;
        uint256[] memory payouts = draw(seed, long ? available - 2000 : available);
        if (payouts.length == 0) return;
        Job memory j = job(filled(payouts, long ? 1024 : 0));
        (_draft.job, _draft.tracked, _draft.alpha, _draft.open) =
        (j, payouts.length, challenge(j), true);
        for (uint256 i; i < 2; ++i) {
            bool again =
                net.draftPayouts(_senders[i], salt(), j.h, _draft.alpha, headerHash(j)) != 0;
            act("draft", _senders[i], part(j, 0), !again);
        }
    }

    /// One of them brings the rest and settles; the other one's draft stays behind.
    function settleDraft(uint256 seed) external {
        if (!_draft.open) draft(seed >> 1);
        if (!_draft.open) return;
        Job memory j = _draft.job;
        address sender = _senders[seed % 2];
        uint256 n = j.payouts.length;
        uint256 has = net.draftPayouts(sender, salt(), j.h, _draft.alpha, headerHash(j));
        if (n > 1024 && has == 1024) act("part", sender, part(j, 1024), !held());
        has = net.draftPayouts(sender, salt(), j.h, _draft.alpha, headerHash(j));
        bytes memory data = abi.encodeCall(
            net.settleDraft,
            (CIRCUIT, j.proof, j.h, _draft.alpha, salt(), j.header, Naive.groupRoots(j.payouts))
        );
        MeedSettlement.Undo memory before = undo();
        if (!act("settle a draft", sender, data, !held() && has == n)) return;
        uint256[] memory payouts = new uint256[](_draft.tracked);
        for (uint256 i; i < payouts.length; ++i) {
            payouts[i] = j.payouts[i];
        }
        book(payouts, n - payouts.length, before);
    }

    // Claims.

    function claim(uint256 seed) external {
        (uint256 e, bool any) = someEpoch(seed);
        if (!any || _records[e - 1].payouts.length == 0) return;
        Record storage r = _records[e - 1];
        uint256 index = (seed >> 8) % r.payouts.length;
        (address account, uint256 amount) = unpack(r.payouts[index]);
        bool good = matured(e) && !r.swept && !_claimed[e][index] && !_refuses[account];
        bytes32[] memory proof = Naive.claimProof(listOf(e), index);
        bytes memory data = abi.encodeCall(net.claim, (e, index, account, amount, proof));
        if (act("claim", STRANGER, data, good)) _claimed[e][index] = true;
    }

    /// Several at once, some of them twice.
    function claimMany(uint256 seed) external {
        (uint256 e, bool any) = someEpoch(seed);
        if (!any || _records[e - 1].payouts.length == 0) return;
        Record storage r = _records[e - 1];
        uint256[] memory l = listOf(e);
        MeedClaims.Claim[] memory claims = new MeedClaims.Claim[](1 + (seed >> 8) % 4);
        for (uint256 k; k < claims.length; ++k) {
            uint256 index = (seed >> (16 + 8 * k)) % r.payouts.length;
            (address account, uint256 amount) = unpack(l[index]);
            claims[k] = MeedClaims.Claim(e, index, account, amount, Naive.claimProof(l, index));
        }
        bytes memory data = abi.encodeCall(net.claimMany, (claims));
        if (!act("claimMany", STRANGER, data, matured(e) && !r.swept)) return;
        for (uint256 k; k < claims.length; ++k) {
            if (!_refuses[claims[k].account]) _claimed[e][claims[k].index] = true;
        }
    }

    function push(uint256 seed) external {
        (uint256 e, bool any) = someEpoch(seed);
        if (!any) return;
        Record storage r = _records[e - 1];
        bool good = matured(e) && !r.swept && r.payouts.length != 0 && r.filling == 0;
        if (!act("push", STRANGER, abi.encodeCall(net.push, (e, listOf(e))), good)) return;
        for (uint256 i; i < r.payouts.length; ++i) {
            (address account,) = unpack(r.payouts[i]);
            if (!_refuses[account]) _claimed[e][i] = true;
        }
    }

    function sweep(uint256 seed) external {
        (uint256 e, bool any) = someEpoch(seed);
        if (!any) return;
        bool good = matured(e) && now_() >= _records[e - 1].from + SWEEP_DELAY;
        uint256 rest = left(e);
        if (!act("sweep", STRANGER, abi.encodeCall(net.sweep, (e)), good)) return;
        swept += rest;
        _records[e - 1].swept = true;
    }

    // The guardian.

    function pause() public {
        bool good = !held() && (_pausedAt == 0 || now_() >= _pausedUntil + 14 days);
        if (!act("pause", GUARDIAN, abi.encodeCall(net.pause, ()), good)) return;
        (_pausedAt, _pausedUntil) = (now_(), now_() + 14 days);
    }

    function unpause() external {
        if (act("unpause", GUARDIAN, abi.encodeCall(net.unpause, ()), held())) {
            _pausedUntil = now_();
        }
    }

    /// Mostly of a new epoch, and in a pause that is made for it.
    function retract(uint256 seed) external {
        if (_undo.epoch == 0 || matured(_undo.epoch)) settle(seed >> 2);
        uint256 e = _undo.epoch;
        if (e == 0) return;
        // What was committed for the next epoch has to go back.
        if (seed % 3 == 0 && !_committed && !held()) commitNext(seed >> 4);
        if (seed % 4 != 0 && !held() && !matured(e)) pause();
        bytes memory data = abi.encodeCall(net.retract, (_undo));
        if (!act("retract", GUARDIAN, data, held() && !matured(e))) return;
        for (uint256 i; i < _records[e - 1].payouts.length; ++i) {
            vm.assertFalse(_claimed[e][i], "retracted after a claim");
        }
        _records.pop();
        delete _undo;
        (_committed, _committedTime, _draft.open) = (true, now_(), false);
        nextBlock();
    }

    // How it is done.

    /// Some of the accounts, each with some amount, of at most `available` in all.
    function draw(uint256 seed, uint256 available) private view returns (uint256[] memory payouts) {
        uint256[] memory drawn = new uint256[](ACCOUNTS);
        uint256 n;
        for (uint256 i; i < ACCOUNTS && available != 0; ++i) {
            uint256 dice = uint256(keccak256(abi.encode(seed, i)));
            if (dice % 2 == 0) continue;
            // The same account may be there twice: the contract does not mind.
            address account = accounts[i - (i > 0 && dice % 16 == 1 ? 1 : 0)];
            uint256 amount = 1 + (dice >> 16) % available;
            available -= amount;
            drawn[n++] = pack(account, amount);
        }
        payouts = new uint256[](n);
        for (uint256 i; i < n; ++i) {
            payouts[i] = drawn[i];
        }
    }

    function denseCall(Job memory j) private view returns (bytes memory) {
        address[] memory given = new address[](j.payouts.length);
        uint256[] memory indexes = new uint256[](given.length);
        for (uint256 i; i < given.length; ++i) {
            (given[i],) = unpack(j.payouts[i]);
            indexes[i] = i;
        }
        bytes memory dense =
            Dense.encode(j.header[8] % 3, 12, new uint256[](0), given, indexes, j.payouts);
        uint256[3] memory roots = [j.header[2], j.header[3], j.header[4]];
        return abi.encodeCall(
            net.settleDense, (CIRCUIT, j.proof, j.h, roots, j.header[6], j.header[8], dense)
        );
    }

    function salt() private pure returns (bytes32) {
        return bytes32("salt");
    }

    function headerHash(Job memory j) private pure returns (bytes32) {
        return keccak256(abi.encode(j.header));
    }

    /// The group that starts at `from`.
    function part(Job memory j, uint256 from) private view returns (bytes memory) {
        uint256 n = j.payouts.length - from < 1024 ? j.payouts.length - from : 1024;
        uint256[] memory payouts = new uint256[](n);
        for (uint256 i; i < n; ++i) {
            payouts[i] = j.payouts[from + i];
        }
        return
            abi.encodeCall(net.addPart, (salt(), j.h, _draft.alpha, headerHash(j), from, payouts));
    }

    function book(uint256[] memory payouts, uint256 filling, MeedSettlement.Undo memory before)
        private
    {
        Record storage r = _records.push();
        r.payouts = payouts;
        r.filling = filling;
        r.released = total(payouts) + filling;
        r.from = now_() + CLAIM_DELAY;
        _undo = before;
        (_committed, _draft.open) = (false, false);
        uint256 e = _records.length;
        // A retracted epoch may have had claims only if the books are wrong.
        for (uint256 i; i < payouts.length; ++i) {
            vm.assertFalse(_claimed[e][i], "claimed before it was settled");
        }
    }

    function someEpoch(uint256 seed) private view returns (uint256 e, bool any) {
        if (_records.length == 0) return (0, false);
        return (1 + seed % _records.length, true);
    }
}
