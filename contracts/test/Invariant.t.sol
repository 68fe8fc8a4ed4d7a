// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {MeedSettlement} from "../src/MeedSettlement.sol";
import {Naive} from "./Naive.sol";
import {Network} from "./handlers/Network.sol";
import {vm} from "./Vm.sol";

/// What holds after every step, whatever is done to a network and in whatever order.
abstract contract Invariants {
    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    uint256 private constant STEPS = 600;
    address private constant TREASURY = address(0xA3);

    Network internal handler;
    MeedSettlement internal net;
    /// Epochs that were seen to be mature: nothing may ever stop their claims.
    mapping(uint256 epoch => bool) private _seen;

    function open(bool coin) internal {
        handler = new Network(coin);
        net = handler.network();
    }

    /// For forge: what to call. Time passes most often, so that epochs mature.
    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(handler);
    }

    function targetSelectors() external view returns (FuzzSelector[] memory targets) {
        bytes4[13] memory all = [
            handler.deposit.selector,
            handler.wait.selector,
            handler.commitNext.selector,
            handler.settle.selector,
            handler.draft.selector,
            handler.settleDraft.selector,
            handler.claim.selector,
            handler.claimMany.selector,
            handler.push.selector,
            handler.sweep.selector,
            handler.pause.selector,
            handler.unpause.selector,
            handler.retract.selector
        ];
        targets = new FuzzSelector[](1);
        targets[0] = FuzzSelector(address(handler), new bytes4[](13));
        for (uint256 i; i < 13; ++i) {
            targets[0].selectors[i] = all[i];
        }
    }

    /// One long walk, after which everything has happened, and has been refused where it can be: otherwise the
    /// invariants would say little.
    function test_walk() external {
        bytes4[] memory all = this.targetSelectors()[0].selectors;
        for (uint256 step; step < STEPS; ++step) {
            uint256 dice = uint256(keccak256(abi.encode("walk", step)));
            // One step in four is a wait, so that epochs mature.
            bytes4 chosen = dice % 4 == 0 ? handler.wait.selector : all[(dice >> 8) % all.length];
            (bool ok, bytes memory answer) =
                address(handler).call(abi.encodePacked(chosen, dice >> 32));
            if (!ok) {
                assembly ("memory-safe") {
                    revert(add(answer, 0x20), mload(answer))
                }
            }
            invariant_books_balance();
            invariant_claims_follow_maturity();
        }
        string[13] memory actions = [
            "deposit",
            "commit",
            "settle",
            "draft",
            "part",
            "settle a draft",
            "claim",
            "claimMany",
            "push",
            "sweep",
            "pause",
            "unpause",
            "retract"
        ];
        for (uint256 i; i < actions.length; ++i) {
            (uint256 done, uint256 refused) = handler.counted(actions[i]);
            vm.assertGe(done, 2, string.concat(actions[i], ": hardly ever done"));
            // The first parts of a list and later ones are only brought when they are wanted.
            bool wanted = i == 3 || i == 4;
            if (!wanted) {
                vm.assertGe(refused, 2, string.concat(actions[i], ": hardly ever refused"));
            }
            vm.snapshotValue("walk", string.concat(actions[i], " done"), done);
            vm.snapshotValue("walk", string.concat(actions[i], " refused"), refused);
        }
    }

    function funds(address account) private view returns (uint256) {
        bool coin = address(net.token()) == address(0);
        return coin ? account.balance : net.token().balanceOf(account);
    }

    function invariant_books_balance() public {
        uint256 epochs = handler.settledEpochs();
        vm.assertEq(uint256(net.epoch()), epochs, "epochs");

        // No unit is lost and none is made.
        uint256 unclaimed;
        for (uint256 e = 1; e <= epochs; ++e) {
            vm.assertEq(net.unclaimed(e), handler.left(e), "unclaimed");
            unclaimed += net.unclaimed(e);
        }
        uint256 booked = uint256(net.pot()) + net.locked() + net.accrued() + unclaimed;
        vm.assertEq(funds(address(net)), booked, "the contract has what it owes");

        // Everyone has got what was released to them, once.
        uint256 paid;
        uint256[] memory dues = handler.dues();
        for (uint256 i; i < dues.length; ++i) {
            vm.assertEq(funds(handler.accounts(i)), dues[i], "an account has its claims");
            paid += dues[i];
        }
        vm.assertEq(funds(TREASURY), handler.swept(), "the treasury has what was swept");
        vm.assertEq(handler.deposited(), booked + paid + handler.swept(), "money in, money out");

        // What has matured once is mature for ever. The epoch could be retracted before, not after.
        for (uint256 e = 1; e <= epochs; ++e) {
            if (_seen[e]) vm.assertTrue(handler.matured(e), "matured, and then not");
            else if (handler.matured(e)) _seen[e] = true;
        }
    }

    /// Whether an unclaimed payout can be claimed is a matter of its epoch's maturity alone, pause or not.
    function invariant_claims_follow_maturity() public {
        uint256 epochs = handler.settledEpochs();
        for (uint256 e = epochs; e > 0 && e + 3 > epochs; --e) {
            uint256[] memory l = handler.listOf(e);
            for (uint256 i; i < l.length && i < 3; ++i) {
                address account = address(uint160(l[i] >> 93));
                bool open_ =
                    !net.isClaimed(e, i) && handler.left(e) != 0 && account.code.length == 0;
                if (!open_) continue;
                uint256 amount = l[i] & ((1 << 93) - 1);
                bytes memory data =
                    abi.encodeCall(net.claim, (e, i, account, amount, Naive.claimProof(l, i)));
                uint256 before = funds(account);
                uint256 state = vm.snapshotState();
                (bool ok,) = address(net).call(data);
                bool paid = funds(account) == before + amount;
                vm.revertToState(state);
                vm.assertEq(ok && paid, handler.matured(e), "claims follow maturity");
                break;
            }
        }
    }
}

/// forge-config: default.invariant.runs = 20
/// forge-config: default.invariant.depth = 80
/// forge-config: default.invariant.fail-on-revert = true
contract TokenInvariants is Invariants {
    function setUp() external {
        open(false);
    }
}

/// Three of ten receivers refuse the coin.
/// forge-config: default.invariant.runs = 20
/// forge-config: default.invariant.depth = 80
/// forge-config: default.invariant.fail-on-revert = true
contract CoinInvariants is Invariants {
    function setUp() external {
        open(true);
    }
}
