//! The contracts, as `contracts/artifacts` describes them.

/// Bindings that `sol!` makes from the artifacts.
#[allow(
    missing_docs,
    unreachable_pub,
    clippy::all,
    reason = "made by a macro from the contracts' interfaces, which are documented there"
)]
mod bindings {
    alloy::sol! {
        #[derive(Debug)]
        MeedSettlement,
        "../contracts/artifacts/MeedSettlement.json"
    }
    alloy::sol! {
        #[derive(Debug)]
        MeedVerifier,
        "../contracts/artifacts/MeedVerifier.json"
    }
    alloy::sol! {
        #[derive(Debug)]
        MeedHalo2Verifier,
        "../contracts/artifacts/MeedHalo2Verifier.json"
    }
    alloy::sol! {
        /// What is used of a token.
        #[derive(Debug)]
        interface Token {
            error ERC20InsufficientBalance(address sender, uint256 balance, uint256 needed);
            error ERC20InsufficientAllowance(address spender, uint256 allowance, uint256 needed);
            error ERC20InvalidReceiver(address receiver);

            function balanceOf(address account) external view returns (uint256);
            function allowance(address owner, address spender) external view returns (uint256);
            function approve(address spender, uint256 amount) external returns (bool);
            function symbol() external view returns (string);
            function decimals() external view returns (uint8);
        }
    }
}

pub use bindings::{MeedClaims, MeedHalo2Verifier, MeedSettlement, MeedVerifier, Token};
