//! `requests.csv`: outputs that are paid for elsewhere, `id,service,model`. With their fees they become
//! `events.csv`.

use std::path::{Path, PathBuf};

use crate::error::{Fault, LedgerError, Result};
use crate::events::{Builder, Events};
use crate::registry::Registry;
use crate::table::Table;

const HEADER: &[&str] = &["id", "service", "model"];

/// An output that somebody is to pay for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request {
    /// Identifier of the event.
    pub id: [u8; 16],
    /// Index of the asset that served it.
    pub service: u32,
    /// Index of the model that made it.
    pub model: u32,
    /// Its line in the file, from 1.
    pub line: u64,
}

/// Requests in the order of their file.
#[derive(Clone, Debug)]
pub struct Requests {
    path: PathBuf,
    list: Vec<Request>,
}

impl Requests {
    /// Reads requests.
    ///
    /// # Errors
    /// [`LedgerError::Input`] with the line: an id twice, an asset that is unknown or of another kind;
    /// [`LedgerError::Io`].
    pub fn load(path: &Path, registry: &Registry) -> Result<Self> {
        Self::read(Table::open(path, HEADER)?, path, registry)
    }

    /// Reads requests from bytes; `path` is for errors.
    ///
    /// # Errors
    /// As [`Requests::load`].
    pub fn parse(path: &Path, bytes: &[u8], registry: &Registry) -> Result<Self> {
        Self::read(Table::new(path, bytes, HEADER)?, path, registry)
    }

    fn read(mut table: Table<'_>, path: &Path, registry: &Registry) -> Result<Self> {
        // They are events whose fees are not known yet.
        let mut builder = Builder::new(registry);
        let mut lines = Vec::new();
        while let Some(row) = table.next_row()? {
            let [id, service, model] = [0, 1, 2].map(|field| row.get(field));
            let first = |first: u32| format!("on line {}", first + 2);
            builder.push(id, 0, service, model, first).map_err(|fault| row.fault(fault))?;
            lines.push(row.line);
        }
        let request = |(event, line): (&meed_statement::types::Event, u64)| Request {
            id: event.id,
            service: event.service,
            model: event.model,
            line,
        };
        let list = builder.finish().as_slice().iter().zip(lines).map(request).collect();
        Ok(Self { path: path.to_owned(), list })
    }

    /// The requests, in order.
    #[must_use]
    pub fn as_slice(&self) -> &[Request] {
        &self.list
    }

    /// An error about a request, with its line.
    #[must_use]
    pub fn fault(&self, request: &Request, fault: Fault) -> LedgerError {
        LedgerError::at_line(&self.path, request.line, fault)
    }

    /// The events that these requests are with their fees, base units; `None` leaves one out. `registry` is the
    /// one that they were read with.
    ///
    /// # Errors
    /// [`LedgerError::Input`] with the line of a fee of 2^80 or more, or of fees of 2^92 or more together.
    pub fn funded(
        &self,
        registry: &Registry,
        fee: impl Fn(&Request) -> Option<u128>,
    ) -> Result<Events> {
        let mut builder = Builder::new(registry);
        let name = |index: u32| registry.names()[index as usize].as_str();
        for request in &self.list {
            let Some(fee) = fee(request) else { continue };
            let (service, model) = (name(request.service), name(request.model));
            builder
                .push(&hex::encode(request.id), fee, service, model, |_| String::new())
                .map_err(|fault| self.fault(request, fault))?;
        }
        Ok(builder.finish())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::events::test_registry as names;

    const ID: &str = "00112233445566778899aabbccddeeff";

    fn read(rows: &str) -> std::result::Result<Requests, String> {
        let text = format!("id,service,model\n{rows}");
        Requests::parse(Path::new("requests.csv"), text.as_bytes(), &names())
            .map_err(|e| e.to_string())
    }

    #[test]
    fn funded_requests_are_events() {
        let requests = read(&format!("{ID},s,m\n1{},s,a\n", &ID[1..])).unwrap();
        let events = requests.funded(&names(), |request| Some(u128::from(request.line))).unwrap();
        let mut out = Vec::new();
        events.write(names().names(), &mut out).unwrap();
        assert_eq!(Events::parse(Path::new("events.csv"), &out, &names()).unwrap(), events);
        assert_eq!(events.as_slice()[1].fee, 3);
        let some = requests.funded(&names(), |request| (request.line == 3).then_some(1)).unwrap();
        assert_eq!((some.len(), some.index(ID)), (1, None));
    }

    #[test]
    fn errors_name_the_line() {
        for (bad, expected) in [
            (format!("{ID},s,m\n"), "event 00112233445566778899aabbccddeeff is there twice"),
            ("12,s,m\n".to_owned(), "id: expected 32 hexadecimal digits"),
            (format!("1{},x,m\n", &ID[1..]), "service \"x\" is unknown"),
            (format!("1{},s,d\n", &ID[1..]), "model: expected an asset of kind model or adapter"),
        ] {
            let error = read(&format!("{ID},s,m\n{bad}")).unwrap_err();
            assert!(error.starts_with("requests.csv, line 3: "), "{error}");
            assert!(error.contains(expected), "{error}");
        }
        let requests = read(&format!("{ID},s,m\n")).unwrap();
        let error = requests.funded(&names(), |_| Some(1 << 80)).unwrap_err().to_string();
        assert!(
            error.starts_with("requests.csv, line 2: fee: expected a whole number up to"),
            "{error}"
        );
        let rows: String = (0..4_097).map(|i| format!("{i:032x},s,m\n")).collect();
        let error =
            read(&rows).unwrap().funded(&names(), |_| Some((1 << 80) - 1)).unwrap_err().to_string();
        assert!(error.starts_with("requests.csv, line 4098: sum of the fees"), "{error}");
    }
}
