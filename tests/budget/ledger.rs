//! What every request costs, by DynamoDB's published rules alone: a second opinion on the engine's own count,
//! and the names of what is paid for.
//!
//! An item is as large as its names and values in UTF-8; a number takes a byte for two digits and one more; a
//! list or map takes three bytes, and one for each element. A write costs a unit for each begun kilobyte of the
//! larger of the item before and after, twice that in a transaction. A row of an index costs a unit for each
//! begun kilobyte when it appears or goes, both when it moves, nothing when it stays. A consistent read costs
//! a unit for each begun four kilobytes, any other half of that; what is not there counts as one read.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Map, Value};
use switchboard::{Call, Faults, Service};

/// An item, as DynamoDB's JSON has it.
type Item = Map<String, Value>;
/// Where an item is: table, partition key, sort key.
type Address = (String, String, String);

/// The indexes and their keys. All are of keys only.
const INDEXES: [(&str, &str, &str); 3] =
    [("list", "lpk", "lsk"), ("worker", "wpk", "wsk"), ("due", "dpk", "dsk")];
/// The least that a number takes, beside its digits.
const NUMBER_BYTES: usize = 1;
/// What a list or a map takes, beside its elements.
const NEST_BYTES: usize = 3;

/// Units by what they were paid for.
pub(crate) type Bill = BTreeMap<String, f64>;

/// What was paid since the ledger was last read.
#[derive(Debug, Clone, Default)]
pub(crate) struct Entries {
    /// Write units: who, and which kind of item or row.
    pub(crate) writes: Bill,
    /// Read units: who, and which kind of item.
    pub(crate) reads: Bill,
    /// Requests that send, by queue.
    pub(crate) sends: Bill,
}

#[derive(Debug, Default)]
struct Books {
    items: BTreeMap<Address, Item>,
    entries: Entries,
}

/// Sees every request of every function.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ledger(Arc<Mutex<Books>>);

impl Ledger {
    /// Takes what was paid since the last time.
    pub(crate) fn take(&self) -> Entries {
        std::mem::take(&mut self.books().entries)
    }

