//! Tokens of pages. A token says where a page begins or ends, and is sealed for the one list that it was given out
//! for: the same path with the same filters and the same order. So no token leads out of its list, whatever its origin.
//!
//! The seal is a keyed digest under the account's token, cut to 12 bytes; after a change of the account's token the
//! links of older pages are refused as made up, and a client begins again with the first page.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use subtle::ConstantTimeEq as _;
use switchboard_store::Cursor;

use crate::params::Params;

/// The parameters that choose a page of a list; all others choose the list.
pub(super) const PAGING: [&str; 3] = ["PageSize", "Page", "PageToken"];
/// The bytes of a seal: forging one takes 2^96 requests.
const SEAL_BYTES: usize = 12;

/// What seals the tokens of one list.
pub(super) struct Tokens(Hmac<Sha256>);

impl Tokens {
    /// The tokens of the list with this path and query, of the account with this secret.
    pub(super) fn of(secret: &str, path: &[&str], query: &Params) -> Self {
        let mut mac = Hmac::new_from_slice(secret.as_bytes()).expect("a key of any length will do");
        let mut update = |part: &str| {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part.as_bytes());
        };
        path.iter().for_each(|segment| update(segment));
        update("?");
        let narrows = |(name, value): &(&str, &str)| !PAGING.contains(name) && !value.is_empty();
        let mut narrowing: Vec<(&str, &str)> = query.iter().filter(narrows).collect();
        narrowing.sort_unstable();
        for (name, value) in narrowing {
            update(name);
            update(value);
        }
        Self(mac)
    }

    /// The token of a place in the list.
    pub(super) fn give(&self, place: &Cursor) -> String {
        let text = match place {
            Cursor::After(edge) => format!("a{edge}"),
            Cursor::Before(edge) => format!("b{edge}"),
        };
        let mut bytes = self.seal(text.as_bytes()).to_vec();
        bytes.extend_from_slice(text.as_bytes());
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The place of a token that was given out for this list.
    pub(super) fn take(&self, token: &str) -> Option<Cursor> {
        let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
        let (seal, text) = bytes.split_at_checked(SEAL_BYTES)?;
        if !bool::from(self.seal(text).ct_eq(seal)) {
            return None;
        }
        let text = std::str::from_utf8(text).ok()?;
        match text.split_at_checked(1)? {
            ("a", edge) => Some(Cursor::After(edge.to_owned())),
            ("b", edge) => Some(Cursor::Before(edge.to_owned())),
            _ => None,
        }
    }

    fn seal(&self, text: &[u8]) -> [u8; SEAL_BYTES] {
        let digest = self.0.clone().chain_update(text).finalize().into_bytes();
        let mut seal = [0; SEAL_BYTES];
        seal.copy_from_slice(&digest[..SEAL_BYTES]);
        seal
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(path: &[&str], query: &str) -> Tokens {
        Tokens::of("secret", path, &Params::parse(query.as_bytes()))
    }

    #[test]
    fn a_token_belongs_to_one_path_one_query_and_one_account() {
        let place = Cursor::After("1#CH".to_owned());
        let token = of(&["v1", "Tasks"], "Priority=1").give(&place);
        let same = of(&["v1", "Tasks"], "PageSize=2&Priority=1&Page=7&Name=&PageToken=x");
        assert_eq!(same.take(&token), Some(place), "what chooses the page chooses no other list");
        for (path, query) in [
            (&["v1", "Tasks"][..], "Priority=2"),
            (&["v1", "Tasks"], ""),
            (&["v1", "Tasks"], "Priority=1&Priority=1"),
            (&["v1", "Workers"], "Priority=1"),
            (&["v1Tasks"], "Priority=1"),
            (&["v1", "Tasks", "Priority", "1"], ""),
        ] {
            assert_eq!(of(path, query).take(&token), None, "{path:?} {query}");
        }
        let query = Params::parse(b"Priority=1");
        assert_eq!(Tokens::of("other", &["v1", "Tasks"], &query).take(&token), None);
    }

    proptest! {
        #[test]
        fn a_token_leads_back_to_any_place(edge in "\\PC{1,200}", is_after in any::<bool>()) {
            let place = if is_after { Cursor::After(edge) } else { Cursor::Before(edge) };
            let tokens = of(&["v1"], "");
            prop_assert_eq!(tokens.take(&tokens.give(&place)), Some(place));
        }

        #[test]
        fn no_text_is_a_token_unless_it_was_given_out(text in any::<String>(), bytes: Vec<u8>) {
            let tokens = of(&["v1"], "");
            prop_assert_eq!(tokens.take(&text), None);
            prop_assert_eq!(tokens.take(&URL_SAFE_NO_PAD.encode(bytes)), None);
        }

        #[test]
        fn a_token_with_a_changed_byte_was_not_given_out(edge in "\\PC{1,40}", at: prop::sample::Index, by in 1_u8..) {
            let tokens = of(&["v1"], "");
            let mut bytes = URL_SAFE_NO_PAD.decode(tokens.give(&Cursor::Before(edge))).unwrap();
            let at = at.index(bytes.len());
            bytes[at] ^= by;
            prop_assert_eq!(tokens.take(&URL_SAFE_NO_PAD.encode(bytes)), None);
        }
    }
}
