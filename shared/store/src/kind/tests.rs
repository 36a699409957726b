use proptest::prelude::*;
use serde_json::Value;
use switchboard_domain::conversation::Conversation;
use switchboard_domain::event::Occurrence;
use switchboard_domain::for_each_record;
use switchboard_domain::message::Message;

use super::*;
use crate::item::{self, Item};
use crate::{Kept, Key};

macro_rules! examples {
    ($($kind:ident: $path:path,)*) => {
        /// Each kind with its example.
        const EXAMPLES: &[(&str, &str)] = &[$((stringify!($kind), <$path as Placed>::EXAMPLE),)*];
    };
}

for_each_record!(examples);

/// The length of an identifier without its two letters.
const DIGITS: usize = 32;

/// The text with other digits in the first half of all identifiers, the same ones for the same digits, so that what is
/// kin stays kin.
fn renamed(text: &str, mask: u64) -> String {
    let is_sid = |at: usize| {
        let word = text.get(at..at + 2 + DIGITS)?;
        let (letters, digits) = word.split_at(2);
        let is_hex = |digit: u8| digit.is_ascii_digit() || (b'a'..=b'f').contains(&digit);
        let is_word =
            letters.bytes().all(|it| it.is_ascii_uppercase()) && digits.bytes().all(is_hex);
        is_word.then_some((letters, digits))
    };
    let (mut out, mut at) = (String::new(), 0);
    while at < text.len() {
        if let Some((letters, digits)) = is_sid(at) {
            let half = u64::from_str_radix(&digits[..16], 16).unwrap() ^ mask;
            out.push_str(&format!("{letters}{half:016x}{}", &digits[16..]));
            at += 2 + DIGITS;
        } else {
            let one = text[at..].chars().next().unwrap();
            out.push(one);
            at += one.len_utf8();
        }
    }
    out
}

fn item_of(text: &str) -> Item {
    let value: Value = serde_json::from_str(text).unwrap();
    serde_dynamo::aws_sdk_dynamodb_1::to_item(value).unwrap()
}

/// Reads an item and writes what was read; it is the same one, a version later.
fn round(kind: &str, text: &str) {
    let before = item_of(text);
    let record = item::record(before.clone()).unwrap();
    assert_eq!(record.kind(), kind);
    let (written, mut after) = item::item(&record, &[], None).unwrap();
    let place = Place::of(&record);
    let named = |name: &str| before.get(name).and_then(|it| it.as_s().ok()).cloned();
    let key = Key { table: written.table, pk: named("pk").unwrap(), sk: named("sk").unwrap() };
    assert_eq!((&place.key, &written), (&key, &key), "{kind}");
    let number = |item: &Item| item["v"].as_n().unwrap().parse::<u64>().unwrap();
    assert_eq!(number(&after), number(&before) + 1);
    after.insert("v".to_owned(), before["v"].clone());
    assert_eq!(after, before, "{kind}");
}

#[test]
fn what_is_stored_is_read_and_written_again_in_the_same_form() {
    EXAMPLES.iter().for_each(|(kind, text)| round(kind, text));
}

/// What stood in the tables before conversations named their messages keeps its row in the index, and its form.
#[test]
fn a_message_from_before_there_were_pages_stays_where_it_is_listed() {
    let row = r#""lpk": "CHd369e33584fc961c1392c39b2105a344", "lsk": "0000000001","#;
    round("Message", &Message::EXAMPLE.replace(r#""listed": false,"#, row));
    let before =
        Conversation::EXAMPLE.replace(r#""latest": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYX","#, "");
    round("Conversation", &before);
    let Record::Conversation(it) = item::record(item_of(&before)).unwrap() else { panic!() };
    assert_eq!(it.listed(), 2);
}

/// Events were once stored with what their keys say.
#[test]
fn an_occurrence_that_says_what_its_keys_say_reads_as_one_that_does_not() {
    let (short, workspace) = (Occurrence::EXAMPLE, "WS53dfcf12650854b6e969aff84ab9cdf4");
    let long = short.replace(
        r#""next": 2"#,
        &format!(
            r#""next": 2, "sid": "WT58215fa27b803fb9e52f292f2ddfb9e4", "workspace": "{workspace}""#
        ),
    );
    let own = format!(
        r#""part": 0, "worker": "WK95e20ab2b8db1b38a2fbfc1234252f5d", "workspace": "{workspace}""#
    );
    let long = long.replace(r#""part": 0"#, &own);
    let long = long.replace(
        r#""type": "reservation.accepted""#,
        r#""type": "reservation.accepted", "worker": "WK95e20ab2b8db1b38a2fbfc1234252f5d""#,
    );
    let names = r#"{ "TCa4d01b373bf77f1d768ea47db6ca1996": "sms", "WS53dfcf12650854b6e969aff84ab9cdf4": "Demo",
            "WQ206418070492185732f931c60f213dad": "English",
            "WWfd6967f34139db27d3987807c25ea61b": "Support"}"#;
    let long = long.replace(r#"["Demo", "sms", "English", "Support"]"#, names);
    assert!(long.len() > short.len());
    let read = |text: &str| item::record(item_of(text)).unwrap();
    assert_eq!(read(&long), read(short));
}

#[test]
fn no_two_kinds_share_a_place() {
    let place = |text: &str| Place::of(&item::record(item_of(text)).unwrap()).key;
    let mut keys: Vec<Key> = EXAMPLES.iter().map(|(_, text)| place(text)).collect();
    keys.sort();
    keys.dedup();
    assert_eq!(keys.len(), EXAMPLES.len());
}

macro_rules! kinds_keep_theirs {
    ($($kind:ident: $path:path,)*) => {
        #[test]
        fn a_record_is_taken_as_its_own_kind_and_no_other() {
            for (kind, text) in EXAMPLES {
                let record = item::record(item_of(text)).unwrap();
                $(
                    let is_it = *kind == stringify!($kind);
                    assert_eq!(<$path as Kept>::of(&record).is_some(), is_it);
                    assert_eq!(<$path as Kept>::from_record(record.clone()).is_some(), is_it);
                )*
            }
        }
    };
}

for_each_record!(kinds_keep_theirs);

proptest! {
    #[test]
    fn keys_and_rows_follow_from_the_record_whatever_its_identifiers(mask in any::<u64>()) {
        for (kind, text) in EXAMPLES {
            // These identifiers follow from an address, not the other way round.
            round(kind, &renamed(text, mask));
        }
    }
}