    /// The size of every item of a kind, for a message that has to say where the bytes are.
    pub(crate) fn largest(&self, kind: &str) -> Option<(usize, Item)> {
        let books = self.books();
        let of_kind = books.items.values().filter(|item| item["kind"]["S"] == kind);
        of_kind.map(|item| (size(item), item.clone())).max_by_key(|(size, _)| *size)
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Faults for Ledger {
    fn answered(&self, call: &Call<'_>, status: u16) {
        if status != 200 {
            return;
        }
        let mut books = self.books();
        match call.service {
            Service::Queues => books.sent(call),
            Service::Tables => books.asked(call),
            Service::Keys | Service::Objects => {}
        }
    }
}

impl Books {
    fn sent(&mut self, call: &Call<'_>) {
        if call.operation.starts_with("SendMessage") {
            let queue = call.body["QueueUrl"].as_str().and_then(|url| url.rsplit('/').next());
            add(&mut self.entries.sends, short(queue.unwrap_or_default()), 1.0);
        }
    }

    fn asked(&mut self, call: &Call<'_>) {
        let body = call.body;
        match call.operation {
            "PutItem" => self.write(call.function, body, Some(&body["Item"]), 1.0),
            "DeleteItem" => self.write(call.function, body, None, 1.0),
            "TransactWriteItems" => {
                for action in body["TransactItems"].as_array().into_iter().flatten() {
                    match (&action["Put"], &action["Delete"]) {
                        (put @ Value::Object(_), _) => {
                            self.write(call.function, put, Some(&put["Item"]), 2.0);
                        }
                        (_, delete) => self.write(call.function, delete, None, 2.0),
                    }
                }
            }
            "GetItem" => self.read(call.function, table(body), &body["Key"], consistency(body)),
            "BatchGetItem" => {
                for (table, keys) in body["RequestItems"].as_object().into_iter().flatten() {
                    for key in keys["Keys"].as_array().into_iter().flatten() {
                        self.read(call.function, table, key, consistency(keys));
                    }
                }
            }
            "Query" => self.query(call.function, body),
            "Scan" => self.scan(call.function, body),
            other => panic!("the ledger does not know {other}"),
        }
    }

    /// A put, or a delete if there is no new item.
    fn write(&mut self, function: &str, request: &Value, new: Option<&Value>, factor: f64) {
        let new = new.and_then(Value::as_object);
        let keys = new.or_else(|| request["Key"].as_object()).expect("a key");
        let address = address(table(request), keys);
        let old = self.items.get(&address);
        let units = old.map_or(0.0, write_units).max(new.map_or(1.0, write_units)) * factor;
        let kind = kind(new.or(old));
        let mut paid = vec![(format!("{function}: {kind}"), units)];
        for (index, pk, sk) in INDEXES {
            let row = |item: &Item| row(item, pk, sk);
            let (before, after) = (old.and_then(row), new.and_then(row));
            if before != after {
                let units = [before, after].iter().flatten().map(write_units).sum();
                paid.push((format!("{function}: {kind} in {index}"), units));
            }
        }
        for (line, units) in paid {
            add(&mut self.entries.writes, line, units);
        }
        match new {
            Some(new) => drop(self.items.insert(address, new.clone())),
            None => drop(self.items.remove(&address)),
        }
    }

    fn read(&mut self, function: &str, table: &str, key: &Value, consistency: f64) {
        let found = self.items.get(&address(table, key.as_object().expect("a key")));
        let units = consistency * read_units(found.map_or(0, size));
        let what = found.map_or_else(|| format!("no {}", wanted(key)), |item| kind(Some(item)));
        add(&mut self.entries.reads, format!("{function}: {what}"), units);
    }

    fn query(&mut self, function: &str, body: &Value) {
        let name = |name: &str| body["ExpressionAttributeNames"][name].as_str().expect("a name");
        let value =
            |name: &str| body["ExpressionAttributeValues"][name]["S"].as_str().expect("a value");
        let (pk, sk) = (name("#p"), name("#s"));
        let (low, high) = (value(":low"), value(":high"));
        let mut rows: Vec<(&str, usize)> = self
            .of(table(body))
            .filter(|item| text(item, pk) == value(":p"))
            .filter(|item| (low..=high).contains(&text(item, sk)) && item.contains_key(sk))
            .map(|item| (text(item, sk), self.row_size(body, item)))
            .collect();
        rows.sort_unstable();
        if body["ScanIndexForward"] == false {
            rows.reverse();
        }
        let limit = body["Limit"].as_u64().and_then(|it| usize::try_from(it).ok());
        let bytes = rows.iter().take(limit.unwrap_or(usize::MAX)).map(|(_, bytes)| bytes).sum();
        let what = body["IndexName"].as_str().unwrap_or("the table");
        let units = consistency(body) * read_units(bytes);
        add(&mut self.entries.reads, format!("{function}: a query of {what}"), units);
    }

    fn scan(&mut self, function: &str, body: &Value) {
        let bytes = self.of(table(body)).map(size).sum();
        let units = consistency(body) * read_units(bytes);
        add(&mut self.entries.reads, format!("{function}: a scan of the table"), units);
    }

    fn of<'a>(&'a self, table: &'a str) -> impl Iterator<Item = &'a Item> {
        self.items.iter().filter(move |(address, _)| address.0 == table).map(|(_, item)| item)
    }

    fn row_size(&self, body: &Value, item: &Item) -> usize {
        let index = INDEXES.iter().find(|(name, _, _)| body["IndexName"] == *name);
        index.and_then(|(_, pk, sk)| row(item, pk, sk)).map_or_else(|| size(item), |row| size(&row))
    }
}

fn add(bill: &mut Bill, line: impl Into<String>, units: f64) {
    *bill.entry(line.into()).or_default() += units;
}

fn table(request: &Value) -> &str {
    request["TableName"].as_str().expect("a table")
}

/// A table's or queue's name without the stack's.
pub(crate) fn short(name: &str) -> &str {
    name.split_once('-').map_or(name, |(_, short)| short)
}

fn text<'a>(item: &'a Item, name: &str) -> &'a str {
    item.get(name).and_then(|value| value["S"].as_str()).unwrap_or_default()
}

