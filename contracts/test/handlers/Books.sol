// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {MeedSettlement} from "../../src/MeedSettlement.sol";
import {Base} from "../Base.sol";
import {vm} from "../Vm.sol";

/// Refuses the chain's coin.
contract Refuser {}

/// What ought to be true of a network, kept without looking at it: the books of `Network`.
abstract contract Books is Base {
    /// An epoch that was settled.
    struct Record {
        /// The payouts that can be claimed here; those after them are filling, and nobody's.
        uint256[] payouts;
        uint256 filling;
        uint256 released;
        uint256 from;
        bool swept;
    }

    /// How often something happened, and how often it was refused as it should be.
    struct Count {
        uint256 done;
        uint256 refused;
    }

    /// Accounts that are paid.
    uint256 internal constant ACCOUNTS = 10;
    address[] public accounts;
    mapping(address account => bool) internal _refuses;
    mapping(address account => uint256) private _place;

    uint256 public deposited;
    uint256 public swept;
    /// By epoch; epochs are numbered from 1.
    Record[] internal _records;
    mapping(uint256 epoch => mapping(uint256 index => bool)) internal _claimed;

    uint256 internal _pausedAt;
    uint256 internal _pausedUntil;
    bool internal _committed;
    uint256 internal _committedTime;
    /// The last settlement's facts; its epoch is 0 when there is nothing to take back.
    MeedSettlement.Undo internal _undo;

    mapping(bytes32 action => Count) internal _counts;

    /// Makes accounts; in the chain's coin three of them refuse it.
    function open(bool coin) internal {
        for (uint256 i; i < ACCOUNTS; ++i) {
            address account = address(uint160(uint256(keccak256(abi.encode("holder", i)))));
            if (coin && i % 4 == 1) {
                account = address(new Refuser());
                _refuses[account] = true;
            }
            _place[account] = i;
            accounts.push(account);
        }
    }

    function counted(string memory action) external view returns (uint256 done, uint256 refused) {
        Count storage c = _counts[keccak256(bytes(action))];
        return (c.done, c.refused);
    }

    function settledEpochs() external view returns (uint256) {
        return _records.length;
    }

    /// What each account should have: the sum of its claimed payouts.
    function dues() external view returns (uint256[] memory sums) {
        sums = new uint256[](ACCOUNTS);
        for (uint256 e = 1; e <= _records.length; ++e) {
            Record storage r = _records[e - 1];
            for (uint256 i; i < r.payouts.length; ++i) {
                if (!_claimed[e][i]) continue;
                (address to, uint256 amount) = unpack(r.payouts[i]);
                sums[_place[to]] += amount;
            }
        }
    }

    /// What should be left of an epoch.
    function left(uint256 e) public view returns (uint256 sum) {
        Record storage r = _records[e - 1];
        if (r.swept) return 0;
        sum = r.released;
        for (uint256 i; i < r.payouts.length; ++i) {
            (, uint256 amount) = unpack(r.payouts[i]);
            if (_claimed[e][i]) sum -= amount;
        }
    }

    function held() public view returns (bool) {
        return now_() < _pausedUntil;
    }

    /// Whether nothing can stop an epoch's claims any more.
    function matured(uint256 e) public view returns (bool) {
        uint256 from = _records[e - 1].from;
        return now_() >= from && (!held() || from <= _pausedAt);
    }

    /// All payouts of an epoch.
    function listOf(uint256 e) public view returns (uint256[] memory) {
        Record storage r = _records[e - 1];
        return filled(r.payouts, r.filling);
    }

    /// The payouts, then so many of 1 base unit each to accounts that nobody claims for.
    function filled(uint256[] memory payouts, uint256 filling)
        internal
        pure
        returns (uint256[] memory l)
    {
        l = new uint256[](payouts.length + filling);
        for (uint256 i; i < l.length; ++i) {
            l[i] = i < payouts.length ? payouts[i] : pack(address(uint160(0xf111 << 144 | i)), 1);
        }
    }

    function now_() internal view returns (uint256) {
        return vm.getBlockTimestamp();
    }

    /// Calls the network, and demands that it answers as it should.
    function act(string memory action, address sender, uint256 value, bytes memory data, bool good)
        internal
        returns (bool)
    {
        vm.prank(sender);
        (bool ok,) = address(net).call{value: value}(data);
        vm.assertEq(ok, good, action);
        Count storage c = _counts[keccak256(bytes(action))];
        if (ok) ++c.done;
        else ++c.refused;
        return ok;
    }

    function act(string memory action, address sender, bytes memory data, bool good)
        internal
        returns (bool)
    {
        return act(action, sender, 0, data, good);
    }
}
