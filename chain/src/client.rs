//! A node of a chain, asked one question at a time.

use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use alloy::eips::BlockId;
use alloy::network::{Ethereum, TransactionBuilder};
use alloy::primitives::{Address, Bytes, U256};
use alloy::providers::{Provider, RootProvider};
use alloy::rpc::client::RpcClient;
use alloy::rpc::json_rpc::ErrorPayload;
use alloy::rpc::types::{Block, TransactionRequest};
use alloy::sol_types::SolCall;
use alloy::transports::http::Http;
use alloy::transports::{RpcError, TransportErrorKind, TransportResult};
use reqwest::Url;
use tokio::runtime::{Builder, Runtime};
use zeroize::Zeroizing;

use crate::error::{ChainError, Result};
use crate::revert;

/// How long a node may take to answer.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long it may take to accept a connection.
const CONNECT: Duration = Duration::from_secs(10);
/// How often the caller's wish to stop is looked at.
const TICK: Duration = Duration::from_millis(100);

/// A node and the chain that it serves.
pub struct Client {
    provider: RootProvider<Ethereum>,
    runtime: Runtime,
    /// Scheme, host and port.
    node: String,
    /// What errors must not repeat: the whole address, and its part after the host.
    secrets: Vec<Zeroizing<String>>,
    chain_id: u64,
    stop: &'static AtomicBool,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut debug = f.debug_struct("Client");
        debug.field("node", &self.node).field("chain_id", &self.chain_id).finish_non_exhaustive()
    }
}

/// What a contract answers to a trial.
pub(crate) enum Trial<T> {
    /// It would go through.
    Done(T),
    /// It would be reverted, for this reason.
    Reverted(String),
}

