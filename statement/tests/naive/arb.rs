//! Random epochs, drawn towards the edges of every range.

use meed_statement::types::{
    Account, Asset, Bps, ContentHash, Edge, Event, Inputs, Kind, Policy, Record, StateEntry,
};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use ruint::aliases::U256;

/// Largest magnitude of a score.
const TOP_SCORE: i64 = (1 << 47) - 1;
/// Largest fee, and largest minimum payout.
const TOP_80: u128 = (1 << 80) - 1;

/// An epoch that shows all of itself when a test fails.
#[derive(Clone)]
pub(crate) struct Epoch(pub Inputs);

impl core::fmt::Debug for Epoch {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let Inputs { epoch, policy, registry, salt, events, records, state } = &self.0;
        f.debug_struct("Inputs")
            .field("epoch", epoch)
            .field("policy", policy)
            .field("registry", registry)
            .field("salt", salt)
            .field("events", events)
            .field("records", records)
            .field("state", state)
            .finish()
    }
}

/// How large an epoch may be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub assets: usize,
    pub events: usize,
    pub accounts: usize,
    pub state: usize,
}

/// Fits shape XS but for the accounts.
pub(crate) const TINY: Limits = Limits { assets: 6, events: 3, accounts: 5, state: 3 };
/// Deep chains, many records.
pub(crate) const LARGER: Limits = Limits { assets: 40, events: 12, accounts: 30, state: 15 };

/// A score, told relative to the threshold.
#[derive(Clone, Copy, Debug)]
enum Score {
    Threshold(i64),
    Absolute(i64),
}

fn arb_score() -> impl Strategy<Value = Score> {
    prop_oneof![
        3 => (-1..=1i64).prop_map(Score::Threshold),
        1 => (0..1000i64).prop_map(Score::Threshold),
        2 => prop::sample::select(vec![0, 1, -1, TOP_SCORE, -TOP_SCORE]).prop_map(Score::Absolute),
        3 => (-TOP_SCORE..=TOP_SCORE).prop_map(Score::Absolute),
        2 => (0..1i64 << 40).prop_map(Score::Absolute),
    ]
}

fn arb_account() -> impl Strategy<Value = Account> {
    prop_oneof![
        8 => any::<[u8; 20]>(),
        1 => Just([0xff; 20]),
        1 => (1..=3u8).prop_map(|low| {
            let mut bytes = [0; 20];
            bytes[19] = low;
            bytes
        }),
    ]
    .prop_map(|bytes| Account::new(bytes).unwrap_or(Account::new([7; 20]).unwrap()))
}

fn arb_bps() -> impl Strategy<Value = u32> {
    prop_oneof![2 => Just(0), 2 => Just(10_000), 1 => Just(1), 1 => Just(9_999), 6 => 0..=10_000u32]
}

fn arb_amount() -> impl Strategy<Value = u128> {
    prop_oneof![
        2 => Just(0),
        1 => Just(1),
        2 => Just(TOP_80),
        3 => 0..1000u128,
        4 => 0..=TOP_80,
        2 => any::<u64>().prop_map(u128::from),
    ]
}

fn arb_threshold() -> impl Strategy<Value = u64> {
    prop_oneof![
        3 => Just(0),
        1 => Just(1),
        1 => Just(TOP_SCORE as u64),
        4 => 0..=TOP_SCORE as u64,
        4 => 0..1u64 << 20,
    ]
}

fn arb_accrued() -> impl Strategy<Value = U256> {
    let top: U256 = (U256::from(1) << 134) - U256::from(1);
    let unit: U256 = U256::from(10_000u64) << 40;
    prop_oneof![
        Just(U256::from(1)),
        Just(top),
        Just(unit),
        Just(unit - U256::from(1)),
        any::<[u64; 3]>().prop_map(move |[a, b, c]| {
            let drawn: U256 = U256::from_limbs([a, b, c, 0]) & top;
            drawn.max(U256::from(1))
        }),
    ]
}

/// Five shares that add up to 10,000: one role takes all, or four cuts of the whole.
fn arb_shares() -> impl Strategy<Value = [u32; 5]> {
    prop_oneof![
        1 => (0..5usize).prop_map(|role| core::array::from_fn(|i| if i == role { 10_000 } else { 0 })),
        2 => Just([500, 500, 1_000, 2_000, 6_000]),
        4 => vec(0..=10_000u32, 4).prop_map(|mut cuts| {
            cuts.sort_unstable();
            let ends = [0, cuts[0], cuts[1], cuts[2], cuts[3], 10_000];
            core::array::from_fn(|i| ends[i + 1] - ends[i])
        }),
    ]
}

/// What an asset owes, before it is cut to what is possible.
#[derive(Clone, Debug)]
enum Owes {
    Nothing,
    /// 10,000 bps to the asset before it.
    Chain,
    /// Four edges to one parent.
    Four(Index, [u32; 4]),
    Some(Vec<(Index, u32)>, u32),
    Suspended,
}

fn arb_owes() -> impl Strategy<Value = Owes> {
    let edge = || (any::<Index>(), prop_oneof![1..=2_500u32, arb_bps()]);
    prop_oneof![
        2 => Just(Owes::Nothing),
        2 => Just(Owes::Chain),
        1 => (any::<Index>(), any::<[u16; 4]>())
            .prop_map(|(p, b)| Owes::Four(p, b.map(|v| u32::from(v) % 2_500 + 1))),
        5 => (vec(edge(), 0..=4), arb_bps()).prop_map(|(edges, penalty)| Owes::Some(edges, penalty)),
        1 => Just(Owes::Suspended),
    ]
}

fn bps(v: u32) -> Bps {
    Bps::new(v).unwrap()
}

