// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// A plain token, all of it its creator's, for tests on a development chain.
contract TestToken is ERC20 {
    constructor(uint256 supply) ERC20("Test token", "TEST") {
        _mint(msg.sender, supply);
    }
}