impl Client {
    /// Connects to the node at `url` and asks for its chain. `stop` ends every wait.
    ///
    /// # Errors
    /// [`ChainError::Url`]; [`ChainError::Node`].
    pub fn connect(url: &str, stop: &'static AtomicBool) -> Result<Self> {
        let parsed: Url = url.parse().map_err(|_| ChainError::Url("got another text"))?;
        if !matches!(parsed.scheme(), "http" | "https") {
            return Err(ChainError::Url("only http and https are supported"));
        }
        let host = parsed.host_str().ok_or(ChainError::Url("got one without a host"))?;
        let port = parsed.port().map(|port| format!(":{port}")).unwrap_or_default();
        let node = format!("{}://{host}{port}", parsed.scheme());
        let mut secrets = vec![Zeroizing::new(url.to_owned()), Zeroizing::new(parsed.to_string())];
        if parsed.path().len() > 1 {
            secrets.push(Zeroizing::new(parsed.path().to_owned()));
        }
        secrets.extend(parsed.query().map(|query| Zeroizing::new(query.to_owned())));
        secrets.extend(parsed.password().map(|password| Zeroizing::new(password.to_owned())));

        let failed = |action: &str, reason: String| ChainError::Node {
            node: node.clone(),
            action: action.to_owned(),
            reason,
        };
        let runtime = Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|e| failed("start", e.to_string()))?;
        let http = reqwest::Client::builder()
            .timeout(PATIENCE)
            .connect_timeout(CONNECT)
            .build()
            .map_err(|e| failed("set TLS up", cause(&e)))?;
        let local = matches!(host, "localhost" | "127.0.0.1" | "[::1]");
        let transport = Http::with_client(http, parsed.clone());
        let provider = RootProvider::new(RpcClient::new(transport, local));
        let mut client = Self { provider, runtime, node, secrets, chain_id: 0, stop };
        client.chain_id =
            client.ask("ask for the chain's id", |p| async move { p.get_chain_id().await })?;
        Ok(client)
    }

    /// The chain's id.
    #[must_use]
    pub fn chain_id(&self) -> u64 {
        self.chain_id
    }

    /// The node's scheme, host and port.
    #[must_use]
    pub fn node(&self) -> &str {
        &self.node
    }

    /// Fails unless the node serves the chain that `place` names.
    ///
    /// # Errors
    /// [`ChainError::WrongChain`].
    pub fn demand_chain(&self, expected: u64, place: &str) -> Result<()> {
        if self.chain_id == expected {
            return Ok(());
        }
        let (node, place) = (self.node.clone(), place.to_owned());
        Err(ChainError::WrongChain { node, expected, got: self.chain_id, place })
    }

    /// Fails unless there is code at `address`.
    ///
    /// # Errors
    /// [`ChainError::NoCode`]; [`ChainError::Node`].
    pub fn demand_code(&self, address: Address, what: &'static str, hint: &str) -> Result<()> {
        if self.has_code(address)? {
            return Ok(());
        }
        Err(ChainError::NoCode { chain_id: self.chain_id, address, what, hint: hint.to_owned() })
    }

    /// Whether there is a contract at `address`.
    ///
    /// # Errors
    /// [`ChainError::Node`].
    pub fn has_code(&self, address: Address) -> Result<bool> {
        Ok(!self.code(address)?.is_empty())
    }

    /// The code at `address`.
    pub(crate) fn code(&self, address: Address) -> Result<Bytes> {
        self.ask("read code", |p| async move { p.get_code_at(address).await })
    }

    /// The code at `address`, as of a block.
    pub(crate) fn code_at(&self, address: Address, block: BlockId) -> Result<Bytes> {
        self.ask("read code", |p| async move { p.get_code_at(address).block_id(block).await })
    }

    /// What an account has of the chain's coin.
    ///
    /// # Errors
    /// [`ChainError::Node`].
    pub fn coins(&self, account: Address) -> Result<U256> {
        self.coins_at(account, BlockId::latest())
    }

    /// What an account had of the chain's coin, as of a block.
    pub(crate) fn coins_at(&self, account: Address, block: BlockId) -> Result<U256> {
        self.ask("read a balance", |p| async move { p.get_balance(account).block_id(block).await })
    }

    /// The block with a number; `None` when there is none yet.
    pub(crate) fn block(&self, number: u64) -> Result<Option<Block>> {
        self.ask("read a block", |p| async move { p.get_block_by_number(number.into()).await })
    }

    /// The last block.
    ///
    /// # Errors
    /// [`ChainError::Node`].
    pub fn last_block(&self) -> Result<Block> {
        let action = "read the last block";
        let block = self.ask(action, |p| async move {
            p.get_block_by_number(alloy::eips::BlockNumberOrTag::Latest).await
        })?;
        block.ok_or_else(|| self.failed(action, "it has none".to_owned()))
    }

    /// Asks a contract, as of the last block.
    ///
    /// # Errors
    /// [`ChainError::Contract`] when it does not answer as this function does;
    /// [`ChainError::Refused`]; [`ChainError::Node`].
    pub fn view<C: SolCall>(&self, to: Address, call: &C) -> Result<C::Return> {
        self.view_at(to, call, BlockId::latest())
    }

    /// Asks a contract, as of a block.
    ///
    /// # Errors
    /// As [`Client::view`].
    pub(crate) fn view_at<C: SolCall>(
        &self,
        to: Address,
        call: &C,
        block: BlockId,
    ) -> Result<C::Return> {
        let request = TransactionRequest::default().with_to(to).with_input(call.abi_encode());
        let what = C::SIGNATURE;
        let trial = self.trial(what, |p| async move { p.call(request).block(block).await })?;
        let Trial::Done(answer) = trial else {
            return Err(self.other(to, what, "a refusal"));
        };
        C::abi_decode_returns(&answer).map_err(|_| {
            let got = match answer.is_empty() {
                true => "no answer".to_owned(),
                false => format!("{} bytes that are none", answer.len()),
            };
            self.other(to, what, &got)
        })
    }

    fn other(&self, address: Address, what: &str, got: &str) -> ChainError {
        let expected = format!("a contract that answers to {what}");
        ChainError::Contract { address, expected, got: got.to_owned() }
    }

    /// Runs a request that a contract may refuse.
    pub(crate) fn trial<T, F>(
        &self,
        action: &str,
        request: impl FnOnce(RootProvider<Ethereum>) -> F,
    ) -> Result<Trial<T>>
    where
        F: Future<Output = TransportResult<T>>,
    {
        match self.wait(request(self.provider.clone()))? {
            Ok(done) => Ok(Trial::Done(done)),
            Err(RpcError::ErrorResp(payload)) => match revert_data(&payload) {
                Some(data) => Ok(Trial::Reverted(revert::reason(&data))),
                None if payload.message.contains("revert") => {
                    Ok(Trial::Reverted(self.scrub(payload.message.to_string())))
                }
                None => Err(self.failed(action, self.scrub(payload.message.to_string()))),
            },
            Err(error) => Err(self.failed(action, self.reason(&error))),
        }
    }

    /// Runs a request that a node may refuse for its size, and may answer when less is asked for.
    pub(crate) fn ask_for_less<T, F>(
        &self,
        action: &str,
        request: impl FnOnce(RootProvider<Ethereum>) -> F,
    ) -> Result<std::result::Result<T, ChainError>>
    where
        F: Future<Output = TransportResult<T>>,
    {
        match self.wait(request(self.provider.clone()))? {
            Ok(done) => Ok(Ok(done)),
            Err(error) => {
                let failed = self.failed(action, self.reason(&error));
                // Nodes and the gateways before them say it in many ways.
                let refused = match &error {
                    RpcError::ErrorResp(_) => true,
                    RpcError::Transport(TransportErrorKind::HttpError(http)) => {
                        matches!(http.status, 400 | 403 | 413 | 429 | 500..=599)
                    }
                    _ => false,
                };
                match refused {
                    true => Ok(Err(failed)),
                    false => Err(failed),
                }
            }
        }
    }

    /// Runs a request.
    pub(crate) fn ask<T, F>(
        &self,
        action: &str,
        request: impl FnOnce(RootProvider<Ethereum>) -> F,
    ) -> Result<T>
    where
        F: Future<Output = TransportResult<T>>,
    {
        self.wait(request(self.provider.clone()))?
            .map_err(|error| self.failed(action, self.reason(&error)))
    }

    /// Waits for work that needs no node.
    pub(crate) fn block_on<T>(&self, future: impl Future<Output = T>) -> Result<T> {
        self.wait(future)
    }

    /// Waits for an answer, or for the caller's wish to stop.
    fn wait<T>(&self, future: impl Future<Output = T>) -> Result<T> {
        self.runtime.block_on(async {
            let mut future = pin!(future);
            loop {
                self.go_on()?;
                if let Ok(done) = tokio::time::timeout(TICK, &mut future).await {
                    return Ok(done);
                }
            }
        })
    }

    /// Fails once the caller asked to stop.
    pub(crate) fn go_on(&self) -> Result<()> {
        match self.stop.load(Ordering::SeqCst) {
            true => Err(ChainError::Cancelled),
            false => Ok(()),
        }
    }

    /// Sleeps, unless the caller asks to stop.
    pub(crate) fn sleep(&self, time: Duration) -> Result<()> {
        // Made within the runtime: a timer needs one.
        self.wait(async { tokio::time::sleep(time).await })
    }

    pub(crate) fn failed(&self, action: &str, reason: String) -> ChainError {
        ChainError::Node { node: self.node.clone(), action: action.to_owned(), reason }
    }

    fn reason(&self, error: &RpcError<TransportErrorKind>) -> String {
        let text = match error {
            RpcError::ErrorResp(payload) => format!("it says: {}", payload.message),
            RpcError::Transport(TransportErrorKind::Custom(inner)) => {
                match inner.downcast_ref::<reqwest::Error>() {
                    Some(error) => cause(error),
                    None => inner.to_string(),
                }
            }
            RpcError::Transport(TransportErrorKind::HttpError(http)) => {
                let body: String =
                    http.body.chars().take(200).flat_map(char::escape_debug).collect();
                format!("HTTP status {}: {body}", http.status)
            }
            RpcError::DeserError { .. } => {
                "the answer is not what a node of a chain says".to_owned()
            }
            other => other.to_string(),
        };
        self.scrub(text)
    }

    /// Takes out what a node's address may hold in secret.
    fn scrub(&self, text: String) -> String {
        self.secrets.iter().fold(text, |text, secret| text.replace(secret.as_str(), "<..>"))
    }
}

