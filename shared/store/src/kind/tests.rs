use aws_sdk_dynamodb::types::AttributeValue;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use proptest::prelude::*;
use serde_json::{Value, json};
use switchboard_domain::conversation::Conversation;
use switchboard_domain::event::Occurrence;
use switchboard_domain::for_each_record;
use switchboard_domain::message::Message;

use super::*;
use crate::item::{self, Item};
use crate::{Kept, Key, Row, Text};

macro_rules! examples {
    ($($kind:ident $file:ident: $path:path,)*) => {
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

/// The item as DynamoDB writes it.
fn document_of(item: &Item) -> Value {
    let one = |value: &AttributeValue| match value {
        AttributeValue::S(text) => json!({ "S": text }),
        AttributeValue::N(number) => json!({ "N": number }),
        AttributeValue::Bool(truth) => json!({ "BOOL": truth }),
        AttributeValue::Null(it) => json!({ "NULL": it }),
        AttributeValue::B(bytes) => json!({ "B": BASE64.encode(bytes.as_ref()) }),
        AttributeValue::L(all) => {
            let each = |value| {
                document_of(&Item::from([("it".to_owned(), Clone::clone(value))]))["it"].take()
            };
            json!({ "L": all.iter().map(each).collect::<Vec<Value>>() })
        }
        AttributeValue::M(all) => json!({ "M": document_of(all) }),
        other => panic!("no record has {other:?}"),
    };
    item.iter().map(|(name, value)| (name.clone(), one(value))).collect()
}

/// The same item from a table of this process.
fn row_of(document: &Value) -> Row {
    let key = |name: &str| document[name]["S"].as_str().unwrap_or_default().to_owned();
    Row::Text(Text { pk: key("pk"), sk: key("sk"), json: document.to_string() })
}

/// A record that is read from a text is the one that is read from an item of the SDK, with its version and its commits.
fn read_both_ways(kind: &str, item: Item) {
    let row = row_of(&document_of(&item));
    let from_text = row.clone().record().unwrap_or_else(|error| panic!("{kind}: {error}"));
    let from_item = Row::Item(item.clone()).record().unwrap();
    assert_eq!(from_text, from_item, "{kind}");
    assert_eq!(from_text.version(), from_item.version(), "{kind}");
    for name in ["pk", "sk", "lpk", "wsk"] {
        assert_eq!(row.key(name), Row::Item(item.clone()).key(name), "{kind} {name}");
    }
    assert_eq!(row.into_item().unwrap(), item);
}

#[test]
fn a_record_is_the_same_from_a_text_and_from_an_item() {
    for (kind, text) in EXAMPLES {
        let mut item = item_of(text);
        read_both_ways(kind, item.clone());
        item.insert("c".to_owned(), AttributeValue::B(vec![7; 12].into()));
        read_both_ways(kind, item);
        // With all that its keys say as well.
        let record = item::record(item_of(text)).unwrap();
        let (_, written) = item::item(&record, &[], None).unwrap();
        let body: Value =
            serde_dynamo::aws_sdk_dynamodb_1::from_item(item::body(&record).unwrap()).unwrap();
        let mut long: Item = serde_dynamo::aws_sdk_dynamodb_1::to_item(body).unwrap();
        for (name, value) in written {
            long.entry(name).or_insert(value);
        }
        read_both_ways(kind, long);
    }
}

#[test]
fn a_text_that_is_no_record_is_an_error() {
    let text = document_of(&item_of(Message::EXAMPLE));
    for (name, value) in [
        ("kind", json!({ "S": "Letter" })),
        ("kind", json!({ "N": "1" })),
        ("v", json!({ "S": "1" })),
        ("index", json!({ "S": "first" })),
        ("index", json!({ "SS": ["1"] })),
        ("index", json!({ "N": "1", "S": "1" })),
        ("index", json!({})),
    ] {
        let mut text = text.clone();
        text[name] = value;
        assert!(row_of(&text).record().is_err(), "{text}");
    }
    assert!(row_of(&json!([])).record().is_err());
    assert!(row_of(&json!({ "kind": { "S": "Message" } })).record().is_err(), "no version");
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

#[test]
fn a_scheduled_message_has_a_row_under_its_time_as_long_as_it_waits() {
    let with = |status: &str| {
        let text = format!(
            r#"{{ "kind": "Message", "pk": "IM60cb37866e00985512442cc2f1b380e0", "sk": "IM", "v": 1, "lpk": "MESSAGES",
            "lsk": "1795898976734#IM60cb37866e00985512442cc2f1b380e0", "author": "+15550100001", "created": 1795898976734,
            "body": "Good morning!", "terms": {{ "send_at": 1795899976000 }}, "deliveries": [{{ "status": "{status}", "number": 1,
            "attempts": 0, "pair": {{ "proxy": "+15550100001", "address": "+15550199999" }}, "updated": 1795898976734,
            "created": 1795898976734 }}], "direction": "outbound-api",
            "messaging_service": "MG2f27ccfcf6d1d95418450fa9fcc8a14c" }}"#
        );
        Place::of(&item::record(item_of(&text)).unwrap()).due.map(|row| (row.pk, row.sk))
    };
    let row = ("SCHEDULED".to_owned(), "1795899976000".to_owned());
    assert_eq!(with("scheduled"), Some(row));
    for over in ["queued", "canceled", "failed", "delivered"] {
        assert_eq!(with(over), None, "{over}");
    }
}

macro_rules! kinds_keep_theirs {
    ($($kind:ident $file:ident: $path:path,)*) => {
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