fn kind(item: Option<&Item>) -> String {
    item.map_or("nothing", |item| text(item, "kind")).to_owned()
}

/// What was looked for and not found.
fn wanted(key: &Value) -> String {
    let (pk, sk) = (key["pk"]["S"].as_str(), key["sk"]["S"].as_str().unwrap_or_default());
    match (sk, pk.unwrap_or_default()) {
        ("-", pk) => pk.to_lowercase(),
        (sk, pk) if sk.starts_with("P#") || sk.starts_with("C#") => {
            format!("{}…{}…", &pk[..2], &sk[..2])
        }
        (sk, _) => sk.split('#').next().unwrap_or_default().to_owned(),
    }
}

fn address(table: &str, item: &Item) -> Address {
    (table.to_owned(), text(item, "pk").to_owned(), text(item, "sk").to_owned())
}

/// What an index of keys only has of an item; nothing if the item is not in it.
fn row(item: &Item, pk: &str, sk: &str) -> Option<Item> {
    let row: Item = ["pk", "sk", pk, sk]
        .iter()
        .filter_map(|name| Some(((*name).to_owned(), item.get(*name)?.clone())))
        .collect();
    (row.len() == 4).then_some(row)
}

fn consistency(request: &Value) -> f64 {
    if request["ConsistentRead"] == true { 1.0 } else { 0.5 }
}

fn begun(bytes: usize, block: usize) -> f64 {
    f64::from(u32::try_from(bytes.div_ceil(block).max(1)).expect("a small item"))
}

fn write_units(item: &Item) -> f64 {
    begun(size(item), 1024)
}

fn read_units(bytes: usize) -> f64 {
    begun(bytes, 4096)
}

/// How large an item is.
pub(crate) fn size(item: &Item) -> usize {
    item.iter().map(|(name, value)| name.len() + value_size(value)).sum()
}

fn value_size(value: &Value) -> usize {
    let (kind, value) = value.as_object().and_then(|one| one.iter().next()).expect("a type");
    let text = |value: &Value| value.as_str().expect("a text").len();
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    match kind.as_str() {
        "S" => text(value),
        "N" => number_size(value.as_str().expect("a number")),
        "BOOL" | "NULL" => 1,
        "L" => NEST_BYTES + list(value).iter().map(|one| 1 + value_size(one)).sum::<usize>(),
        "M" => {
            let map = value.as_object().expect("a map");
            NEST_BYTES + map.len() + size(map)
        }
        "B" => text(value).div_ceil(4) * 3 - value.as_str().map_or(0, |it| it.matches('=').count()),
        other => panic!("no record has values of type {other}"),
    }
}

/// A byte for two digits, zeros in front and behind left out, and one more; one for a sign.
fn number_size(number: &str) -> usize {
    let digits = number.trim_start_matches('-');
    assert!(digits.bytes().all(|digit| digit.is_ascii_digit()), "not a whole number: {number}");
    let kept = digits.trim_matches('0').len();
    NUMBER_BYTES + kept.div_ceil(2) + usize::from(number.starts_with('-') && kept > 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_item_is_as_large_as_its_names_and_values() {
        let item = json!({
            "pk": { "S": "é" }, "n": { "N": "1700000000123" }, "t": { "BOOL": true },
            "l": { "L": [{ "S": "ab" }, { "N": "0" }] }, "m": { "M": { "k": { "S": "v" } } },
        });
        let item = item.as_object().unwrap();
        // Name and text; name, 13 digits and one more; name and truth; list; map.
        assert_eq!(size(item), (2 + 2) + (1 + 8) + (1 + 1) + (1 + 3 + 3 + 2) + (1 + 3 + 3));
    }
}
