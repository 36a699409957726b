//! The statements of each table, spelt once. The engine marks a key that is a text by `S:` in front of it.

use std::collections::HashMap;

use anyhow::{Result, ensure};
use serde_json::Value;
use switchboard_store::item::Item;
use switchboard_store::road::Refusal;

use crate::aws::dynamo::ring::View;
use crate::aws::template;

/// What is asked of one table.
#[derive(Debug)]
pub(super) struct Statements {
    pub(super) select: String,
    pub(super) insert: String,
    pub(super) update: String,
    pub(super) delete: String,
    /// What lies behind a place, in the order of the keys.
    pub(super) page: String,
    ascending: String,
    descending: String,
    /// What has expired, if anything ever does.
    pub(super) expired: Option<String>,
    /// Keeps [`Statements::expired`] from reading everything.
    pub(super) expiry: Option<String>,
    /// What its stream shows, if it has one.
    pub(super) view: Option<View>,
    pub(super) indexes: Vec<Index>,
    /// The attributes that are keys of an index.
    pub(super) attributes: Vec<&'static str>,
}

/// What is asked of one index, which holds nothing but keys.
#[derive(Debug)]
pub(super) struct Index {
    name: String,
    pub(super) pk: String,
    pub(super) sk: String,
    pub(super) insert: String,
    pub(super) delete: String,
    ascending: String,
    descending: String,
}

/// The attributes that can be keys of an index.
const KEYS: [&str; 6] = ["lpk", "lsk", "wpk", "wsk", "dpk", "dsk"];

impl Statements {
    /// Of a table as the template has it.
    pub(super) fn of(table: &template::Table) -> Result<Self> {
        let name = quoted(&table.name);
        let indexes = table.request["GlobalSecondaryIndexes"].as_array();
        let indexes = indexes.into_iter().flatten().map(|index| Index::of(&table.name, index));
        let indexes: Vec<Index> = indexes.collect::<Result<_>>()?;
        let view = match table.request["StreamSpecification"]["StreamViewType"].as_str() {
            Some("NEW_IMAGE") => Some(View::New),
            Some("NEW_AND_OLD_IMAGES") => Some(View::Both),
            Some(other) => anyhow::bail!("a stream of {other} is not known"),
            None => None,
        };
        let ttl = table
            .ttl
            .as_ref()
            .map(|ttl| format!("CAST(json_extract(item_json, '$.{ttl}.N') AS INTEGER)"));
        let expired = ttl.as_ref().map(|ttl| {
            format!("SELECT substr(pk, 3), substr(sk, 3) FROM {name} WHERE {ttl} < ?1 AND {ttl} IS NOT NULL LIMIT 1000")
        });
        let expiry = ttl.as_ref().map(|ttl| {
            let index = quoted(&format!("{}::expiry", table.name));
            format!("CREATE INDEX IF NOT EXISTS {index} ON {name} ({ttl}) WHERE {ttl} IS NOT NULL")
        });
        let range = |order: &str| {
            format!(
                "SELECT substr(sk, 3), item_json, item_size FROM {name} \
                 WHERE pk = 'S:' || ?1 AND sk BETWEEN 'S:' || ?2 AND 'S:' || ?3 ORDER BY sk {order}"
            )
        };
        let is_key = |key: &&'static str| indexes.iter().any(|it| it.pk == **key || it.sk == **key);
        Ok(Self {
            select: format!(
                "SELECT rowid, item_json, item_size FROM {name} WHERE pk = 'S:' || ?1 AND sk = 'S:' || ?2"
            ),
            insert: format!(
                "INSERT INTO {name} (pk, sk, item_json, item_size, hash_prefix) VALUES ('S:' || ?1, 'S:' || ?2, ?3, ?4, ?5)"
            ),
            update: format!("UPDATE {name} SET item_json = ?2, item_size = ?3 WHERE rowid = ?1"),
            delete: format!("DELETE FROM {name} WHERE rowid = ?1"),
            page: format!(
                "SELECT item_json, item_size FROM {name} \
                 WHERE (pk, sk) > ('S:' || ?1, 'S:' || ?2) ORDER BY pk, sk"
            ),
            ascending: range("ASC"),
            descending: range("DESC"),
            expired,
            expiry,
            view,
            attributes: KEYS.into_iter().filter(is_key).collect(),
            indexes,
        })
    }

    /// Reads a range of a partition.
    pub(super) fn range(&self, ascending: bool) -> &str {
        if ascending { &self.ascending } else { &self.descending }
    }

    pub(super) fn index(&self, name: &str) -> Result<&Index, Refusal> {
        let missing = || Refusal::Defect(format!("there is no index {name}"));
        self.indexes.iter().find(|index| index.name == name).ok_or_else(missing)
    }
}

impl Index {
    fn of(table: &str, index: &Value) -> Result<Self> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let key = |kind: &str| {
            let keys = index["KeySchema"].as_array().into_iter().flatten();
            keys.filter(|key| key["KeyType"] == kind).map(|key| text(&key["AttributeName"])).next()
        };
        let name = text(&index["IndexName"]);
        let (pk, sk) = (key("HASH").unwrap_or_default(), key("RANGE").unwrap_or_default());
        ensure!(
            index["Projection"]["ProjectionType"] == "KEYS_ONLY"
                && [&pk, &sk].iter().all(|key| KEYS.contains(&key.as_str())),
            "the index {name} holds more than the keys {KEYS:?}"
        );
        let rows = quoted(&format!("{table}::gsi::{name}"));
        let range = |order: &str| {
            format!(
                "SELECT substr(gsi_sk, 3), substr(table_pk, 3), substr(table_sk, 3) FROM {rows} \
                 WHERE gsi_pk = 'S:' || ?1 AND gsi_sk BETWEEN 'S:' || ?2 AND 'S:' || ?3 \
                 ORDER BY gsi_sk {order}, table_pk {order}, table_sk {order}"
            )
        };
        Ok(Self {
            insert: format!(
                "INSERT OR REPLACE INTO {rows} (gsi_pk, gsi_sk, table_pk, table_sk, item_json) VALUES ('S:' || ?1, 'S:' || ?2, 'S:' || ?3, 'S:' || ?4, ?5)"
            ),
            delete: format!(
                "DELETE FROM {rows} WHERE table_pk = 'S:' || ?1 AND table_sk = 'S:' || ?2"
            ),
            ascending: range("ASC"),
            descending: range("DESC"),
            name,
            pk,
            sk,
        })
    }

    /// Reads a range of a partition.
    pub(super) fn range(&self, ascending: bool) -> &str {
        if ascending { &self.ascending } else { &self.descending }
    }

    /// The keys of a row, by what is known of an item that is there.
    pub(super) fn entry_of<'a>(
        &self,
        rows: &'a HashMap<String, String>,
    ) -> Option<(&'a str, &'a str)> {
        Some((rows.get(&self.pk)?, rows.get(&self.sk)?))
    }

    /// The keys of the row of an item.
    pub(super) fn entry_in<'a>(&self, item: &'a Item) -> Option<(&'a str, &'a str)> {
        let text = |name: &str| item.get(name)?.as_s().ok().map(String::as_str);
        Some((text(&self.pk)?, text(&self.sk)?))
    }

    /// What a row weighs.
    pub(super) fn bytes(&self, partition: &str, sort: &str, pk: &str, sk: &str) -> usize {
        let names = self.pk.len() + self.sk.len() + "pk".len() + "sk".len();
        names + partition.len() + sort.len() + pk.len() + sk.len()
    }
}

/// A name in a statement.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
