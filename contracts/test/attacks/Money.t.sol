// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {IMeedVerifier} from "../../src/IMeedVerifier.sol";
import {MeedClaims} from "../../src/MeedClaims.sol";
import {MeedMoney} from "../../src/MeedMoney.sol";
import {MeedSettlement} from "../../src/MeedSettlement.sol";
import {Base, TestToken} from "../Base.sol";
import {
    BlockingToken,
    Bomb,
    Burner,
    FalseToken,
    FeeToken,
    HookToken,
    Hungry,
    ReceivingReenterer,
    Reenterer,
    Refuser,
    SilentToken
} from "../Hostile.sol";
import {Naive} from "../Naive.sol";
import {vm} from "../Vm.sol";

/// Attacks by tokens and receivers.
contract MoneyAttacks is Base {
    function inCoinNow() private {
        net = deploy(IERC20(address(0)));
    }

    /// A network for this token. `fund` and `mint` work with any that has `mint`.
    function inToken(address money) private {
        token = TestToken(money);
        net = deploy(IERC20(money));
    }

    /// Payouts to these accounts, 1000 each and one more each. Accounts increase in a list; a contract does
    /// not need that.
    function listFor(address a, address b, address c) private pure returns (uint256[] memory l) {
        l = new uint256[](3);
        (l[0], l[1], l[2]) = (pack(a, 1000), pack(b, 1001), pack(c, 1002));
    }

    function mature(uint256[] memory payouts) private {
        epoch(total(payouts), payouts);
        // Others' money.
        epoch(5000, list(0));
        pass(CLAIM_DELAY);
    }

    function claimOf(uint256[] memory payouts, uint256 index)
        private
        pure
        returns (MeedClaims.Claim memory c)
    {
        (address account, uint256 amount) = unpack(payouts[index]);
        c = MeedClaims.Claim(1, index, account, amount, Naive.claimProof(payouts, index));
    }

    function claimData(uint256[] memory payouts, uint256 i) private view returns (bytes memory) {
        MeedClaims.Claim memory c = claimOf(payouts, i);
        return abi.encodeCall(net.claim, (1, i, c.account, c.amount, c.proof));
    }

    function one(MeedClaims.Claim memory c) private pure returns (MeedClaims.Claim[] memory l) {
        l = new MeedClaims.Claim[](1);
        l[0] = c;
    }

    // Coin and value.

    function test_attack_deposit_without_money() external {
        inCoinNow();
        vm.expectRevert(abi.encodeWithSelector(MeedMoney.WrongValue.selector, 100, 0));
        net.deposit(100, "");
    }

    function test_attack_coin_lost_in_a_token_network() external {
        token.mint(address(this), 100);
        token.approve(address(net), 100);
        vm.deal(address(this), 1);
        vm.expectRevert(abi.encodeWithSelector(MeedMoney.WrongValue.selector, 0, 1));
        net.deposit{value: 1}(100, "");
    }

    function test_attack_commitment_to_money_that_is_not_there() external {
        fund(9);
        vm.prank(OPERATOR);
        vm.expectRevert(abi.encodeWithSelector(MeedSettlement.PotTooSmall.selector, 10, 9));
        net.commit(1, 1, 2, 3, 10);
    }

    function test_attack_settlement_that_is_not_funded() external {
        HookToken money = new HookToken();
        inToken(address(money));
        uint256[] memory payouts = list(3);
        fund(total(payouts));
        commit(total(payouts));
        Job memory j = job(payouts);
        money.burn(address(net), 1);
        vm.expectRevert(
            abi.encodeWithSelector(
                MeedSettlement.Underfunded.selector, total(payouts), total(payouts) - 1
            )
        );
        settle(j);
    }

    // Reentrancy.

    /// A receiver of coin that calls back while it is paid.
    function reenters(Reenterer thief, bytes memory inner, bytes memory outer) private {
        thief.arm(address(net), inner);
        (bool ok,) = address(net).call(outer);
        vm.assertTrue(ok, "the payment itself");
        vm.assertTrue(thief.called(), "the receiver was not called");
        vm.assertFalse(thief.succeeded(), "reentered");
        vm.assertEq(booked(), funds(address(net)));
    }

    function coinThief() private returns (Reenterer thief, uint256[] memory payouts) {
        inCoinNow();
        thief = new Reenterer();
        payouts = listFor(address(thief), STRANGER, PAYER);
        mature(payouts);
    }

    function test_attack_reenter_claim() external {
        (Reenterer thief, uint256[] memory payouts) = coinThief();
        reenters(thief, claimData(payouts, 1), claimData(payouts, 0));
        vm.assertEq(funds(address(thief)), 1000);
    }

    /// The very payout that is being paid, with the account's own claim.
    function test_attack_reenter_claim_for_the_same() external {
        (Reenterer thief, uint256[] memory payouts) = coinThief();
        reenters(thief, claimData(payouts, 0), claimData(payouts, 0));
        vm.assertEq(funds(address(thief)), 1000);
    }

    function test_attack_reenter_claim_many() external {
        (Reenterer thief, uint256[] memory payouts) = coinThief();
        bytes memory inner = abi.encodeCall(net.claimMany, (one(claimOf(payouts, 1))));
        reenters(thief, inner, claimData(payouts, 0));
    }

    function test_attack_reenter_push() external {
        (Reenterer thief, uint256[] memory payouts) = coinThief();
        reenters(thief, abi.encodeCall(net.push, (1, payouts)), claimData(payouts, 0));
    }

    function test_attack_reenter_sweep() external {
        (Reenterer thief, uint256[] memory payouts) = coinThief();
        pass(SWEEP_DELAY);
        reenters(thief, abi.encodeCall(net.sweep, (1)), claimData(payouts, 0));
        vm.assertEq(funds(TREASURY), 0);
    }

    function test_attack_reenter_from_push() external {
        (Reenterer thief, uint256[] memory payouts) = coinThief();
        reenters(thief, claimData(payouts, 1), abi.encodeCall(net.push, (1, payouts)));
        vm.assertEq(funds(STRANGER), 1001);
    }

    function test_attack_reenter_claim_with_a_token() external {
        inToken(address(new HookToken()));
        ReceivingReenterer thief = new ReceivingReenterer();
        uint256[] memory payouts = listFor(address(thief), STRANGER, PAYER);
        mature(payouts);
        thief.arm(address(net), claimData(payouts, 1));
        claim(1, payouts, 0);
        vm.assertTrue(thief.called() && !thief.succeeded(), "reentered");
        vm.assertEq(booked(), funds(address(net)));
    }

    /// A deposit within a deposit: what arrives in the inner one would be booked by the outer one, too.
    function test_attack_reenter_deposit() external {
        HookToken money = new HookToken();
        inToken(address(money));
        Reenterer thief = new Reenterer();
        money.mint(address(thief), 200);
        thief.act(address(money), abi.encodeCall(IERC20.approve, (address(net), 200)));
        bytes memory deposit = abi.encodeCall(net.deposit, (100, ""));
        thief.arm(address(net), deposit);
        thief.act(address(net), deposit);
        vm.assertTrue(thief.called());
        vm.assertEq(net.pot(), funds(address(net)), "more is booked than is there");
    }

    // Tokens.

    function test_attack_token_that_takes_a_fee() external {
        inToken(address(new FeeToken()));
        fund(1000);
        vm.assertEq(net.pot(), 900);
        vm.assertEq(funds(address(net)), 900);
    }

    function test_attack_token_that_returns_false() external {
        FalseToken money = new FalseToken();
        inToken(address(money));
        uint256[] memory payouts = list(3);
        mature(payouts);
        money.mint(address(this), 10);
        money.approve(address(net), 10);
        money.stop();
        bytes memory failed =
            abi.encodeWithSelector(SafeERC20.SafeERC20FailedOperation.selector, address(money));
        vm.expectRevert(failed);
        net.deposit(10, "");
        MeedClaims.Claim memory c = claimOf(payouts, 1);
        vm.expectRevert(failed);
        net.claim(1, 1, c.account, c.amount, c.proof);
        net.push(1, payouts);
        vm.assertFalse(net.isClaimed(1, 1), "claimed, but not paid");
        vm.assertEq(net.unclaimed(1), total(payouts));
    }

    function test_attack_token_that_returns_nothing() external {
        inToken(address(new SilentToken()));
        uint256[] memory payouts = list(3);
        mature(payouts);
        claim(1, payouts, 1);
        net.push(1, payouts);
        vm.assertEq(net.unclaimed(1), 0);
        vm.assertEq(booked(), funds(address(net)));
    }

    function test_attack_token_that_blocks_an_account() external {
        BlockingToken money = new BlockingToken();
        inToken(address(money));
        uint256[] memory payouts = list(3);
        mature(payouts);
        (address blocked,) = unpack(payouts[1]);
        money.block_(blocked);
        MeedClaims.Claim memory c = claimOf(payouts, 1);
        vm.expectRevert(BlockingToken.Blocked.selector);
        net.claim(1, 1, c.account, c.amount, c.proof);
        vm.expectEmit(address(net));
        emit MeedClaims.PaymentRefused(1, 1, blocked);
        net.push(1, payouts);
        vm.assertEq(net.unclaimed(1), c.amount);
        money.block_(address(0));
        claim(1, payouts, 1);
        vm.assertEq(net.unclaimed(1), 0);
    }

    // Receivers.

    function test_attack_receiver_that_refuses() external {
        inCoinNow();
        Refuser refuser = new Refuser();
        uint256[] memory payouts = listFor(STRANGER, address(refuser), PAYER);
        mature(payouts);
        MeedClaims.Claim memory c = claimOf(payouts, 1);
        vm.expectRevert(abi.encodeWithSelector(MeedMoney.TransferFailed.selector, c.account));
        net.claim(1, 1, c.account, c.amount, c.proof);
        vm.expectEmit(address(net));
        emit MeedClaims.PaymentRefused(1, 1, c.account);
        net.claimMany(one(c));
        net.push(1, payouts);
        // The others are paid, and nothing is lost.
        vm.assertEq(funds(STRANGER), 1000);
        vm.assertEq(funds(PAYER), 1002);
        vm.assertEq(net.unclaimed(1), 1001);
        vm.assertFalse(net.isClaimed(1, 1));
        refuser.open();
        claim(1, payouts, 1);
        vm.assertEq(funds(address(refuser)), 1001);
        vm.assertEq(booked(), funds(address(net)));
    }

    function test_attack_receiver_that_burns_gas() external {
        inCoinNow();
        uint256[] memory payouts = listFor(address(new Burner()), STRANGER, PAYER);
        mature(payouts);
        net.push{gas: 1_000_000}(1, payouts);
        vm.assertEq(funds(STRANGER), 1001);
        vm.assertEq(funds(PAYER), 1002);
        vm.assertEq(net.unclaimed(1), 1000);
        MeedClaims.Claim[] memory claims = new MeedClaims.Claim[](2);
        (claims[0], claims[1]) = (claimOf(payouts, 0), claimOf(payouts, 1));
        net.claimMany{gas: 1_000_000}(claims);
        vm.assertFalse(net.isClaimed(1, 0));
    }

    function test_attack_receiver_that_returns_a_bomb() external {
        inCoinNow();
        Bomb bomb = new Bomb();
        uint256[] memory payouts = listFor(address(bomb), STRANGER, PAYER);
        mature(payouts);
        net.push{gas: 1_000_000}(1, payouts);
        vm.assertEq(funds(address(bomb)), 1000, "what it returned was copied");
        vm.assertEq(funds(STRANGER), 1001);
    }

    function test_attack_receiver_that_returns_a_bomb_to_many() external {
        inCoinNow();
        Bomb bomb = new Bomb();
        uint256[] memory payouts = listFor(address(bomb), STRANGER, PAYER);
        mature(payouts);
        MeedClaims.Claim[] memory claims = new MeedClaims.Claim[](2);
        (claims[0], claims[1]) = (claimOf(payouts, 0), claimOf(payouts, 1));
        net.claimMany{gas: 1_000_000}(claims);
        vm.assertEq(funds(address(bomb)), 1000, "what it returned was copied");
        vm.assertEq(funds(STRANGER), 1001);
    }

    /// A treasury that calls back while a sweep pays it.
    function test_attack_reenter_from_the_treasury() external {
        inCoinNow();
        Reenterer thief = new Reenterer();
        MeedSettlement.Setup memory s = setup(IERC20(address(0)));
        s.treasury = address(thief);
        uint256[] memory numbers = new uint256[](1);
        IMeedVerifier[] memory verifiers = new IMeedVerifier[](1);
        (numbers[0], verifiers[0]) = (CIRCUIT, verifier);
        net = deployWith(s, numbers, verifiers);
        uint256[] memory payouts = list(2);
        mature(payouts);
        pass(SWEEP_DELAY);
        bytes memory sweep = abi.encodeCall(net.sweep, (1));
        reenters(thief, sweep, sweep);
        vm.assertEq(funds(address(thief)), total(payouts));
    }

    /// Whatever gas a relayer gives, a wallet that needs 80,000 is paid or the whole call fails.
    function test_attack_relayer_that_starves_a_receiver() external {
        inCoinNow();
        uint256[] memory payouts = listFor(STRANGER, address(new Hungry()), PAYER);
        mature(payouts);
        bytes[2] memory data = [
            abi.encodeCall(net.push, (1, payouts)),
            abi.encodeCall(net.claimMany, (one(claimOf(payouts, 1))))
        ];
        uint256 paid;
        for (uint256 k; k < 2; ++k) {
            for (uint256 gas_ = 60_000; gas_ < 500_000; gas_ += 1_000) {
                uint256 id = vm.snapshotState();
                (bool ok,) = address(net).call{gas: gas_}(data[k]);
                vm.assertEq(ok, net.isClaimed(1, 1), vm.toString(gas_));
                if (ok) ++paid;
                vm.revertToState(id);
            }
        }
        vm.assertGe(paid, 10, "nobody was ever paid: this tested nothing");
    }
}
