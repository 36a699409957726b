//! The store's requests by the short road, counted as the engine counts them.

use switchboard_disk::Mark;
use switchboard_store::Row;
use switchboard_store::item::Item;
use switchboard_store::road::{Address, Found, Range, Refusal, Rows, Write};

use super::near::{Done, Near};
use super::{Engine, Tables};
use crate::aws::trace::{Written, note};
use crate::aws::usage::Usage;
use crate::lock::lock;

impl Tables {
    /// Whether there is a short road.
    pub(crate) fn are_near(&self) -> bool {
        matches!(self.engine, Engine::Embedded(_)) && lock(&self.shared.near).is_some()
    }

    /// Reads an item.
    pub(crate) fn near_get(
        &self,
        function: &str,
        address: &Address,
    ) -> Result<Option<Row>, Refusal> {
        self.read(function, |near| near.get(address))
    }

    /// Reads items, with the tables that they are of.
    pub(crate) fn near_get_all(
        &self,
        function: &str,
        addresses: &[Address],
    ) -> Result<Vec<(String, Row)>, Refusal> {
        self.read(function, |near| {
            let mut all = Done { answer: Vec::with_capacity(addresses.len()), units: 0.0 };
            for address in addresses {
                let Done { answer, units } = near.get(address)?;
                all.units += units;
                all.answer.extend(answer.map(|row| (address.table.clone(), row)));
            }
            Ok(all)
        })
    }

    /// Reads a range.
    pub(crate) fn near_range(&self, function: &str, range: &Range) -> Result<Found, Refusal> {
        self.read(function, |near| near.range(range))
    }

    /// Reads a page of an index.
    pub(crate) fn near_rows(&self, function: &str, rows: &Rows) -> Result<Found, Refusal> {
        self.read(function, |near| near.rows(rows))
    }

    /// Writes everything or nothing.
    pub(crate) async fn near_write(&self, function: &str, writes: &[Write]) -> Result<(), Refusal> {
        let kind = |item: &Item| item.get("kind").and_then(|it| it.as_s().ok()).cloned();
        let written: Vec<(String, Written)> = writes
            .iter()
            .map(|write| {
                let kind = write.item.as_ref().and_then(kind).unwrap_or_else(|| "item".to_owned());
                let table = self.short(&write.address.table).to_owned();
                let written = Written { table, kind, is_deleted: write.item.is_none() };
                (write.address.table.clone(), written)
            })
            .collect();
        let outcome = {
            let near = lock(&self.shared.near);
            self.shared.commit(near.as_ref().ok_or_else(elsewhere)?, writes)
        };
        let seen = self.settled();
        let done = outcome?;
        seen.kept().await.map_err(|unkept| Refusal::Unavailable(unkept.into()))?;
        self.shared.meter.add(function, Usage { write_units: done.units, ..Usage::default() });
        note(|notes| notes.write_units += done.units);
        for (table, written) in written {
            self.shared.nudge(&table);
            note(|notes| notes.written.push(written));
        }
        Ok(())
    }

    /// Notes that an invocation relies on everything that the tables hold by now.
    fn settled(&self) -> Mark {
        let seen = self.shared.durable.mark();
        note(|notes| notes.seen = seen.clone());
        seen
    }

    fn read<T>(
        &self,
        function: &str,
        read: impl FnOnce(&Near) -> Result<Done<T>, Refusal>,
    ) -> Result<T, Refusal> {
        let done = read(lock(&self.shared.near).as_ref().ok_or_else(elsewhere)?)?;
        self.settled();
        self.shared.meter.add(function, Usage { read_units: done.units, ..Usage::default() });
        note(|notes| notes.read_units += done.units);
        Ok(done.answer)
    }
}

fn elsewhere() -> Refusal {
    Refusal::Defect("the tables are not in this process".to_owned())
}
