//! What the fragment of a webhook's URL says of the connection (rule B.5, connection overrides): `#ct=2000&rc=3&rp=5xx`.

use std::time::Duration;

/// All that a call may take with its immediate repetitions, in milliseconds, whatever a URL says.
const TOTAL_MAX: u64 = 15_000;
/// How long a connection may take to be made, unless a URL says so, in milliseconds.
const CONNECT_DEFAULT: u64 = 5_000;

/// After which failures a call is made again at once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Policy {
    /// An answer from 400 to 499.
    pub refused: bool,
    /// An answer from 500 to 599.
    pub broken: bool,
    /// No connection.
    pub unconnected: bool,
    /// No answer.
    pub unanswered: bool,
}

impl Policy {
    /// What is meant if nothing is said.
    const DEFAULT: Self =
        Self { refused: false, broken: false, unconnected: true, unanswered: false };
    const ALL: Self = Self { refused: true, broken: true, unconnected: true, unanswered: true };
}

/// How a URL wants to be called. Whatever is missing or outside of its range is as it is without the fragment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Overrides {
    /// How long a connection may take to be made.
    pub connect: Duration,
    /// How long the endpoint may be silent.
    pub read: Duration,
    /// How long everything may take.
    pub total: Duration,
    /// How often a call is repeated at once.
    pub retries: u32,
    /// After what.
    pub policy: Policy,
    /// Whether the URL names an edge, which there is none of here.
    pub names_edge: bool,
}

impl Overrides {
    /// What a URL says; none if it says nothing of the connection.
    pub fn of(url: &str) -> Option<Self> {
        let (_, fragment) = url.split_once('#')?;
        let pairs: Vec<(&str, &str)> =
            fragment.split('&').filter_map(|pair| pair.split_once('=')).collect();
        let known = |(name, _): &(&str, &str)| {
            matches!(*name, "ct" | "rt" | "tt" | "rc" | "rp" | "e" | "sni")
        };
        if !pairs.iter().any(known) {
            return None;
        }
        let said = |name: &str| pairs.iter().rev().find(|(given, _)| *given == name).map(|it| it.1);
        let within = |name: &str, low: u64, high: u64| {
            let number = said(name).and_then(|text| text.parse::<u64>().ok());
            number.filter(|number| (low..=high).contains(number))
        };
        let millis = Duration::from_millis;
        let retries = within("rc", 0, 5).and_then(|count| u32::try_from(count).ok());
        Some(Self {
            connect: millis(within("ct", 100, 10_000).unwrap_or(CONNECT_DEFAULT)),
            read: millis(within("rt", 100, 15_000).unwrap_or(TOTAL_MAX)),
            total: millis(within("tt", 100, TOTAL_MAX).unwrap_or(TOTAL_MAX)),
            retries: retries.unwrap_or(1),
            policy: said("rp").map_or(Policy::DEFAULT, policy),
            names_edge: said("e").is_some(),
        })
    }
}

/// Reads a list of words; what is none of them means nothing.
fn policy(text: &str) -> Policy {
    let mut policy = Policy::default();
    for word in text.split(',').map(str::trim) {
        match word {
            "4xx" => policy.refused = true,
            "5xx" => policy.broken = true,
            "ct" => policy.unconnected = true,
            "rt" => policy.unanswered = true,
            "all" => policy = Policy::ALL,
            _ => {}
        }
    }
    policy
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(fragment: &str) -> Overrides {
        Overrides::of(&format!("https://e.example/hook?a=1#{fragment}")).unwrap()
    }

    #[test]
    fn a_url_without_overrides_says_nothing() {
        for url in ["https://e.example/", "https://e.example/#top", "https://e.example/?rc=3#a=b"] {
            assert_eq!(Overrides::of(url), None, "{url}");
        }
    }

    #[test]
    fn the_published_ranges_hold_at_their_ends() {
        let found = read("ct=100&rt=15000&tt=100&rc=5&rp=all&e=ashburn");
        let millis = Duration::from_millis;
        assert_eq!((found.connect, found.read), (millis(100), millis(15_000)));
        assert_eq!((found.total, found.retries, found.policy), (millis(100), 5, Policy::ALL));
        assert!(found.names_edge);
        let beyond = read("ct=99&rt=15001&tt=99&rc=6");
        assert_eq!((beyond.connect, beyond.read), (millis(5_000), millis(15_000)));
        assert_eq!((beyond.total, beyond.retries), (millis(15_000), 1));
        assert_eq!(beyond.policy, Policy::DEFAULT);
    }

    #[test]
    fn a_policy_is_a_list() {
        let found = read("rp=5xx,rt").policy;
        let wanted = Policy { broken: true, unanswered: true, ..Policy::default() };
        assert_eq!(found, wanted);
        assert_eq!(
            read("rp=sometimes").policy,
            Policy::default(),
            "no repetition that nobody meant"
        );
        assert_eq!(read("rc=0").retries, 0);
    }
}
