// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {MeedPause} from "../src/MeedPause.sol";
import {MeedSettlement} from "../src/MeedSettlement.sol";
import {MeedVerifier} from "../src/MeedVerifier.sol";
import {Base} from "./Base.sol";
import {Dense} from "./Dense.sol";
import {Naive} from "./Naive.sol";
import {vm} from "./Vm.sol";

/// Settlements in parts. What the tests of attacks on drafts need, too.
abstract contract DraftBase is Base {
    bytes32 internal constant SALT = "salt";

    function slice(uint256[] memory payouts, uint256 from, uint256 to)
        internal
        pure
        returns (uint256[] memory part)
    {
        part = new uint256[](to - from);
        for (uint256 i = from; i < to; ++i) {
            part[i - from] = payouts[i];
        }
    }

    function headerHash(Job memory j) internal pure returns (bytes32) {
        return keccak256(abi.encode(j.header));
    }

    /// Adds payouts `from` to `to` of the job.
    function add(Job memory j, uint256 alpha, uint256 from, uint256 to) internal {
        net.addPart(SALT, j.h, alpha, headerHash(j), from, slice(j.payouts, from, to));
    }

    function settleDraft(Job memory j, uint256 alpha, bytes32[] memory roots) internal {
        net.settleDraft{gas: 20_000_000}(CIRCUIT, j.proof, j.h, alpha, SALT, j.header, roots);
    }

    /// A committed epoch with so many payouts, and its point.
    function prepare(uint256 n) internal returns (Job memory j, uint256 alpha) {
        uint256[] memory payouts = list(n);
        fund(total(payouts) + 9);
        commit(total(payouts) + 9);
        j = job(payouts);
        alpha = challenge(j);
    }
}

