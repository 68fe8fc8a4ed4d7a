//! Pages of several epochs, and a list of them: as files, or for the server.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use meed_ledger::atomic::{Access, Existing, Staging};
use meed_ledger::receipt::Show;
use meed_ledger::LedgerError;

use super::{escape, render, PageError, NOTICE, STYLE};
use crate::view::{TrendRow, View};

/// The list's file name.
pub const INDEX: &str = "index.html";

/// Pages by epoch. Each shows all of them as its trend.
#[derive(Debug)]
pub struct Site {
    views: BTreeMap<u64, View>,
    trend: Vec<TrendRow>,
    show: Show,
}

/// Why pages could not be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SiteError {
    /// A page could not be made.
    #[error(transparent)]
    Page(#[from] PageError),
    /// A file could not be written.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

impl Site {
    /// Pages of these views. Of two views of one epoch the later one stays.
    #[must_use]
    pub fn new(views: impl IntoIterator<Item = (u64, View)>, show: &Show) -> Self {
        let views: BTreeMap<u64, View> = views.into_iter().collect();
        let own = |(epoch, view): (&u64, &View)| {
            view.trend.iter().find(|row| row.epoch == (*epoch).into()).cloned()
        };
        let trend: Vec<TrendRow> = views.iter().filter_map(own).collect();
        let with_trend = |(epoch, view): (u64, View)| (epoch, view.with_trend(trend.clone()));
        let views = views.into_iter().map(with_trend).collect();
        Self { views, trend, show: show.clone() }
    }

    /// Numbers of the epochs, increasing.
    pub fn epochs(&self) -> impl Iterator<Item = u64> + '_ {
        self.views.keys().copied()
    }

    /// The pages' views, by epoch.
    pub fn views(&self) -> impl Iterator<Item = &View> {
        self.views.values()
    }

    /// The file of a name: [`INDEX`], `epoch-N.html` or `NOTICE.txt`. `None` for any other name.
    ///
    /// # Errors
    /// [`PageError`].
    pub fn file(&self, name: &str) -> Result<Option<String>, PageError> {
        if name == INDEX {
            return Ok(Some(self.index()));
        }
        if name == "NOTICE.txt" {
            return Ok(Some(NOTICE.to_owned()));
        }
        let number = name.strip_prefix("epoch-").and_then(|rest| rest.strip_suffix(".html"));
        let epoch = number.and_then(|number| number.parse::<u64>().ok());
        // One name for a page: no `epoch-01.html`.
        let epoch = epoch.filter(|epoch| name == page_name(*epoch));
        epoch.and_then(|epoch| self.views.get(&epoch)).map(render).transpose()
    }

    /// Writes all files into a new folder, or in place of an empty one, in one step.
    ///
    /// # Errors
    /// [`SiteError`].
    pub fn write(&self, folder: &Path) -> Result<(), SiteError> {
        let staging = Staging::new(folder, Access::Public)?;
        let names = self.epochs().map(page_name).chain([INDEX.into(), "NOTICE.txt".into()]);
        for name in names {
            let text = self.file(&name)?.unwrap_or_default();
            staging.write(&name, Access::Public, |out| out.write_all(text.as_bytes()))?;
        }
        Ok(staging.commit(Existing::Refuse)?)
    }

    /// The list: a plain page, without a program.
    fn index(&self) -> String {
        let most = self.trend.iter().map(|row| row.fees).max().unwrap_or_default();
        let mut rows = String::new();
        for (row, view) in self.trend.iter().zip(self.views.values()) {
            let credits = |amount: meed_ledger::receipt::Number| {
                escape(&self.show.credits(amount.0 * meed_statement::units::unit()))
            };
            let epoch = row.epoch.to_string();
            let name = format!("epoch-{epoch}.html");
            let hundredths = (row.fees.0 * ruint::aliases::U256::from(100u8))
                .checked_div(most.0)
                .unwrap_or_default();
            let proof = match &view.proof {
                None => "none",
                Some(proof) if proof.insecure => "INSECURE KEY",
                Some(_) if row.proved => "verified",
                Some(_) => "not verified",
            };
            // Writing to a string cannot fail.
            let _ = writeln!(
                rows,
                "<tr><th scope=\"row\"><a href=\"{name}\">Epoch {epoch}</a></th>\
                 <td class=\"num\">{}</td>\
                 <td aria-hidden=\"true\"><svg width=\"100\" height=\"8\" role=\"presentation\">\
                 <rect class=\"node data\" width=\"{hundredths}\" height=\"8\" rx=\"2\"/></svg></td>\
                 <td class=\"num\">{}</td><td class=\"num\">{}</td><td class=\"num\">{}</td>\
                 <td class=\"nowrap\">{proof}</td></tr>",
                credits(row.fees),
                credits(row.paid),
                row.accounts,
                escape(&self.show.credits(row.waiting.0)),
            );
        }
        let policy = super::static_policy();
        format!(
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta http-equiv=\"Content-Security-Policy\" content=\"{policy}\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"referrer\" content=\"no-referrer\">\n\
             <link rel=\"icon\" href=\"data:,\">\n<title>Epochs - Meed</title>\n\
             <style>{STYLE}</style>\n</head>\n<body>\n\
             <header class=\"top\"><div class=\"wrap\"><span class=\"brand\">Meed</span></div></header>\n\
             <main class=\"wrap\"><div class=\"hero\"><p class=\"eyebrow\">Who got what, and why</p>\
             <h1>Epochs</h1></div>\n\
             <div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Epochs\"><table>\n\
             <thead><tr><th scope=\"col\">Epoch</th><th scope=\"col\" class=\"num\">Fees</th>\
             <td></td><th scope=\"col\" class=\"num\">Paid</th>\
             <th scope=\"col\" class=\"num\">Accounts</th>\
             <th scope=\"col\" class=\"num\">Waits afterwards</th><th scope=\"col\">Proof</th></tr></thead>\n\
             <tbody>\n{rows}</tbody>\n</table></div>\n\
             <p class=\"hint\">Each page checks itself in the browser, its proof included.</p>\n\
             </main>\n</body>\n</html>\n"
        )
    }
}

fn page_name(epoch: u64) -> String {
    format!("epoch-{epoch}.html")
}
