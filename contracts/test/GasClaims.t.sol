// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {MeedClaims} from "../src/MeedClaims.sol";
import {GasMeter} from "./GasMeter.sol";
import {Naive} from "./Naive.sol";
import {vm} from "./Vm.sol";

/// What everything but settlements costs, in a token and in the chain's coin.
/// forge-config: default.isolate = true
contract GasClaimsTest is GasMeter {
    /// What a holder's claim may cost, in an epoch of 1,024.
    uint256 private constant MOST_CLAIM = 57_000;

    /// Of the last epoch.
    uint256[] private _list;
    string private _money;

    function test_in_a_token() external {
        _money = "token";
        measure(IERC20(token));
    }

    function test_in_the_chains_coin() external {
        _money = "coin";
        measure(IERC20(address(0)));
    }

    function measure(IERC20 money) private {
        net = deploy(money);
        // An epoch that is claimed from and swept, so that the next one finds the network in use.
        uint256[] memory l = settled(1024, 1);
        vm.prank(STRANGER);
        claim(1, l, 0);

        settled(1024, 2);
        hold(0, 1024);
        // 7 and 8 have nothing before they claim.
        strip(7);
        strip(8);
        single("claim, first of its epoch", 5);
        uint256 cost = single("claim, has funds", 6);
        vm.assertLe(cost, MOST_CLAIM, "a holder's claim");
        single("claim, has no funds", 7);
        single("claim, first of its 128, has funds", 200);
        many(10, 20);
        many(20, 70);
        vm.warp(1_900_000_000);
        send(name("sweep 1024"), STRANGER, abi.encodeCall(net.sweep, (1)));

        settled(8, 3);
        hold(0, 8);
        send(name("push 8"), STRANGER, abi.encodeCall(net.push, (3, _list)));
        settled(64, 4);
        hold(0, 64);
        send(name("push 64"), STRANGER, abi.encodeCall(net.push, (4, _list)));
    }

    function test_pages() external {
        address[] memory accounts = accountsOf(payouts(1024, 1e18, 0));
        net.addPage(accounts);
        send("addPage 1024", STRANGER, abi.encodeCall(net.addPage, (accounts)));
    }

    function name(string memory what) private view returns (string memory) {
        return string.concat(what, ", ", _money);
    }

    /// Settles the next epoch and lets it mature. From the second on, the deposit and the commitment are measured.
    function settled(uint256 n, uint256 salt) private returns (uint256[] memory l) {
        l = payouts(n, 1e18, salt);
        uint256 fees = total(l);
        // The payer keeps something, and so does the pot.
        if (inCoin()) {
            vm.deal(PAYER, 2 * fees);
        } else {
            token.mint(PAYER, 2 * fees);
            vm.prank(PAYER);
            token.approve(address(net), type(uint256).max);
        }
        bytes memory deposit = abi.encodeCall(net.deposit, (fees + 1e9, keccak256("event")));
        uint256 next = net.epoch() + 1;
        bytes memory commitment = abi.encodeCall(
            net.commit, (next, policyOf(next), registryOf(next), scoresOf(next), fees)
        );
        string memory when = salt == 1 ? ", first" : salt == 2 ? "" : ", again";
        send(
            string.concat(name("deposit"), when),
            PAYER,
            inCoin() ? fees + 1e9 : 0,
            address(net),
            deposit
        );
        send(string.concat(name("commit"), when), OPERATOR, commitment);
        nextBlock();
        settle(job(l));
        _list = l;
        pass(CLAIM_DELAY);
    }

    /// Gives accounts some funds.
    function hold(uint256 from, uint256 to) private {
        for (uint256 i = from; i < to; ++i) {
            (address account,) = unpack(_list[i]);
            if (inCoin()) vm.deal(account, 1 ether);
            else token.mint(account, 1 ether);
        }
    }

    function strip(uint256 index) private {
        (address account,) = unpack(_list[index]);
        if (inCoin()) {
            vm.deal(account, 0);
        } else {
            uint256 all = token.balanceOf(account);
            vm.prank(account);
            token.transfer(PAYER, all);
        }
    }

    function single(string memory what, uint256 index) private returns (uint256) {
        (address account, uint256 amount) = unpack(_list[index]);
        bytes32[] memory proof = Naive.claimProof(_list, index);
        bytes memory data = abi.encodeCall(net.claim, (net.epoch(), index, account, amount, proof));
        return send(name(what), STRANGER, data);
    }

    /// Claims of holders, in a slot of flags that is in use.
    function many(uint256 from, uint256 to) private {
        MeedClaims.Claim[] memory claims = new MeedClaims.Claim[](to - from);
        for (uint256 i; i < claims.length; ++i) {
            (address account, uint256 amount) = unpack(_list[from + i]);
            bytes32[] memory proof = Naive.claimProof(_list, from + i);
            claims[i] = MeedClaims.Claim(net.epoch(), from + i, account, amount, proof);
        }
        string memory what = string.concat("claimMany ", vm.toString(claims.length));
        send(name(what), STRANGER, abi.encodeCall(net.claimMany, (claims)));
    }
}
