//! A development chain, and how to ask and change it behind the program's back.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::AtomicBool;

use meed_chain::abi::Token;
use meed_chain::{Address, Client, U256};
use serde_json::{json, Value};

use super::child::Running;
use super::world::{Said, World};

/// The first account of anvil's well-known mnemonic, and its key.
pub(crate) const OPERATOR: &str = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266";
pub(crate) const OPERATOR_KEY: &str =
    "ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";
/// The second account: it sends claims for others.
pub(crate) const HELPER_KEY: &str =
    "59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d";
pub(crate) const TREASURY: &str = "0x000000000000000000000000000000000000dEaD";

static GO_ON: AtomicBool = AtomicBool::new(false);

/// The folder of the contracts.
pub(crate) fn contracts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the repository").join("contracts")
}

/// A running anvil; it ends with this value.
pub(crate) struct Anvil {
    _child: Running,
    port: u16,
}

/// The program itself, not npm's wrapper: a wrapper that is killed leaves it behind.
fn anvil() -> PathBuf {
    let folder = contracts().join("node_modules/@foundry-rs");
    let entries = std::fs::read_dir(&folder)
        .unwrap_or_else(|e| panic!("{}: {e}: run `npm ci` in contracts/", folder.display()));
    let found = entries.flatten().map(|entry| entry.path().join("bin/anvil")).find(|p| p.exists());
    found.unwrap_or_else(|| panic!("no anvil below {}", folder.display()))
}

