//! The tables as every committed write left them, kept beside the real ones by watching the requests: what
//! actors look at, and where each change is held against the one before.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::Value;
use switchboard_check::Around;
use switchboard_domain::address::Address;
use switchboard_domain::configuration::PhoneNumber;
use switchboard_domain::consent::Consent;
use switchboard_domain::conversation::Conversation;
use switchboard_domain::interaction::Interaction;
use switchboard_domain::message::Message;
use switchboard_domain::record::Record;
use switchboard_domain::sid::{
    ActivitySid, MessageSid, ReservationSid, Sid as _, TaskQueueSid, TaskSid, WorkerSid,
    WorkflowSid, WorkspaceSid,
};
use switchboard_domain::task::{ReservationStatus, Task};
use switchboard_domain::workspace::{Activity, TaskQueue, Worker, Workflow, Workspace};
use switchboard_store::{Key, item, key};

/// The place of an item: its keys; no two tables share any.
pub(crate) type ItemKey = (String, String);

/// What one request did to one item.
pub(crate) struct ItemChange {
    pub(crate) before: Option<Record>,
    pub(crate) after: Option<Record>,
}

impl ItemChange {
    /// The same, as the checker takes it.
    pub(crate) const fn seen(&self) -> switchboard_check::RecordChange<'_> {
        switchboard_check::RecordChange { before: self.before.as_ref(), after: self.after.as_ref() }
    }
}

/// All records.
#[derive(Default)]
pub(crate) struct Mirror {
    records: BTreeMap<ItemKey, Record>,
    /// Transactions that were repeated by the client are one transaction.
    tokens: BTreeSet<String>,
    /// Tasks that a router has written last: every router knows how they stand.
    routed: BTreeSet<TaskSid>,
}

impl Mirror {
    /// Takes in a request that was carried out.
    pub(crate) fn apply(
        &mut self,
        function: &str,
        operation: &str,
        body: &Value,
    ) -> Vec<ItemChange> {
        let mut changes = Vec::new();
        match operation {
            "PutItem" => changes.extend(self.put(&body["Item"])),
            "DeleteItem" => changes.extend(self.delete(&body["Key"])),
            "TransactWriteItems" => {
                // The short road has no tokens: a transaction that is repeated there is refused.
                if let Some(token) = body["ClientRequestToken"].as_str()
                    && !self.tokens.insert(token.to_owned())
                {
                    return changes;
                }
                for action in body["TransactItems"].as_array().into_iter().flatten() {
                    changes.extend(self.put(&action["Put"]["Item"]));
                    changes.extend(self.delete(&action["Delete"]["Key"]));
                }
            }
            _ => {}
        }
        for change in &changes {
            if let Some(Record::Task(task)) = &change.after {
                match function == "task-assignment" {
                    true => self.routed.insert(task.sid),
                    false => self.routed.remove(&task.sid),
                };
            }
        }
        changes
    }

    fn put(&mut self, item: &Value) -> Option<ItemChange> {
        let place = place(item)?;
        let after = item::record(attributes(item)).expect("an item that was written can be read");
        let before = self.records.insert(place, after.clone());
        Some(ItemChange { before, after: Some(after) })
    }

    fn delete(&mut self, key: &Value) -> Option<ItemChange> {
        let place = place(key)?;
        let before = self.records.remove(&place)?;
        Some(ItemChange { before: Some(before), after: None })
    }

    pub(crate) fn records(&self) -> impl Iterator<Item = &Record> {
        self.records.values()
    }

    /// The record at a place.
    fn at(&self, key: Key) -> Option<&Record> {
        self.records.get(&(key.pk, key.sk))
    }

    /// Whether a router has written a task last.
    pub(crate) fn is_routed(&self, task: TaskSid) -> bool {
        self.routed.contains(&task)
    }

    /// Whether a reservation is open and unanswered.
    pub(crate) fn is_pending(&self, sid: ReservationSid) -> bool {
        let task: TaskSid = sid.kin(0);
        let task = self.tasks().find(|one| one.sid == task);
        let reservation = task.and_then(|task| task.reservation(sid));
        reservation.is_some_and(|one| one.status == ReservationStatus::Pending)
    }

