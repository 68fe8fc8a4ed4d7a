//! What receipts and reports say in words.

use super::epochs::{
    account, bps, story, synthetic, BASE, COPIER, IDLE, LATE, MIXER, REMAINDER, SERVER,
};
use meed_ledger::receipt::{receipt, Show};
use meed_ledger::report::{report, ReportError};
use meed_statement::settle::settle;

/// The text of an account of the story, which must hold each of `said`.
fn says(owner: u8, said: &[&str]) {
    let (inputs, trace, names) = story();
    let receipt = receipt(&inputs, &trace, &names, &account(owner)).unwrap();
    receipt.check().unwrap();
    let text = receipt.to_text(&Show::default());
    for part in said {
        assert!(text.contains(part), "expected {part:?} in\n{text}");
    }
}

#[test]
fn the_owner_of_the_original_sees_the_whole_chain() {
    says(
        BASE,
        &[
            "Receipt for 0x1111111111111111111111111111111111111111, epoch 3",
            // Event 0: 600 for 96 points, of which 16 are alder's. Event 1: 600 for 48, 16 of them.
            "event 0: score 1.00000, 16.66% of the event's points, fee 1,000: 16 points",
            "event 1: score 1.00000, 33.33% of the event's points, fee 1,000: 16 points",
            // blend took in 200 and copycat's 300; half of it comes up.
            "alder: received 250 units, 5,000 bps (50%) of everything that came in at blend.",
            "+ from asset 1, blend: 5,000 bps (50%) of 500 units -> 250 units",
            "Where the income that others' assets passed up came from",
            "Asset 2, copycat of 0x3333…3333",
            "from its scores: 300 units",
            "+ from asset 2, copycat: 10,000 bps (100%) -> 300 units",
            "fined: a penalty of 2,500 bps (25%) of everything that came in, 100 units, went to the \
             remainder account.",
            "- above the cap                100 units",
            "Paid now: 750 units",
        ],
    );
}

#[test]
fn the_copier_learns_why_nothing_stays() {
    says(
        COPIER,
        &[
            "copycat: 10,000 bps (100%) of everything that came in, 300 units, went on because it is \
             marked as a copy of blend (0x2222…2222).",
            "copycat: its score was below the threshold of 0.500000 in 1 of 2 records (1 negative), so \
             this one counted nothing.",
            "event 1: score -0.562500, negative, counts nothing",
            "Asset 1, blend of 0x2222…2222: passes on 5,000 bps (50%) to asset 0, alder",
            "Asset 0, alder of 0x1111…1111: keeps all of it",
            "5.25 units waited for you from earlier epochs.",
            "5.25 units is under the minimum payout of 200 units: all of it waits, nothing is lost.",
            "Paid now: 0 units",
            "Waits:    5.25 units",
        ],
    );
}

#[test]
fn the_mixer_learns_of_threshold_and_royalty() {
    says(
        MIXER,
        &[
            "blend: its score was below the threshold of 0.500000 in 2 of 3 records, so these counted \
             nothing.",
            "event 1: score 0.437500, below the threshold, counts nothing",
            "blend: received 300 units, everything that came in at copycat, as it is marked as a copy \
             of blend.",
            "blend: 5,000 bps (50%) of everything that came in, 250 units, went on because it owes alder \
             (0x1111…1111) a royalty.",
            "Paid now: 250 units",
            "All of it is paid now.",
        ],
    );
}

#[test]
fn who_has_nothing_gets_a_clear_answer() {
    says(
        IDLE,
        &[
            "oak: no event named it, so it earned nothing directly.",
            "Nothing came in and nothing waited, so nothing is paid.",
            "Paid now: 0 units",
        ],
    );
    says(
        LATE,
        &[
            "You own no registered asset and have no role",
            "199.000000… units is under the minimum payout of 200 units",
            "(2,188,028,139,274,240,001 credits)",
        ],
    );
}

#[test]
fn cap_and_remainder_are_explained() {
    says(
        SERVER,
        &[
            "served event 0: 1,000 bps (10%) of a fee of 1,000 -> 100 units",
            "was the model of event 2: 2,000 bps (20%) of a fee of 1,000 -> 200 units",
            "You earned 900 units, but an account earns at most 2,500 bps (25%) of the epoch's fees, 750 \
             units: the excess of 150 units went to the remainder account.",
        ],
    );
    says(
        REMAINDER,
        &[
            "(all of the data share of 1 event without a counted score)",
            "event 2: no score counted, so all of the data share -> 600 units",
            "penalty of asset 4, fined: 2,500 bps (25%) -> 100 units",
            "above the cap, 0x6666…6666: 150 units",
            "+ cap excess of others",
        ],
    );
}