impl Anvil {
    pub(crate) fn start(chain_id: u64) -> Self {
        let mut command = Command::new(anvil());
        command
            .args(["--host", "127.0.0.1", "--port", "0", "--accounts", "3"])
            .args(["--chain-id", &chain_id.to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut child = Running::start(&mut command);
        let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        let port = lines
            .by_ref()
            .map_while(Result::ok)
            .find_map(|line| line.strip_prefix("Listening on 127.0.0.1:")?.trim().parse().ok());
        // Anvil goes on writing: the pipe must be read to its end.
        std::thread::spawn(move || lines.for_each(drop));
        Self { _child: child, port: port.expect("anvil says where it listens") }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// A JSON-RPC request.
    pub(crate) fn rpc(&self, method: &str, params: Value) -> Value {
        let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
        let body = body.to_string();
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).expect("anvil listens");
        let head = "POST / HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
                    connection: close\r\ncontent-length: ";
        write!(stream, "{head}{}\r\n\r\n{body}", body.len()).expect("anvil reads");
        let mut text = String::new();
        stream.read_to_string(&mut text).expect("anvil answers");
        let (_, answer) = text.split_once("\r\n\r\n").expect("a body");
        let answer: Value = serde_json::from_str(answer.trim()).expect("JSON");
        assert!(answer.get("error").is_none(), "{method}: {answer}");
        answer["result"].clone()
    }

    /// Sends from one of anvil's accounts; the receipt.
    pub(crate) fn transact(&self, to: Option<Address>, data: &[u8]) -> Value {
        let mut request = json!({ "from": OPERATOR, "data": hex0x(data) });
        if let Some(to) = to {
            request["to"] = json!(to);
        }
        let hash = self.rpc("eth_sendTransaction", json!([request]));
        let receipt = (0..100).find_map(|_| {
            std::thread::sleep(std::time::Duration::from_millis(50));
            let receipt = self.rpc("eth_getTransactionReceipt", json!([hash]));
            (!receipt.is_null()).then_some(receipt)
        });
        let receipt = receipt.expect("the transaction is soon in a block");
        assert_eq!(receipt["status"], "0x1", "{receipt}");
        receipt
    }

    /// Creates the test token; all of it is the operator's.
    pub(crate) fn token(&self, supply: u128) -> Address {
        let path = contracts().join("artifacts/TestToken.json");
        let artifact: Value =
            serde_json::from_slice(&std::fs::read(path).expect("an artifact")).expect("JSON");
        let code = artifact["bytecode"].as_str().and_then(|t| t.strip_prefix("0x"));
        let mut data = hex::decode(code.expect("bytecode")).expect("hexadecimal");
        data.extend(U256::from(supply).to_be_bytes::<32>());
        let receipt = self.transact(None, &data);
        receipt["contractAddress"].as_str().and_then(|a| a.parse().ok()).expect("an address")
    }

    /// Lets time pass.
    pub(crate) fn pass(&self, seconds: u64) {
        self.rpc("evm_increaseTime", json!([seconds]));
        self.rpc("evm_mine", json!([]));
    }

    pub(crate) fn blocks(&self) -> Value {
        self.rpc("eth_blockNumber", json!([]))
    }

    pub(crate) fn client(&self) -> Client {
        Client::connect(&self.url(), &GO_ON).expect("anvil answers")
    }

    /// What an account has of a token, or of the chain's coin.
    pub(crate) fn balance(&self, token: Option<Address>, account: &str) -> u128 {
        let account: Address = account.parse().expect("an address");
        let client = self.client();
        let balance = match token {
            Some(token) => client.view(token, &Token::balanceOfCall { account }),
            None => client.coins(account),
        };
        u128::try_from(balance.expect("a balance")).expect("below 2^128")
    }
}

pub(crate) fn hex0x(bytes: &[u8]) -> String {
    format!("0x{}", hex::encode(bytes))
}

/// A project and a chain.
pub(crate) struct Net {
    pub(crate) world: World,
    pub(crate) anvil: Anvil,
    /// The key that the program finds in its environment.
    pub(crate) key: &'static str,
}

impl Net {
    pub(crate) fn new() -> Self {
        Self { world: World::new(), anvil: Anvil::start(31_337), key: OPERATOR_KEY }
    }

    /// Runs `meed -p net chain ..` with the node and a key.
    pub(crate) fn chain(&self, args: &[&str]) -> Said {
        self.with_project("net", args)
    }

    /// The same in another project.
    pub(crate) fn with_project(&self, project: &str, args: &[&str]) -> Said {
        let all = [&["-p", project, "chain"], args].concat();
        let mut command = self.world.command(env!("CARGO_BIN_EXE_meed"), &all);
        command.env("MEED_RPC", self.anvil.url()).env("MEED_PRIVATE_KEY", self.key);
        let said = Said::of(command.stdin(Stdio::null()).output().expect("the program runs"));
        assert!(!said.out.contains(self.key) && !said.err.contains(self.key), "{said:#?}");
        said
    }

    /// The same, sending without a question, as JSON.
    #[track_caller]
    pub(crate) fn done(&self, args: &[&str]) -> Value {
        let said = self.chain(&[args, &["--yes", "--json"]].concat());
        said.expect(0, &[]).json()
    }

    pub(crate) fn status(&self) -> Value {
        self.chain(&["status", "--json"]).expect(0, &[]).json()
    }

    /// Deploys for the local key of shape XS and gives the contract's address.
    #[track_caller]
    pub(crate) fn deploy(&self, token: &str, more: &[&str]) -> Value {
        self.world.run(&["setup", "XS", "--insecure-local"]).expect(0, &["INSECURE KEY"]);
        self.done(&[&DEPLOY[..], &["--token", token], more].concat())
    }

    /// Settles an epoch natively and proves it for the contract.
    #[track_caller]
    pub(crate) fn prove(&self, contract: &str) {
        let domain = ["--chain-id", "31337", "--contract", contract];
        self.world.net(&[&["prove"], &domain[..]].concat()).expect(0, &["Proved epoch"]);
    }

    /// What the native settlement of an epoch pays: account and amount.
    pub(crate) fn payouts(&self, epoch: u64) -> Vec<(String, u128)> {
        let path = self.world.path(&format!("net/epochs/{epoch}/settlement/payouts.csv"));
        let text = std::fs::read_to_string(path).expect("a settlement");
        let row = |row: &str| {
            let (account, amount) = row.split_once(',').expect("two fields");
            (account.to_owned(), amount.parse().expect("an amount"))
        };
        text.lines().skip(1).map(row).collect()
    }

    /// What waits after an epoch, in credits, by account.
    pub(crate) fn waiting(&self, epoch: u64) -> Vec<(String, u128)> {
        let path = self.world.path(&format!("net/epochs/{epoch}/settlement/state.csv"));
        let text = std::fs::read_to_string(path).expect("a settlement");
        let row = |row: &str| {
            let (account, credits) = row.split_once(',').expect("two fields");
            (account.to_owned(), credits.parse().expect("credits"))
        };
        text.lines().skip(1).map(row).collect()
    }
}

/// `chain deploy` on a development chain, but for the token.
pub(crate) const DEPLOY: [&str; 11] = [
    "deploy",
    "--key",
    "keys/meed-groth16-XS.vk.json",
    "--owner",
    OPERATOR,
    "--operator",
    OPERATOR,
    "--guardian",
    OPERATOR,
    "--treasury",
    TREASURY,
];
