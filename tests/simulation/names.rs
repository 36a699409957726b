//! Customers whose names change: they write from a number with or without the digit that their country has added, or from
//! an id alone; they change the number, and with it the id, or the id. The carrier gives notice, and may do so again. Each
//! writes by a carrier of their own.

use std::collections::BTreeSet;

use switchboard_domain::address::Address;
use switchboard_domain::carriage::{Alias, AliasKind, Arrival, CarrierName, IdentityChange};
use switchboard_domain::conversation::{Renaming, State};
use switchboard_domain::process::identity;
use switchboard_domain::record::Record;

use crate::carrier::{Written, customer_writes};
use crate::kernel::Kernel;
use crate::random::{Concern, Random};
use crate::setup::WHATSAPP;
use crate::sometimes::{Sometimes, meet};
use crate::world::KERNEL;

/// How often, in a thousand, it is one of them who acts.
const OFTEN: usize = 120;
/// The digits before those that tell a person's numbers from others.
const AREA: &str = "31";
const LOCAL: &str = "880";

/// One of them.
#[derive(Debug, Clone)]
pub(crate) struct Person {
    number: usize,
    /// How often the number was changed.
    phone: usize,
    /// How often the id was changed.
    user: usize,
    /// The notices that the carrier gave.
    notices: Vec<IdentityChange>,
}

impl Person {
    /// All of them.
    pub(crate) fn all() -> Vec<Self> {
        (0..2).map(|number| Self { number, phone: 0, user: 0, notices: Vec::new() }).collect()
    }

    /// Who is called so, whenever that was.
    pub(crate) fn called(name: &Address) -> Option<usize> {
        let (number, id) = (format!("+55{AREA}9{LOCAL}"), "BR.U");
        let bare = name.bare();
        let rest = bare.strip_prefix(&number).or_else(|| bare.strip_prefix(id))?;
        rest.get(..1)?.parse().ok()
    }

    /// The carrier that they write by: each has somebody.
    fn carrier(&self) -> CarrierName {
        CarrierName::ALL[self.number % CarrierName::ALL.len()]
    }

    fn digits(&self, has_ninth: bool) -> String {
        let ninth = if has_ninth { "9" } else { "" };
        format!("55{AREA}{ninth}{LOCAL}{}{:04}", self.number, self.phone)
    }

    fn user(&self) -> String {
        format!("BR.U{}x{}", self.number, self.user)
    }

    fn names(&self) -> BTreeSet<Alias> {
        let alias = |kind, text: String| Alias { kind, address: text.parse().expect("a name") };
        BTreeSet::from([
            alias(AliasKind::Phone, format!("whatsapp:+{}", self.digits(true))),
            alias(AliasKind::UserId, format!("whatsapp:{}", self.user())),
        ])
    }

    /// What they write: from the number in either form, or from the id alone.
    fn written(&self, random: &mut Random, body: String) -> Written {
        let mut names = vec![(AliasKind::UserId, self.user())];
        let from = match random.below(3) {
            0 => self.user(),
            form => {
                names.push((AliasKind::AccountId, self.digits(random.chance(500))));
                format!("+{}", self.digits(form == 1))
            }
        };
        let (from, to) = (format!("whatsapp:{from}"), WHATSAPP.to_owned());
        let (others, files) = (Vec::new(), Vec::new());
        Written { from, to, others, body, carrier: self.carrier(), names, reply_to: None, files }
    }
}

impl Kernel {
    /// What somebody writes by that carrier: one whose names change, or else one of the others.
    pub(crate) fn somebody_of(
        &self,
        carrier: CarrierName,
        random: &mut Random,
        body: String,
    ) -> Written {
        let theirs = self.people.iter().find(|one| one.carrier() == carrier);
        theirs.expect("somebody by each carrier").written(random, body)
    }

    /// Perhaps it is one of them who acts.
    pub(crate) async fn somebody_with_names_acts(&mut self) -> bool {
        let random = &mut self.streams.decision(Concern::Names);
        if !random.chance(OFTEN) {
            return false;
        }
        let place = random.below(self.people.len());
        match random.weighed(&[6, 2, 1, 1]) {
            0 => {
                self.messages += 1;
                let number = self.messages;
                let body = format!("message {number}");
                let written = self.people[place].written(random, body);
                self.post(customer_writes(&format!("SM{number:032x}"), written)).await;
            }
            1 => self.is_renamed(place, true).await,
            2 => self.is_renamed(place, false).await,
            _ => {
                let notices = self.people[place].notices.clone();
                let Some(notice) = random.pick(&notices) else { return true };
                if notices.last() != Some(notice) {
                    meet(&mut self.world.state().met, Sometimes::NoticeRepeated);
                }
                self.gives_notice(notice, random.next()).await;
            }
        }
        true
    }

    /// Somebody has another number, and another id with it, or another id alone: not before the last notice of them was
    /// followed, since two that overtake each other say nothing that joins them (rule A.2).
    async fn is_renamed(&mut self, place: usize, has_new_phone: bool) {
        let last = self.people[place].notices.last().cloned();
        if last.is_some_and(|notice| !self.is_followed(&notice)) {
            return;
        }
        let old = self.people[place].names();
        let now = self.world.now();
        let person = &mut self.people[place];
        person.phone += usize::from(has_new_phone);
        person.user += 1;
        let notice = IdentityChange {
            carrier: person.carrier(),
            carrier_notice_id: format!("{} {}", person.number, person.user),
            to: WHATSAPP.parse().expect("an address"),
            old,
            new: person.names(),
            happened_at: Some(now),
            received_at: now,
        };
        person.notices.push(notice.clone());
        let number = person.number;
        let is_open = self.world.state().mirror.conversations().any(|one| {
            let mut names = one.participants.iter().flat_map(|it| it.bound_as());
            one.state != State::Closed
                && names.any(|pair| Person::called(&pair.address) == Some(number))
        });
        if is_open {
            meet(&mut self.world.state().met, Sometimes::RenamedWhileOpen);
        }
        self.gives_notice(&notice, 0).await;
    }

    /// Whether a notice was handled once: it is kept under each of its new names.
    fn is_followed(&mut self, notice: &IdentityChange) -> bool {
        let state = self.world.state();
        let mut kept = state.mirror.records().filter_map(Record::get::<Renaming>);
        kept.any(|one| notice.new.iter().any(|alias| alias.address.folded() == one.name))
    }

    /// Puts a notice where the webhook would. A copy that is to count has ids of its own.
    async fn gives_notice(&mut self, notice: &IdentityChange, copy: u64) {
        self.world.log(&format!("notice of {} ({copy})", notice.carrier_notice_id));
        let body = serde_json::to_string(&Arrival::Identity(Box::new(notice.clone())));
        let body = body.expect("a notice is JSON");
        let client = self.deployment.sqs_client(KERNEL);
        for (group, id) in identity::groups(notice) {
            let send = client
                .send_message()
                .queue_url(self.deployment.queue_url("inbound.fifo"))
                .message_body(&body)
                .message_group_id(group)
                .message_deduplication_id(format!("{id}{copy}"));
            send.send().await.expect("the queue takes it");
        }
        self.world.state().news.insert("switchboard-inbound.fifo".to_owned());
    }
}
