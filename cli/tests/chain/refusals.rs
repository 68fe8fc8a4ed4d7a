//! What goes wrong, told in plain words and with the documented exit codes.

use std::fs;
use std::net::TcpListener;

use super::node::{Anvil, Net, DEPLOY};
use super::skipped;
use super::world::World;

#[test]
fn nodes_chains_and_contracts_are_checked() {
    if skipped() {
        return;
    }
    let net = Net::new();
    net.chain(&["status"]).expect(2, &["chain.toml: expected a deployment"]);
    let nobody = "0x00000000000000000000000000000000000000f1";
    net.chain(&["status", "--contract", nobody]).expect(2, &["there is no code"]);
    let token = net.anvil.token(1).to_string();
    net.chain(&["status", "--contract", &token]).expect(2, &["answers to VERSION()"]);
    let token_args = |token: &'static str| [&DEPLOY[..], &["--token", token, "--yes"]].concat();
    net.world.run(&["setup", "XS", "--insecure-local"]).expect(0, &[]);
    net.chain(&token_args("0x00000000000000000000000000000000000000f1"))
        .expect(2, &["expected a token at"]);

    // Terms that the contract refuses, in its own words.
    let short = [&token_args("native")[..], &["--timelock", "5"]].concat();
    net.chain(&short).expect(2, &["the timelock is shorter than 172800 seconds"]);
    // The verifier is there by now; the next run finds it.
    let said = net.deploy("native", &[]);
    assert_eq!(said["transactions"].as_array().map(Vec::len), Some(1));
    // The first, unfinished deployment wrote down where it would be.
    net.chain(&["status"]).expect(0, &["settled epochs  0"]);

    // A node that is down.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/secret-key", listener.local_addr().unwrap());
    drop(listener);
    let said = net.chain(&["status", "--rpc", &url]);
    said.expect(4, &["cannot ask for the chain's id", "refused"]);
    assert!(!said.err.contains("secret-key"), "{said:#?}");
    net.chain(&["status", "--rpc", "nonsense"]).expect(2, &["--rpc: expected the URL"]);

    // Another chain than the project's, and a chain that was started anew.
    let file = net.world.path("net/chain.toml");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replace("chain_id = 31337", "chain_id = 1")).unwrap();
    net.chain(&["status"]).expect(2, &["serves chain 31337", "chain.toml says chain 1"]);
    fs::write(&file, text.replace("key_id = \"0x", "key_id = \"0xff")).unwrap();
    net.chain(&["status"]).expect(3, &["chain.toml"]);
    fs::write(&file, "format = 1\n").unwrap();
    net.chain(&["status"]).expect(3, &["chain.toml: expected a deployment"]);
    fs::write(&file, text).unwrap();
    let fresh = Net { anvil: Anvil::start(31_337), ..net };
    fresh.chain(&["status"]).expect(2, &["there is no code", "started anew"]);
}

#[test]
fn a_local_key_is_deployed_on_a_development_chain_only() {
    if skipped() {
        return;
    }
    let net = Net { world: World::new(), anvil: Anvil::start(5), ..Net::new() };
    net.world.run(&["setup", "XS", "--insecure-local"]).expect(0, &[]);
    let deploy = [&DEPLOY[..], &["--token", "native", "--yes"]].concat();
    let blocks = net.anvil.blocks();
    net.chain(&deploy).expect(2, &["anybody can forge proofs under it", "not on chain 5"]);
    assert_eq!(blocks, net.anvil.blocks());
    assert!(!net.world.path("net/chain.toml").exists());
}

#[test]
fn keys_are_not_taken_from_anywhere_else() {
    if skipped() {
        return;
    }
    let net = Net::new();
    net.deploy("native", &[]);
    let run = |key: Option<&str>| {
        let args = ["-p", "net", "chain", "deposit", "5", "--yes"];
        let mut command = net.world.command(env!("CARGO_BIN_EXE_meed"), &args);
        command.env("MEED_RPC", net.anvil.url()).env_remove("MEED_PRIVATE_KEY");
        if let Some(key) = key {
            command.env("MEED_PRIVATE_KEY", key);
        }
        super::world::Said::of(command.output().expect("the program runs"))
    };
    run(None).expect(2, &["use --keystore FILE or the variable MEED_PRIVATE_KEY"]);
    for bad in ["0xzzhiddenzz", &"00".repeat(32), &"ff".repeat(32), &"11".repeat(31)] {
        let said = run(Some(bad));
        said.expect(3, &["variable MEED_PRIVATE_KEY: expected a private key"]);
        assert!(!format!("{said:?}").contains(bad), "{said:#?}");
    }
    // An account without money.
    run(Some(&"11".repeat(32))).expect(2, &["has 0"]);
}