#[test]
fn token_decimals_are_an_option() {
    let (inputs, trace, names) = story();
    let receipt = receipt(&inputs, &trace, &names, &account(BASE)).unwrap();
    let text = receipt.to_text(&Show::token(2, "EUR").unwrap());
    assert!(text.contains("Paid now: 7.5 EUR"), "{text}");
    assert!(text.contains("Amounts are in EUR, of 10^2 base units each"), "{text}");
}

#[test]
fn names_cannot_rewrite_a_terminal_or_a_page() {
    let (inputs, trace, mut names) = story();
    names[0] = "\u{1b}[2J\n# paid | <script> https://x.y `a`".to_owned();
    names[1] = String::new();
    names.truncate(3);
    let text = receipt(&inputs, &trace, &names, &account(BASE)).unwrap().to_text(&Show::default());
    assert!(!text.contains('\u{1b}') && !text.contains("\n# paid"), "{text}");
    assert!(text.contains("asset 1") && text.contains("asset 4"), "{text}");
    let text = report(&inputs, &trace, &names, None, &Show::default()).unwrap();
    assert!(!text.contains('\u{1b}') && !text.contains("<script"), "{text}");
    assert!(text.contains("\\# paid \\| &lt;script\\> https\\://x.y \\`a\\`"), "{text}");
}

#[test]
fn a_report_tells_the_story() {
    let (inputs, trace, names) = story();
    let text = report(&inputs, &trace, &names, None, &Show::default()).unwrap();
    assert_eq!(text, report(&inputs, &trace, &names, None, &Show::default()).unwrap());
    for said in [
        "# Epoch 3: who got what, and why",
        "**Not proved:**",
        "3 paid events brought in 3,000 units.",
        "| 6,000 bps (60%) | the data, by score | 1,200 units |",
        "left of the data's share, for the remainder account 0xcccc…cccc | 600 units |",
        "| 0x6666…6666 | 750 units |",
        "| 0x1111…1111 | 750 units | 27.77% | alder, fined |",
        "These accounts are under the minimum payout of 200 units.",
        "| 0x3333…3333 | 5.25 units | 0 units |",
        "copycat of 0x3333…3333 is marked as a copy of blend of 0x2222…2222: all that came in, 300 units, \
         went there.",
        "- blend owes alder 5,000 bps (50%) of what comes in: 250 units.",
        "- fined of 0x1111…1111 lost 2,500 bps (25%) of what came in, 100 units, to the remainder account.",
        "No account earns more than 2,500 bps (25%) of the epoch's fees, 750 units.",
        "- 0x6666…6666 earned 900 units; 150 units of it went to the remainder account.",
        "In 1 event no score reached the threshold",
        "1 registered asset earned and received nothing.",
        "Not one credit was lost or invented.",
        "There is none yet.",
    ] {
        assert!(text.contains(said), "expected {said:?} in\n{text}");
    }
    assert!(!text.contains(&inputs.salt.to_string()));
}

#[test]
fn reports_of_all_epochs_balance() {
    for (inputs, trace) in synthetic() {
        let text = report(&inputs, &trace, &[], None, &Show::default()).unwrap();
        assert!(text.contains("Not one credit was lost or invented."));
        // Every line of a table has its columns.
        let bars = |line: &&str| line.matches('|').count();
        let mut rows = text.lines().filter(|line| line.starts_with('|')).peekable();
        assert!(rows.peek().is_some());
        assert!(rows.all(|row| (3..=8).contains(&bars(&row))));
    }
    let (mut inputs, trace, names) = story();
    let mut lost = trace.clone();
    lost.accounts[0].accrued_after += ruint::aliases::U256::from(1);
    let text = report(&inputs, &lost, &names, None, &Show::default()).unwrap();
    assert!(text.contains("do not pay anyone"));
    inputs.events.pop();
    let error = report(&inputs, &trace, &names, None, &Show::default()).unwrap_err();
    assert_eq!(error, ReportError::Trace { what: "prices", expected: 2, got: 3 });
}

#[test]
fn without_a_threshold_zero_scores_are_not_called_below_it() {
    let (mut inputs, _, names) = story();
    inputs.policy.threshold = 0;
    inputs.registry[3].penalty = bps(10_000);
    let trace = settle(&inputs).unwrap();
    let text =
        receipt(&inputs, &trace, &names, &account(COPIER)).unwrap().to_text(&Show::default());
    assert!(text.contains("copycat: its score was not above zero in 1 of 2 records"), "{text}");
    let text = receipt(&inputs, &trace, &names, &account(IDLE)).unwrap().to_text(&Show::default());
    assert!(text.contains("oak: it is suspended, so all that came in, 0 units"), "{text}");
}