contract DraftTest is DraftBase {
    /// Settles in parts that end at these payouts.
    function inParts(uint256 n, uint256[] memory ends) private {
        (Job memory j, uint256 alpha) = prepare(n);
        uint256 from;
        for (uint256 i; i < ends.length; ++i) {
            vm.expectEmit(address(net));
            emit MeedSettlement.PartAdded(address(this), SALT, ends[i]);
            add(j, alpha, from, ends[i]);
            from = ends[i];
            uint256 got = net.draftPayouts(address(this), SALT, j.h, alpha, headerHash(j));
            vm.assertEq(got, from);
        }
        bytes32[] memory roots = Naive.groupRoots(j.payouts);
        bytes32 undo_ = keccak256(abi.encode(undo()));
        vm.expectEmit(address(net));
        emit MeedSettlement.Settled(
            1,
            CIRCUIT,
            j.h,
            Naive.listHash(j.header, j.payouts),
            Naive.claimRoot(j.payouts),
            n,
            total(j.payouts),
            stateOf(1),
            9 * UNIT,
            undo_
        );
        settleDraft(j, alpha, roots);
        vm.assertEq(booked(), funds(address(net)));
        vm.assertEq(net.draftPayouts(address(this), SALT, j.h, alpha, headerHash(j)), 0);
    }

    function upTo(uint256 a) private pure returns (uint256[] memory list_) {
        list_ = new uint256[](1);
        list_[0] = a;
    }

    function upTo(uint256 a, uint256 b) private pure returns (uint256[] memory list_) {
        list_ = new uint256[](2);
        (list_[0], list_[1]) = (a, b);
    }

    function upTo(uint256 a, uint256 b, uint256 c) private pure returns (uint256[] memory list_) {
        list_ = new uint256[](3);
        (list_[0], list_[1], list_[2]) = (a, b, c);
    }

    function test_a_draft_of_one_part_settles() external {
        inParts(5, upTo(5));
    }

    function test_a_draft_of_one_group_settles() external {
        inParts(1024, upTo(1024));
    }

    function test_a_draft_of_two_parts_settles() external {
        inParts(1030, upTo(1024, 1030));
    }

    function test_a_draft_of_three_parts_settles() external {
        inParts(3 * 1024 + 1, upTo(1024, 3072, 3073));
    }

    function test_a_draft_of_two_whole_parts_settles() external {
        inParts(3072, upTo(2048, 3072));
    }

    function test_a_draft_that_pays_nobody_settles() external {
        inParts(0, upTo(0));
    }

    function test_an_empty_part_changes_nothing() external {
        inParts(1030, upTo(1024, 1024, 1030));
    }

    function test_dense_and_plain_parts_mix() external {
        (Job memory j, uint256 alpha) = prepare(2100);
        uint256[] memory pages = new uint256[](1);
        address[] memory accounts = new address[](1024);
        for (uint256 i; i < 1024; ++i) {
            (accounts[i],) = unpack(j.payouts[i]);
        }
        pages[0] = net.addPage(accounts);
        bytes memory dense = Dense.encode(
            0, 8, pages, new address[](0), new uint256[](0), slice(j.payouts, 0, 1024)
        );
        vm.expectEmit(address(net));
        emit MeedSettlement.PartAdded(address(this), SALT, 1024);
        net.addPartDense(SALT, j.h, alpha, headerHash(j), 0, dense);
        add(j, alpha, 1024, 2048);
        address[] memory given = new address[](52);
        for (uint256 i; i < 52; ++i) {
            (given[i],) = unpack(j.payouts[2048 + i]);
        }
        dense = Dense.encode(
            0, 8, new uint256[](0), given, new uint256[](0), slice(j.payouts, 2048, 2100)
        );
        net.addPartDense(SALT, j.h, alpha, headerHash(j), 2048, dense);
        settleDraft(j, alpha, Naive.groupRoots(j.payouts));
        (bytes32 root,,,,) = net.epochs(1);
        vm.assertEq(root, Naive.claimRoot(j.payouts));
        pass(CLAIM_DELAY);
        claim(1, j.payouts, 2099);
        claim(1, j.payouts, 1024);
        vm.assertEq(booked(), funds(address(net)));
    }

    function test_parts_come_in_order() external {
        (Job memory j, uint256 alpha) = prepare(2100);
        bytes4 wrong = MeedSettlement.WrongPart.selector;
        uint256[] memory second = slice(j.payouts, 1024, 2048);
        vm.expectRevert(abi.encodeWithSelector(wrong, 0, 1024));
        net.addPart(SALT, j.h, alpha, headerHash(j), 1024, second);
        add(j, alpha, 0, 1024);
        vm.expectRevert(abi.encodeWithSelector(wrong, 1024, 0));
        net.addPart(SALT, j.h, alpha, headerHash(j), 0, second);
        vm.expectRevert(abi.encodeWithSelector(wrong, 1024, 2048));
        net.addPart(SALT, j.h, alpha, headerHash(j), 2048, second);
    }

    function test_only_the_last_part_may_be_short() external {
        (Job memory j, uint256 alpha) = prepare(1030);
        add(j, alpha, 0, 1000);
        uint256[] memory rest = slice(j.payouts, 1000, 1030);
        vm.expectRevert(abi.encodeWithSelector(MeedSettlement.PartNotWhole.selector, 1000));
        net.addPart(SALT, j.h, alpha, headerHash(j), 1000, rest);
    }

    function test_an_unfinished_draft_does_not_settle() external {
        (Job memory j, uint256 alpha) = prepare(1030);
        bytes32[] memory roots = Naive.groupRoots(j.payouts);
        vm.expectRevert(MeedSettlement.NoDraft.selector);
        settleDraft(j, alpha, roots);
        add(j, alpha, 0, 1024);
        vm.expectRevert(abi.encodeWithSelector(MeedSettlement.WrongCount.selector, 1030, 1024));
        settleDraft(j, alpha, roots);
        add(j, alpha, 1024, 1030);
        settleDraft(j, alpha, roots);
    }

    function test_wrong_roots_have_their_error() external {
        (Job memory j, uint256 alpha) = prepare(1030);
        add(j, alpha, 0, 1024);
        add(j, alpha, 1024, 1030);
        bytes32[] memory right = Naive.groupRoots(j.payouts);
        bytes32[] memory roots = new bytes32[](2);
        (roots[0], roots[1]) = (right[1], right[0]);
        vm.expectRevert(MeedSettlement.WrongRoots.selector);
        settleDraft(j, alpha, roots);
        (roots[0], roots[1]) = (right[0], bytes32(uint256(right[1]) ^ 1));
        vm.expectRevert(MeedSettlement.WrongRoots.selector);
        settleDraft(j, alpha, roots);
        roots = new bytes32[](1);
        roots[0] = right[0];
        vm.expectRevert(MeedSettlement.WrongRoots.selector);
        settleDraft(j, alpha, roots);
        vm.expectRevert(MeedSettlement.WrongRoots.selector);
        settleDraft(j, alpha, new bytes32[](0));
        roots = new bytes32[](3);
        (roots[0], roots[1]) = (right[0], right[1]);
        vm.expectRevert(MeedSettlement.WrongRoots.selector);
        settleDraft(j, alpha, roots);
        settleDraft(j, alpha, right);
    }

    function test_another_point_has_its_error() external {
        (Job memory j, uint256 alpha) = prepare(1030);
        uint256 other = alpha ^ 1;
        add(j, other, 0, 1024);
        add(j, other, 1024, 1030);
        bytes32[] memory roots = Naive.groupRoots(j.payouts);
        vm.expectRevert(
            abi.encodeWithSelector(MeedSettlement.WrongChallenge.selector, alpha, other)
        );
        settleDraft(j, other, roots);
    }

    function test_a_draft_is_checked_like_any_settlement() external {
        (Job memory j, uint256 alpha) = prepare(5);
        add(j, alpha, 0, 5);
        bytes32[] memory roots = Naive.groupRoots(j.payouts);
        uint256[8] memory proof = j.proof;
        j.proof = job(list(3)).proof;
        vm.expectRevert(MeedVerifier.ProofInvalid.selector);
        settleDraft(j, alpha, roots);
        j.proof = proof;
        j.header[7] += 1;
        vm.expectPartialRevert(MeedSettlement.WrongWord.selector);
        settleDraft(j, alpha, roots);
        j.header[7] -= 1;
        settleDraft(j, alpha, roots);
        vm.expectRevert(abi.encodeWithSelector(MeedSettlement.NotCommitted.selector, 2));
        settleDraft(j, alpha, roots);
    }

    function test_a_wrong_total_has_its_error() external {
        (Job memory j,) = prepare(5);
        j.header[8] += 1;
        j.header[9] -= UNIT;
        sign(j);
        uint256 alpha = challenge(j);
        add(j, alpha, 0, 5);
        bytes32[] memory roots = Naive.groupRoots(j.payouts);
        vm.expectRevert(
            abi.encodeWithSelector(MeedSettlement.WrongTotal.selector, j.header[8], j.header[8] - 1)
        );
        settleDraft(j, alpha, roots);
    }

    function test_a_pause_stops_drafts() external {
        (Job memory j, uint256 alpha) = prepare(5);
        add(j, alpha, 0, 5);
        vm.prank(GUARDIAN);
        net.pause();
        uint256 until = vm.getBlockTimestamp() + 14 days;
        bytes memory expected = abi.encodeWithSelector(MeedPause.Paused.selector, until);
        bytes32[] memory roots = Naive.groupRoots(j.payouts);
        vm.expectRevert(expected);
        settleDraft(j, alpha, roots);
        vm.expectRevert(expected);
        net.addPart("other", j.h, alpha, headerHash(j), 0, j.payouts);
        vm.expectRevert(expected);
        net.addPartDense("other", j.h, alpha, headerHash(j), 0, "");
        pass(14 days);
        settleDraft(j, alpha, roots);
    }
}