fn asset(index: usize, owner: Account, owes: &Owes) -> Asset {
    let mut left = 10_000;
    let mut take = |wanted: u32| {
        let got = wanted.min(left);
        left -= got;
        bps(got)
    };
    let parent = |p: &Index| p.index(index) as u32;
    let mut edges = Vec::new();
    let mut penalty = bps(0);
    match owes {
        Owes::Suspended => penalty = bps(10_000),
        Owes::Chain if index > 0 => {
            edges.push(Edge { parent: index as u32 - 1, bps: take(10_000) });
        }
        Owes::Four(p, shares) if index > 0 => {
            edges.extend(shares.iter().map(|b| Edge { parent: parent(p), bps: take(*b) }));
        }
        Owes::Some(wanted, fine) => {
            if index > 0 {
                edges.extend(wanted.iter().map(|(p, b)| Edge { parent: parent(p), bps: take(*b) }));
            }
            penalty = take(*fine);
        }
        _ => {}
    }
    edges.retain(|e| e.bps.get() > 0);
    let mut hash = [0xab; 32];
    hash[8..16].copy_from_slice(&(index as u64).to_be_bytes());
    Asset { content_hash: ContentHash(hash), owner, kind: Kind::NAMES[index % 4].0, edges, penalty }
}

/// What of the records there is.
#[derive(Clone, Copy, Debug)]
enum Records {
    Drawn,
    None,
    AllNegative,
}

prop_compose! {
    fn arb_policy(accounts: usize)(
        shares in arb_shares(),
        own in vec(arb_account(), 3),
        picks in vec(prop::option::weighted(0.4, any::<Index>()), 3),
        threshold in arb_threshold(),
        cap in arb_bps(),
        min_payout in arb_amount(),
        fraction_bits in 0..=46u8,
    ) -> (Policy, [Option<usize>; 3]) {
        let [a, b, c, d, e] = shares.map(bps);
        let policy = Policy {
            platform_bps: a,
            stakers_bps: b,
            service_bps: c,
            model_bps: d,
            data_bps: e,
            platform: own[0],
            stakers: own[1],
            remainder: own[2],
            threshold,
            cap_bps: bps(cap),
            min_payout,
            fraction_bits,
        };
        (policy, core::array::from_fn(|i| picks[i].map(|p| p.index(accounts))))
    }
}

/// An epoch within these limits; at least one asset where there are events.
pub(crate) fn arb_epoch(limits: Limits) -> impl Strategy<Value = Epoch> {
    let Limits { assets, events, accounts, state } = limits;
    let sizes = (1..=assets, 0..=events, 1..=accounts);
    sizes.prop_flat_map(move |(assets, events, accounts)| {
        let roles = (any::<Index>(), any::<Index>());
        (
            (arb_policy(accounts), vec(arb_account(), accounts), 1..1000u64),
            (vec((any::<Index>(), arb_owes()), assets), any::<bool>()),
            vec((arb_amount(), roles), events),
            vec(prop::option::weighted(0.6, arb_score()), assets * events),
            prop_oneof![
                8 => Just(Records::Drawn),
                1 => Just(Records::None),
                1 => Just(Records::AllNegative)
            ],
            vec(
                (prop::option::weighted(0.6, any::<Index>()), arb_account(), arb_accrued()),
                0..=state,
            ),
        )
            .prop_map(build)
    })
}

type Drawn = (
    ((Policy, [Option<usize>; 3]), Vec<Account>, u64),
    (Vec<(Index, Owes)>, bool),
    Vec<(u128, (Index, Index))>,
    Vec<Option<Score>>,
    Records,
    Vec<(Option<Index>, Account, U256)>,
);

fn build(drawn: Drawn) -> Epoch {
    let (((mut policy, picks), pool, epoch), (assets, one_owner), events, scores, mode, state) =
        drawn;
    // Policy accounts are their own, or owners, or each other.
    for (pick, account) in
        picks.into_iter().zip([&mut policy.platform, &mut policy.stakers, &mut policy.remainder])
    {
        if let Some(pick) = pick {
            *account = pool[pick];
        }
    }
    let owner = |pick: &Index| if one_owner { pool[0] } else { *pick.get(&pool) };
    let registry: Vec<Asset> =
        assets.iter().enumerate().map(|(i, (pick, owes))| asset(i, owner(pick), owes)).collect();
    let events: Vec<Event> = events
        .iter()
        .enumerate()
        .map(|(i, (fee, (service, model)))| Event {
            id: (i as u128).to_be_bytes(),
            fee: *fee,
            service: service.index(registry.len()) as u32,
            model: model.index(registry.len()) as u32,
        })
        .collect();
    let score = |drawn: Score| {
        let score = match drawn {
            Score::Threshold(offset) => policy.threshold as i64 + offset,
            Score::Absolute(score) => score,
        };
        let score = score.clamp(-TOP_SCORE, TOP_SCORE);
        match mode {
            Records::AllNegative => -score.abs().max(1),
            _ => score,
        }
    };
    let records = scores
        .into_iter()
        .enumerate()
        .filter(|_| !matches!(mode, Records::None))
        .filter_map(|(i, drawn)| {
            let (event, asset) = (i / registry.len(), i % registry.len());
            drawn.map(|s| Record { event: event as u32, asset: asset as u32, score: score(s) })
        })
        .collect();
    let mut state: Vec<StateEntry> = state
        .into_iter()
        .map(|(pick, fresh, accrued)| StateEntry {
            account: pick.map_or(fresh, |p| *p.get(&pool)),
            accrued,
        })
        .collect();
    state.sort_by_key(|e| e.account);
    state.dedup_by_key(|e| e.account);
    let salt = ark_bn254::Fr::from(epoch);
    Epoch(Inputs { epoch, policy, registry, salt, events, records, state })
}
