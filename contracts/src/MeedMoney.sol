// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";

/// The one kind of money a contract deals in: an ERC-20 token or the chain's own coin.
///
/// A token that takes a fee on transfers is booked with what arrives. Tokens whose balances change by
/// themselves are not supported: a settlement is refused when the balance falls short of what is booked
/// for it, but money that vanishes later is missing to those who claim last.
abstract contract MeedMoney {
    using SafeERC20 for IERC20;

    /// Coin was sent to a contract that deals in a token, or not as much as was said.
    error WrongValue(uint256 expected, uint256 got);
    /// The receiver refused the chain's coin.
    error TransferFailed(address account);
    /// Only this contract may call this.
    error OnlySelf();
    /// There is too little gas left to be sure that a failed payment is the receiver's fault.
    error TooLittleGas();

    /// Gas for a payment whose receiver is not the caller: enough for a wallet contract, not enough to
    /// harm the other payments.
    uint256 internal constant PAYMENT_GAS = 100_000;

    /// The token; zero for the chain's coin.
    IERC20 public immutable token;

    constructor(IERC20 token_) {
        token = token_;
    }

    /// Takes `amount` from the caller. Returns what arrived.
    function _take(uint256 amount) internal returns (uint256) {
        if (address(token) == address(0)) {
            if (msg.value != amount) revert WrongValue(amount, msg.value);
            return amount;
        }
        if (msg.value != 0) revert WrongValue(0, msg.value);
        uint256 before = token.balanceOf(address(this));
        token.safeTransferFrom(msg.sender, address(this), amount);
        return token.balanceOf(address(this)) - before;
    }

    /// Pays, or reverts.
    function _pay(address account, uint256 amount) internal {
        if (address(token) != address(0)) {
            token.safeTransfer(account, amount);
            return;
        }
        bool ok;
        assembly ("memory-safe") {
            // What the receiver returns is not copied.
            ok := call(gas(), account, amount, 0, 0, 0, 0)
        }
        if (!ok) revert TransferFailed(account);
    }

    /// Pays with bounded gas. Returns false, and nothing has happened, if the receiver or the token
    /// refused.
    function _tryPay(address account, uint256 amount) internal returns (bool) {
        // A call gets at most 63/64 of the gas: without this whoever calls could starve the receiver.
        if (gasleft() < PAYMENT_GAS + PAYMENT_GAS / 32 + 10_000) revert TooLittleGas();
        try this.payOne{gas: PAYMENT_GAS}(account, amount) {
            return true;
        } catch {
            return false;
        }
    }

    /// For `_tryPay`: a call of its own, which can fail alone.
    function payOne(address account, uint256 amount) external {
        if (msg.sender != address(this)) revert OnlySelf();
        _pay(account, amount);
    }

    /// What this contract has.
    function _balance() internal view returns (uint256) {
        return address(token) == address(0) ? address(this).balance : token.balanceOf(address(this));
    }
}