    pub(crate) fn queue(&self, sid: TaskQueueSid) -> Option<&TaskQueue> {
        self.records().find_map(|one| match one {
            Record::TaskQueue(it) if it.sid == sid => Some(it.as_ref()),
            _ => None,
        })
    }

    pub(crate) fn workflow(&self, sid: WorkflowSid) -> Option<&Workflow> {
        self.records().find_map(|one| match one {
            Record::Workflow(it) if it.sid == sid => Some(it.as_ref()),
            _ => None,
        })
    }

    pub(crate) fn tasks(&self) -> impl Iterator<Item = &Task> {
        Around::tasks(self)
    }

    pub(crate) fn conversations(&self) -> impl Iterator<Item = &Conversation> {
        self.records().filter_map(|one| match one {
            Record::Conversation(it) => Some(it.as_ref()),
            _ => None,
        })
    }

    pub(crate) fn interactions(&self) -> impl Iterator<Item = &Interaction> {
        self.records().filter_map(|one| match one {
            Record::Interaction(it) => Some(it.as_ref()),
            _ => None,
        })
    }

    pub(crate) fn messages(&self) -> impl Iterator<Item = &Message> {
        self.records().filter_map(|one| match one {
            Record::Message(it) => Some(it.as_ref()),
            _ => None,
        })
    }

    /// The number of the copy of a message that goes to an address.
    pub(crate) fn copy_to(&self, message: MessageSid, to: &str) -> Option<u32> {
        let message = self.messages().find(|one| one.sid == message)?;
        let mut copies = message.deliveries.iter();
        copies.find(|one| one.pair.address.as_str() == to).map(|one| one.number)
    }

    pub(crate) fn workers(&self) -> impl Iterator<Item = &Worker> {
        self.records().filter_map(|one| match one {
            Record::Worker(it) => Some(it.as_ref()),
            _ => None,
        })
    }

    pub(crate) fn activities(&self) -> impl Iterator<Item = &Activity> {
        self.records().filter_map(|one| match one {
            Record::Activity(it) => Some(it.as_ref()),
            _ => None,
        })
    }
}

impl Around for Mirror {
    fn worker(&self, sid: WorkerSid) -> Option<&Worker> {
        self.workers().find(|one| one.sid == sid)
    }

    fn activity(&self, sid: ActivitySid) -> Option<&Activity> {
        self.activities().find(|one| one.sid == sid)
    }

    fn workspace(&self, sid: WorkspaceSid) -> Option<&Workspace> {
        self.records().find_map(|one| match one {
            Record::Workspace(it) if it.sid == sid => Some(it.as_ref()),
            _ => None,
        })
    }

    fn consent(&self, person: &Address) -> Option<&Consent> {
        self.at(key::consent(person))?.get()
    }

    fn number(&self, address: &Address) -> Option<&PhoneNumber> {
        self.at(key::phone_number_of(address))?.get()
    }

    fn tasks(&self) -> impl Iterator<Item = &Task> {
        self.records().filter_map(|one| match one {
            Record::Task(it) => Some(it.as_ref()),
            _ => None,
        })
    }
}

fn place(item: &Value) -> Option<ItemKey> {
    let text = |name: &str| item[name]["S"].as_str().map(str::to_owned);
    Some((text("pk")?, text("sk")?))
}

/// An item of a request as the SDK would hold it.
pub(crate) fn attributes(item: &Value) -> HashMap<String, AttributeValue> {
    let members = item.as_object().into_iter().flatten();
    members.map(|(name, value)| (name.clone(), attribute(value))).collect()
}

fn attribute(value: &Value) -> AttributeValue {
    let Some((kind, value)) = value.as_object().and_then(|it| it.iter().next()) else {
        return AttributeValue::Null(true);
    };
    let text = || value.as_str().unwrap_or_default().to_owned();
    match kind.as_str() {
        "S" => AttributeValue::S(text()),
        "N" => AttributeValue::N(text()),
        "BOOL" => AttributeValue::Bool(value.as_bool().unwrap_or_default()),
        "L" => AttributeValue::L(value.as_array().into_iter().flatten().map(attribute).collect()),
        "M" => AttributeValue::M(attributes(value)),
        _ => AttributeValue::Null(true),
    }
}