/// The innermost cause: the others repeat the address.
fn cause(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "no answer in time".to_owned();
    }
    let mut innermost: Option<&dyn std::error::Error> = None;
    let mut next = std::error::Error::source(error);
    while let Some(error) = next {
        innermost = Some(error);
        next = error.source();
    }
    innermost.map_or_else(|| "the request failed".to_owned(), ToString::to_string)
}

/// The data of a refusal. Nodes differ in the message, so any data counts.
fn revert_data(payload: &ErrorPayload) -> Option<Bytes> {
    if let Some(data) = payload.as_revert_data() {
        return Some(data);
    }
    let data: serde_json::Value =
        payload.data.as_ref().and_then(|d| serde_json::from_str(d.get()).ok())?;
    let text = data.as_str()?;
    text.strip_prefix("Reverted ").unwrap_or(text).parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};
    use std::net::TcpListener;

    static STOP: AtomicBool = AtomicBool::new(false);

    #[test]
    fn a_node_has_an_address() {
        for bad in ["", "127.0.0.1:8545", "ws://127.0.0.1:1", "http://"] {
            let error = Client::connect(bad, &STOP).unwrap_err();
            assert!(matches!(error, ChainError::Url(_)), "{bad}: {error}");
        }
    }

    #[test]
    fn a_node_that_is_down_is_named_without_its_key() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);
        let url = format!("http://user:hunter2@127.0.0.1:{port}/v3/topsecret?key=alsosecret");
        let error = Client::connect(&url, &STOP).unwrap_err();
        let text = format!("{error} {error:?}");
        assert!(text.contains(&format!("http://127.0.0.1:{port}")), "{text}");
        assert!(text.contains("refused"), "{text}");
        for secret in ["topsecret", "alsosecret", "hunter2"] {
            assert!(!text.contains(secret), "{text}");
        }
    }

    /// A server that answers once.
    fn answers(status: &str, body: &'static str) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/key", listener.local_addr().unwrap());
        let head = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n{body}", body.len());
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(head.as_bytes());
        });
        url
    }

    #[test]
    fn what_a_server_says_is_told() {
        let url = answers("403 Forbidden", "no such project: /key");
        let error = Client::connect(&url, &STOP).unwrap_err().to_string();
        assert!(error.contains("HTTP status 403: no such project: <..>"), "{error}");
        let url = answers("200 OK", "<html>hello</html>");
        let error = Client::connect(&url, &STOP).unwrap_err().to_string();
        assert!(error.contains("not what a node of a chain says"), "{error}");
        let body = r#"{"jsonrpc":"2.0","id":0,"error":{"code":-32000,"message":"go away"}}"#;
        let error = Client::connect(&answers("200 OK", body), &STOP).unwrap_err().to_string();
        assert!(error.contains("it says: go away"), "{error}");
    }

    #[test]
    fn waiting_can_be_stopped() {
        static HALT: AtomicBool = AtomicBool::new(true);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        assert!(matches!(Client::connect(&url, &HALT), Err(ChainError::Cancelled)));
    }
}
