// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {MeedSettlement} from "../../src/MeedSettlement.sol";
import {DraftBase} from "../Draft.t.sol";
import {Naive} from "../Naive.sol";
import {Trapdoor} from "../Trapdoor.sol";
import {vm} from "../Vm.sol";

/// Attacks on settlements in parts.
contract DraftAttacks is DraftBase {
    function test_attack_parts_of_two_senders() external {
        (Job memory j, uint256 alpha) = prepare(1030);
        // A stranger saw the first part coming, and sends rubbish under the same names.
        vm.startPrank(STRANGER);
        net.addPart(SALT, j.h, alpha, headerHash(j), 0, list(1024));
        vm.stopPrank();
        add(j, alpha, 0, 1024);
        vm.startPrank(STRANGER);
        net.addPart(SALT, j.h, alpha, headerHash(j), 1024, list(7));
        vm.stopPrank();
        add(j, alpha, 1024, 1030);
        settleDraft(j, alpha, Naive.groupRoots(j.payouts));
        (bytes32 root,,,,) = net.epochs(1);
        vm.assertEq(root, Naive.claimRoot(j.payouts));
    }

    function test_attack_anothers_draft() external {
        // A stranger cannot use it, nor stand in its way.
        (Job memory j, uint256 alpha) = prepare(5);
        add(j, alpha, 0, 5);
        bytes32[] memory roots = Naive.groupRoots(j.payouts);
        vm.startPrank(STRANGER);
        vm.expectRevert(MeedSettlement.NoDraft.selector);
        net.settleDraft(CIRCUIT, j.proof, j.h, alpha, SALT, j.header, roots);
        vm.stopPrank();
        settleDraft(j, alpha, roots);
    }

    function test_attack_abandoned_draft() external {
        (Job memory j, uint256 alpha) = prepare(1030);
        add(j, alpha, 0, 1024);
        // Another sender settles plainly; the draft is worth nothing then.
        vm.prank(STRANGER);
        settle(j);
        add(j, alpha, 1024, 1030);
        bytes32[] memory roots = Naive.groupRoots(j.payouts);
        vm.expectRevert(abi.encodeWithSelector(MeedSettlement.NotCommitted.selector, 2));
        settleDraft(j, alpha, roots);
        commit(0);
        vm.expectPartialRevert(MeedSettlement.WrongWord.selector);
        settleDraft(j, alpha, roots);
    }

    function test_attack_part_replayed() external {
        (Job memory j, uint256 alpha) = prepare(2048);
        add(j, alpha, 0, 1024);
        uint256[] memory part = slice(j.payouts, 0, 1024);
        vm.expectRevert(abi.encodeWithSelector(MeedSettlement.WrongPart.selector, 1024, 0));
        net.addPart(SALT, j.h, alpha, headerHash(j), 0, part);
    }

    function test_attack_part_at_another_index() external {
        // Its leaves would carry indexes of payouts that do not exist, or that exist elsewhere.
        (Job memory j, uint256 alpha) = prepare(2048);
        add(j, alpha, 0, 1024);
        uint256[] memory part = slice(j.payouts, 1024, 2048);
        vm.expectRevert(abi.encodeWithSelector(MeedSettlement.WrongPart.selector, 1024, 2048));
        net.addPart(SALT, j.h, alpha, headerHash(j), 2048, part);
    }

    function test_attack_parts_reordered() external {
        (Job memory j, uint256 alpha) = prepare(2048);
        uint256[] memory second = slice(j.payouts, 1024, 2048);
        uint256[] memory first = slice(j.payouts, 0, 1024);
        net.addPart(SALT, j.h, alpha, headerHash(j), 0, second);
        net.addPart(SALT, j.h, alpha, headerHash(j), 1024, first);
        uint256[] memory swapped = new uint256[](2048);
        for (uint256 i; i < 2048; ++i) {
            swapped[i] = j.payouts[(i + 1024) % 2048];
        }
        bytes32[] memory roots = Naive.groupRoots(swapped);
        // A proof of just that value, as if there were a circuit's list with it.
        j.proof = Trapdoor.prove(j.h, alpha, Naive.evaluate(j.header, swapped, alpha));
        vm.expectPartialRevert(MeedSettlement.WrongChallenge.selector);
        settleDraft(j, alpha, roots);
    }

    function test_attack_short_part_then_more() external {
        (Job memory j, uint256 alpha) = prepare(1030);
        add(j, alpha, 0, 6);
        uint256[] memory rest = slice(j.payouts, 6, 1030);
        vm.expectRevert(abi.encodeWithSelector(MeedSettlement.PartNotWhole.selector, 6));
        net.addPart(SALT, j.h, alpha, headerHash(j), 6, rest);
    }

    function test_attack_draft_at_zero() external {
        // At 0 every list has the value of its first word.
        (Job memory j,) = prepare(3);
        uint256 all = total(j.payouts);
        j.payouts = new uint256[](3);
        j.payouts[0] = pack(STRANGER, all);
        add(j, 0, 0, 3);
        j.proof = Trapdoor.prove(j.h, 0, 1);
        bytes32[] memory roots = Naive.groupRoots(j.payouts);
        vm.expectPartialRevert(MeedSettlement.WrongChallenge.selector);
        settleDraft(j, 0, roots);
    }

    /// Parts summed at 0, settled at the point of the list.
    function test_attack_parts_summed_at_another_point() external {
        (Job memory j, uint256 alpha) = prepare(3);
        add(j, 0, 0, 3);
        uint256[] memory first = slice(j.payouts, 0, 1);
        j.proof = Trapdoor.prove(j.h, alpha, Naive.evaluate(j.header, first, alpha));
        bytes32[] memory roots = Naive.groupRoots(j.payouts);
        vm.expectRevert(MeedSettlement.NoDraft.selector);
        settleDraft(j, alpha, roots);
    }

    function test_attack_foreign_roots() external {
        (Job memory j, uint256 alpha) = prepare(3);
        add(j, alpha, 0, 3);
        uint256[] memory mine = new uint256[](1);
        mine[0] = pack(STRANGER, total(j.payouts));
        bytes32[] memory roots = Naive.groupRoots(mine);
        vm.expectRevert(MeedSettlement.WrongRoots.selector);
        settleDraft(j, alpha, roots);
    }

    /// The state's root, chosen so that the header has the value of another statement at alpha.
    function chooseState(Job memory j, uint256[] memory payouts, uint256 alpha) private view {
        uint256 other = uint256(keccak256("the value of a statement about something else")) % R;
        j.header[6] = 0;
        uint256 rest = Naive.evaluate(j.header, payouts, alpha);
        uint256 power = mulmod(alpha, alpha, R);
        power = mulmod(mulmod(power, power, R), power, R);
        uint256 difference = addmod(other, R - rest, R);
        j.header[6] = mulmod(difference, Trapdoor.invert(power), R);
        require(Naive.evaluate(j.header, payouts, alpha) == other, "the attack itself is wrong");
        j.proof = Trapdoor.prove(j.h, alpha, other);
    }

    /// No part, so no hash: alpha is known before the header.
    function test_attack_header_chosen_after_alpha_without_a_part() external {
        (Job memory j,) = prepare(0);
        bytes32 tag = keccak256("meed.alpha.v1");
        bytes memory text = abi.encode(tag, block.chainid, address(net), j.h, bytes32(0));
        uint256 alpha = uint256(keccak256(text)) % R;
        chooseState(j, new uint256[](0), alpha);
        vm.expectRevert(MeedSettlement.NoDraft.selector);
        settleDraft(j, alpha, new bytes32[](0));
    }

    /// The draft's hash begins with another header.
    function test_attack_header_chosen_after_alpha() external {
        (Job memory j, uint256 alpha) = prepare(3);
        bytes32 first = headerHash(j);
        net.addPart(SALT, j.h, alpha, first, 0, j.payouts);
        chooseState(j, j.payouts, alpha);
        bytes32[] memory roots = Naive.groupRoots(j.payouts);
        vm.expectRevert(MeedSettlement.NoDraft.selector);
        settleDraft(j, alpha, roots);
    }

    function test_attack_draft_with_another_h() external {
        (Job memory j, uint256 alpha) = prepare(3);
        add(j, alpha, 0, 3);
        j.h += 1;
        j.proof = Trapdoor.prove(j.h, alpha, Naive.evaluate(j.header, j.payouts, alpha));
        bytes32[] memory roots = Naive.groupRoots(j.payouts);
        vm.expectRevert(MeedSettlement.NoDraft.selector);
        settleDraft(j, alpha, roots);
    }

    function test_attack_padded_draft() external {
        uint256[] memory payouts = list(3);
        (Job memory j,) = prepare(3);
        j.payouts = new uint256[](4);
        for (uint256 i; i < 3; ++i) {
            j.payouts[i] = payouts[i];
        }
        sign(j);
        uint256 alpha = challenge(j);
        add(j, alpha, 0, 4);
        bytes32[] memory roots = Naive.groupRoots(j.payouts);
        vm.expectRevert(abi.encodeWithSelector(MeedSettlement.WrongCount.selector, 3, 4));
        settleDraft(j, alpha, roots);
    }
}
