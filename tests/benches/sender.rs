//! How long it takes to choose a sender among a thousand.
//!
//! `cargo bench -p switchboard-tests --bench sender`: a pool of American, Canadian and foreign numbers, alphanumeric senders and short codes;
//! recipients whose area code is there, whose country is, and who are used to one. The goal is 20 µs at most.
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a benchmark talks")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use switchboard_domain::address::Address;
use switchboard_domain::configuration::{AlphaSender, MessagingService, PhoneNumber, PoolNumber};
use switchboard_domain::sender::{StickySender, Switches, Wanted, choose};
use switchboard_domain::sid::Sid;
use switchboard_domain::timestamp::Timestamp;

const SENDERS: usize = 1_000;
const ROUNDS: usize = 2_000;

fn main() {
    // `cargo test --benches` passes this; there is nothing to test then.
    if std::env::args().any(|argument| argument == "--test") {
        return;
    }
    let pool = pool();
    let switches = Switches::of(None);
    for (what, to, has_mapping) in [
        ("a number of the area code", "+12125550199", false),
        ("a number of the country", "+14165550199", false),
        ("a number from abroad", "+81312345678", false),
        ("whom they are used to", "+12125550199", true),
    ] {
        let to: Address = to.parse().unwrap();
        let wanted = Wanted { to: &to, has_files: true, now: Timestamp(0) };
        let mapping = choose(&pool, switches, wanted, None).unwrap().sticky;
        let used_to = mapping.as_ref().filter(|_| has_mapping);
        println!("{what} among {SENDERS}: {:?}", median(&pool, switches, wanted, used_to));
    }
}

fn median(
    pool: &MessagingService,
    switches: Switches,
    wanted: Wanted<'_>,
    used_to: Option<&StickySender>,
) -> Duration {
    let once = |_| {
        let begun = Instant::now();
        black_box(choose(black_box(pool), switches, wanted, used_to)).unwrap();
        begun.elapsed()
    };
    let mut times: Vec<Duration> = (0..ROUNDS).map(once).collect();
    times.sort_unstable();
    times[ROUNDS / 2]
}

fn pool() -> MessagingService {
    let created = Timestamp(0);
    let number = |place: usize| {
        let text = match place % 4 {
            0 => format!("+1212555{place:04}"),
            1 => format!("+1416555{place:04}"),
            2 => format!("+1310555{place:04}"),
            _ => format!("+4420718{place:05}"),
        };
        let number: Address = text.parse().unwrap();
        PoolNumber {
            sid: PhoneNumber::sid_of(&number),
            number,
            registered: place.is_multiple_of(8),
            created,
        }
    };
    let sender = AlphaSender {
        sid: Sid::derived(&["ACME"]),
        sender: "ACME".to_owned(),
        country: None,
        created,
    };
    MessagingService {
        sid: Sid::derived(&["pool"]),
        friendly_name: "pool".to_owned(),
        opt_out: None,
        merges_within: None,
        settings: None,
        numbers: (1..SENDERS).map(number).collect(),
        alpha_senders: vec![sender],
        short_codes: Vec::new(),
        channel_senders: Vec::new(),
        created,
        updated: created,
        version: 1.into(),
    }
}
