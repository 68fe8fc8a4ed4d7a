// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

/// A Groth16 key whose secrets are known, and the simulator that they give: a valid proof for any inputs.
/// So every test goes through the real pairing check, for lists of any size, and a test of an attack does not
/// depend on a proof being hard to make.
///
/// Groth 2016, section 3.2: with A = r G1 and B = s G2, C = (r s - alpha beta - gamma ic) / delta G1.
library Trapdoor {
    uint256 internal constant R =
        21888242871839275222246405745257275088548364400416034343698204186575808495617;

    // Secrets. alpha is that of the local development set-up, so the key counts as insecure.
    uint256 private constant BETA = 5;
    uint256 private constant GAMMA = 7;
    uint256 private constant DELTA = 11;
    uint256 private constant PROOF_R = 0x6d656564;
    uint256 private constant PROOF_S = 3;

    function alpha() internal pure returns (uint256) {
        return uint256(keccak256("meed.insecure.alpha.v1")) % R;
    }

    function ic(uint256 i) private pure returns (uint256) {
        return uint256(keccak256(abi.encode("meed test ic", i))) % R;
    }

    /// The key, as `MeedVerifier` takes it.
    function key() internal view returns (uint256[22] memory words) {
        return keyOf(alpha());
    }

    /// The same key with another alpha: it does not count as insecure.
    function keyOf(uint256 alpha_) internal view returns (uint256[22] memory words) {
        (words[0], words[1]) = mul(1, 2, alpha_);
        uint256[12] memory g2 = [
            // 5 G2, 7 G2, 11 G2: x.c1, x.c0, y.c1, y.c0.
            4540444681147253467785307942530223364530218361853237193970751657229138047649,
            20954117799226682825035885491234530437475518021362091509513177301640194298072,
            11631839690097995216017572651900167465857396346217730511548857041925508482915,
            21508930868448350162258892668132814424284302804699005394342512102884055673846,
            18551411094430470096460536606940536822990217226529861227533666875800903099477,
            15512671280233143720612069991584289591749188907863576513414377951116606878472,
            1711576522631428957817575436337311654689480489843856945284031697403898093784,
            13376798835316611669264291046140500151806347092962367781523498857425536295743,
            15624790064206502667756020446826209080711344272800176518784649088946231692936,
            8472151341754925747860535367990505955708751825377817860727104273184244800723,
            19488077321171448217727198730828487286865984357780136663388739985720647978898,
            1196137947243150610106053819405501111182787323156221967342356892090037828244
        ];
        for (uint256 i; i < 12; ++i) {
            words[2 + i] = g2[i];
        }
        for (uint256 i; i < 4; ++i) {
            (words[14 + 2 * i], words[15 + 2 * i]) = mul(1, 2, ic(i));
        }
    }

    /// A valid proof for these inputs under `key()`.
    function prove(uint256 h, uint256 alpha_, uint256 y) internal view returns (uint256[8] memory) {
        return proveUnder(alpha(), h, alpha_, y);
    }

    /// A valid proof under `keyOf(secret)`.
    function proveUnder(uint256 secret, uint256 h, uint256 alpha_, uint256 y)
        internal
        view
        returns (uint256[8] memory proof)
    {
        uint256 inputs = addmod(ic(0), mulmod(ic(1), h, R), R);
        inputs = addmod(inputs, mulmod(ic(2), alpha_, R), R);
        inputs = addmod(inputs, mulmod(ic(3), y, R), R);
        uint256 sum = addmod(mulmod(secret, BETA, R), mulmod(GAMMA, inputs, R), R);
        uint256 c = mulmod(PROOF_R, PROOF_S, R);
        c = mulmod(addmod(c, R - sum, R), invert(DELTA), R);
        (proof[0], proof[1]) = mul(1, 2, PROOF_R);
        // 3 G2
        proof[2] = 7273165102799931111715871471550377909735733521218303035754523677688038059653;
        proof[3] = 2725019753478801796453339367788033689375851816420509565303521482350756874229;
        proof[4] = 957874124722006818841961785324909313781880061366718538693995380805373202866;
        proof[5] = 2512659008974376214222774206987427162027254181373325676825515531566330959255;
        (proof[6], proof[7]) = mul(1, 2, c);
    }

    /// Another proof of the same inputs, as anyone can make it: `(-A, -B, C)`.
    function rerandomise(uint256[8] memory proof) internal pure returns (uint256[8] memory) {
        uint256 p = 21888242871839275222246405745257275088696311157297823662689037894645226208583;
        proof[1] = p - proof[1];
        proof[4] = p - proof[4];
        proof[5] = p - proof[5];
        return proof;
    }

    /// `scalar * (x, y)` in G1, by the precompile.
    function mul(uint256 x, uint256 y, uint256 scalar) internal view returns (uint256, uint256) {
        (bool ok, bytes memory out) = address(7).staticcall(abi.encode(x, y, scalar));
        require(ok, "ecMul");
        return abi.decode(out, (uint256, uint256));
    }

    /// By Fermat.
    function invert(uint256 x) internal pure returns (uint256 result) {
        result = 1;
        for (uint256 e = R - 2; e != 0; e >>= 1) {
            if (e & 1 != 0) result = mulmod(result, x, R);
            x = mulmod(x, x, R);
        }
    }
}
