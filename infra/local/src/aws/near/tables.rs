//! Tables by the short road.

use std::collections::BTreeSet;

use serde_json::Value;
use switchboard_store::Row;
use switchboard_store::road::{self, Address, Answer, Found, Held, Range, Refusal, Rows, Write};

use super::{Asked, Near, Trouble, document};
use crate::aws::faults::Service;

impl Near {
    /// The refusal that a client would have ended with; a conflict is told of the first of so many writes.
    fn refusal(trouble: Trouble<Refusal>, writes: usize) -> Refusal {
        match trouble {
            Trouble::Refused(refusal) => refusal,
            Trouble::Passing(reason) => Refusal::Unavailable(reason.into()),
            Trouble::Conflict => {
                let mut held = vec![Held::Up; writes.max(1)];
                held[0] = Held::Conflict;
                Refusal::Held(held)
            }
        }
    }

    /// Looks whether the function may do this to a table.
    fn may(
        &self,
        action: &'static str,
        table: &str,
        index: Option<&'static str>,
    ) -> Result<(), Refusal> {
        let needed = self.needs(Service::Tables, action, table, index);
        needed.map_err(|denied| Refusal::Defect(denied.to_string()))
    }

    /// A read, or what the faults make of it.
    async fn reads<T: Send>(
        &self,
        operation: &'static str,
        body: impl FnOnce() -> Value + Send,
        read: impl Fn() -> Result<T, Refusal> + Send + Sync,
    ) -> Result<T, Refusal> {
        if self.services.faults.is_none() {
            return read();
        }
        let asked = Asked { service: Service::Tables, operation, body: &body() };
        let answer = self.among_faults(&asked, &|| Box::pin(async { read() })).await;
        answer.map_err(|trouble| Self::refusal(trouble, 1))
    }
}

impl road::Near for Near {
    fn get(&self, address: Address) -> Answer<'_, Option<Row>> {
        Box::pin(async move {
            self.may("GetItem", &address.table, None)?;
            let read = || self.services.tables.near_get(&self.function, &address);
            self.reads("GetItem", || document::get(&address), read).await
        })
    }

    fn get_all(&self, addresses: Vec<Address>) -> Answer<'_, Vec<(String, Row)>> {
        Box::pin(async move {
            let tables: BTreeSet<&str> = addresses.iter().map(|it| it.table.as_str()).collect();
            for table in tables {
                self.may("BatchGetItem", table, None)?;
            }
            let read = || self.services.tables.near_get_all(&self.function, &addresses);
            self.reads("BatchGetItem", || document::get_all(&addresses), read).await
        })
    }

    fn range(&self, range: Range) -> Answer<'_, Found> {
        Box::pin(async move {
            self.may("Query", &range.table, range.index)?;
            let read = || self.services.tables.near_range(&self.function, &range);
            self.reads("Query", || document::range(&range), read).await
        })
    }

    fn rows(&self, rows: Rows) -> Answer<'_, Found> {
        Box::pin(async move {
            self.may("Scan", &rows.table, None)?;
            let read = || self.services.tables.near_rows(&self.function, &rows);
            self.reads("Scan", || document::rows(&rows), read).await
        })
    }

    fn write(&self, writes: Vec<Write>) -> Answer<'_, ()> {
        Box::pin(async move {
            for write in &writes {
                let action = if write.item.is_some() { "PutItem" } else { "DeleteItem" };
                self.may(action, &write.address.table, None)?;
            }
            let tables = &self.services.tables;
            if self.services.faults.is_none() {
                return tables.near_write(&self.function, &writes).await;
            }
            let (operation, body) = document::write(&writes);
            let asked = Asked { service: Service::Tables, operation, body: &body };
            let write = || tables.near_write(&self.function, &writes);
            let answer = self.among_faults(&asked, &|| Box::pin(write())).await;
            answer.map_err(|trouble| Self::refusal(trouble, writes.len()))
        })
    }
}
