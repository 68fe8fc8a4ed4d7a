// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// Tokens and receivers that do not behave.

interface Hooks {
    function tokensToSend() external;
    function tokensReceived() external;
}

abstract contract AnyToken is ERC20("Any", "ANY") {
    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    /// The balance shrinks by itself.
    function burn(address from, uint256 amount) external {
        _burn(from, amount);
    }
}

/// Takes 10 of 100 on each transfer.
contract FeeToken is AnyToken {
    function _update(address from, address to, uint256 amount) internal override {
        if (from == address(0) || to == address(0)) return super._update(from, to, amount);
        super._update(from, address(0xfee), amount / 10);
        super._update(from, to, amount - amount / 10);
    }
}

/// Moves nothing, and says so by returning false.
contract FalseToken is AnyToken {
    bool public works = true;

    function stop() external {
        works = false;
    }

    function transfer(address to, uint256 amount) public override returns (bool) {
        return works && super.transfer(to, amount);
    }

    function transferFrom(address from, address to, uint256 amount) public override returns (bool) {
        return works && super.transferFrom(from, to, amount);
    }
}

/// Returns nothing, as some old tokens do.
contract SilentToken {
    mapping(address account => uint256) public balanceOf;
    mapping(address account => mapping(address spender => uint256)) public allowance;

    function mint(address to, uint256 amount) external {
        balanceOf[to] += amount;
    }

    function approve(address spender, uint256 amount) external {
        allowance[msg.sender][spender] = amount;
    }

    function transfer(address to, uint256 amount) external {
        balanceOf[msg.sender] -= amount;
        balanceOf[to] += amount;
    }

    function transferFrom(address from, address to, uint256 amount) external {
        allowance[from][msg.sender] -= amount;
        balanceOf[from] -= amount;
        balanceOf[to] += amount;
    }
}

/// Refuses to pay one account.
contract BlockingToken is AnyToken {
    error Blocked();

    address private _blocked;

    function block_(address account) external {
        _blocked = account;
    }

    function _update(address from, address to, uint256 amount) internal override {
        if (to == _blocked && to != address(0)) revert Blocked();
        super._update(from, to, amount);
    }
}

/// Calls senders and receivers that have code, as ERC-777 does.
contract HookToken is AnyToken {
    function _update(address from, address to, uint256 amount) internal override {
        bool known = from != address(0) && to != address(0);
        if (known && from.code.length != 0 && from != msg.sender) Hooks(from).tokensToSend();
        super._update(from, to, amount);
        if (known && to.code.length != 0 && to != msg.sender) Hooks(to).tokensReceived();
    }
}

/// Makes one call when it is paid (or pays), and keeps what became of it.
contract Reenterer is Hooks {
    address private _target;
    bytes private _data;
    bool public called;
    bool public succeeded;

    function arm(address target, bytes calldata data) external {
        (_target, _data) = (target, data);
    }

    /// Calls for whoever tests.
    function act(address target, bytes calldata data) external {
        (bool ok, bytes memory out) = target.call(data);
        assembly ("memory-safe") {
            if iszero(ok) { revert(add(out, 0x20), mload(out)) }
        }
    }

    receive() external payable {
        _fire();
    }

    function tokensToSend() external {
        _fire();
    }

    function tokensReceived() external {}

    function _fire() internal {
        if (_target == address(0) || called) return;
        called = true;
        (succeeded,) = _target.call(_data);
    }
}

/// A reenterer for tokens' receivers.
contract ReceivingReenterer is Hooks {
    address private _target;
    bytes private _data;
    bool public called;
    bool public succeeded;

    function arm(address target, bytes calldata data) external {
        (_target, _data) = (target, data);
    }

    function tokensToSend() external {}

    function tokensReceived() external {
        if (_target == address(0) || called) return;
        called = true;
        (succeeded,) = _target.call(_data);
    }
}

/// Refuses until it is told otherwise.
contract Refuser {
    bool private _open;

    function open() external {
        _open = true;
    }

    receive() external payable {
        require(_open, "no");
    }
}

/// Burns all the gas it is given.
contract Burner {
    receive() external payable {
        for (uint256 i;; ++i) {}
    }
}

/// Returns as much as its gas pays for.
contract Bomb {
    receive() external payable {
        assembly {
            // Half of the gas at 3 gas a word and words^2 / 512.
            let words := 0
            let half := div(mul(gas(), 2), 3)
            for { let step := 0x10000 } step { step := shr(1, step) } {
                let more := add(words, step)
                if lt(add(mul(3, more), div(mul(more, more), 512)), half) { words := more }
            }
            return(0, shl(5, words))
        }
    }
}

/// A wallet that needs much gas to take money, and looks first whether it has it.
contract Hungry {
    receive() external payable {
        uint256 gas_ = gasleft();
        require(gas_ > 80_000, "too little gas");
        while (gas_ - gasleft() < 70_000) {}
    }
}
