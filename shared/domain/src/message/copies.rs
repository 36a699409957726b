//! The copies of a message of a conversation: to whom it goes.

use std::collections::BTreeSet;

use super::{Delivery, Post, fit_text};
use crate::address::Address;
use crate::conversation::{Conversation, OUTSIDE_WINDOW, Pair, Participant, Presence};
use crate::media::fit_channel;
use crate::refusal::Refusal;
use crate::timestamp::Timestamp;

/// The copies of a message, for everybody on a channel but its author. One that WhatsApp would not take any more is there, and failed.
pub(super) fn all_copies(
    conversation: &Conversation,
    writer: Option<u32>,
    author: &str,
    post: &Post,
    now: Timestamp,
) -> Result<Vec<Delivery>, Refusal> {
    match presence(conversation, writer, author) {
        Some(Presence::Listen) => return Err(Refusal::NotAuthorized),
        Some(Presence::Coach) => return Ok(Vec::new()),
        None => {}
    }
    // What a carrier brings to a group it has brought to everybody in it.
    let voice = match &post.origin {
        Some(_) => None,
        None => conversation.voice(author, writer)?,
    };
    let mut deliveries = copies(conversation, writer, author, now);
    if let Some(voice) = voice {
        deliveries.extend(group_copies(conversation, writer, &voice, now));
    }
    if post.origin.is_none() {
        for copy in &deliveries {
            let channel = copy.pair.address.channel();
            fit_channel(channel, &post.media)?;
            match &post.filled {
                None => fit_text(channel, post.body.as_deref().map_or("", String::as_str))?,
                Some(filled) => {
                    let carrier = copy.carrier.unwrap_or_default();
                    fit_text(channel, &filled.handed_over(channel, carrier).body)?;
                }
            }
        }
    }
    for copy in &mut deliveries {
        let to = copy.participant.and_then(|number| conversation.participant(number));
        let carrier = copy.carrier.unwrap_or_default();
        let is_approved = post.filled.as_ref().is_some_and(|it| it.is_approved_by(carrier));
        if !is_approved && to.is_some_and(|to| to.is_out_of_reach(now)) {
            copy.fail(OUTSIDE_WINDOW);
        }
    }
    Ok(deliveries)
}

/// How the author is there, if as a supervisor (rule C.12).
fn presence(conversation: &Conversation, writer: Option<u32>, author: &str) -> Option<Presence> {
    let by_number = writer.and_then(|number| conversation.participant(number));
    by_number.or_else(|| conversation.participant_called(author))?.presence
}

/// A copy for each participant on a channel, except for the author.
fn copies(
    conversation: &Conversation,
    author_number: Option<u32>,
    author: &str,
    now: Timestamp,
) -> Vec<Delivery> {
    let mut number = 0;
    let others = conversation.participants.iter().filter(|one| Some(one.number) != author_number);
    others
        .filter_map(|one| {
            let pair = one.pair.clone()?;
            if pair.proxy.as_str() == author {
                return None;
            }
            number += 1;
            let delivery = Delivery::new(number, Some(one.number), pair, now);
            Some(Delivery { carrier: one.carrier, ..delivery })
        })
        .collect()
}

/// A copy for each telephone of a group except the author's, all of which are handed over with the first of them, by one number of
/// ours (rule A.8). Other numbers of ours are named to everybody, and get no copy.
fn group_copies(
    conversation: &Conversation,
    author_number: Option<u32>,
    voice: &Address,
    now: Timestamp,
) -> Vec<Delivery> {
    let people = &conversation.participants;
    let ours: BTreeSet<&Address> = people.iter().filter_map(Participant::projected).collect();
    let beside: Vec<Address> = ours.into_iter().filter(|it| *it != voice).cloned().collect();
    let others = people.iter().filter(|one| Some(one.number) != author_number);
    let copy = |(number, (one, address)): (u32, (&Participant, &Address))| {
        let pair = Pair { address: address.clone(), proxy: voice.clone() };
        Delivery {
            carrier: people.iter().find_map(|one| one.carrier),
            led_by: (number > 1).then_some(1),
            beside: if number == 1 { beside.clone() } else { Vec::new() },
            ..Delivery::new(number, Some(one.number), pair, now)
        }
    };
    let reached = others.filter_map(|one| Some((one, one.telephone()?)));
    (1..).zip(reached).map(copy).collect()
}
