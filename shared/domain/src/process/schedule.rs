//! What follows when the status of a programmable message changes, and when one that was scheduled is let go.

mod pace;

pub use self::pace::{TICK_MAX, alarms, groups};
use super::notify;
use crate::decision::Decision;
use crate::effect::{Call, Effect, StatusCall};
use crate::message::Message;

/// The calls of whoever hears of a message's status: one for each copy that came to another one, with what it came to (rule
/// E.7). Of the first status nobody is told, nor of the moment of a call to the carrier (`sending`), which is over before anybody
/// could hear of it; that it is not told is inferred.
pub fn status_calls(before: &Message, after: &Message) -> Vec<Effect> {
    if after.status_callback().is_none() {
        return Vec::new();
    }
    let came = after
        .deliveries
        .iter()
        .filter(|copy| before.delivery(copy.number).is_some_and(|was| was.status != copy.status));
    let call = came.map(|copy| {
        Call::Status(StatusCall {
            message: after.sid,
            copy: copy.number,
            status: after.status_of(copy).to_owned(),
            error_code: copy.error_code,
        })
    });
    call.map(Effect::Notify).collect()
}

/// A message that is let go or taken back, with all that follows.
pub fn changed(before: &Message, after: Message) -> Decision {
    let mut effects = notify::sends(&after);
    effects.extend(status_calls(before, &after));
    Decision::put(after).asking(effects)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::carriage::SendOutcome;
    use crate::conversation::Pair;
    use crate::incoming::Listener;
    use crate::message::{Look, Pool, Terms, cancel, look, outside};
    use crate::sid::{MessageSid, Sid as _};
    use crate::timestamp::Timestamp;

    const NOW: Timestamp = Timestamp(1_795_344_809_000);

    fn message(send_at: Option<Timestamp>, url: Option<&str>) -> Message {
        let pair = Pair::new("+14155550100".parse().unwrap(), "+18005550199".parse().unwrap());
        let sid = MessageSid::derived(&["m"]);
        let body = Some("hi".into());
        let message = outside(sid, pair.unwrap(), body, Vec::new(), None, NOW).unwrap();
        let listener = |url: &str| Listener { url: url.to_owned(), method: "POST".to_owned() };
        message.on_terms(Terms { send_at, status_callback: url.map(listener), ..Terms::default() })
    }

    fn told(effects: &[Effect]) -> Vec<(&str, Option<u32>)> {
        let calls = effects.iter().filter_map(|effect| match effect {
            Effect::Notify(Call::Status(call)) => Some((call.status.as_str(), call.error_code)),
            Effect::Invite(_)
            | Effect::Route(_)
            | Effect::Send(_)
            | Effect::Notify(_)
            | Effect::Media(_)
            | Effect::Wake(_) => None,
        });
        calls.collect()
    }

    #[test]
    fn each_status_after_the_first_is_told_once_with_what_it_was() {
        let first = message(None, Some("https://e.example/"));
        let leased = first.lease(1, NOW).unwrap();
        assert!(status_calls(&first, &leased).is_empty());
        let accepted = SendOutcome::Accepted { carrier_message_id: "SM1".to_owned() };
        let sent = leased.record(1, &accepted, NOW).unwrap().message;
        assert_eq!(told(&status_calls(&leased, &sent)), [("sent", None)]);
        let refused = SendOutcome::Rejected { error_code: 30_007, reason: String::new() };
        let failed = leased.record(1, &refused, NOW).unwrap().message;
        assert_eq!(told(&status_calls(&leased, &failed)), [("failed", Some(30_007))]);
        assert!(status_calls(&sent, &sent).is_empty());
    }

    #[test]
    fn where_nobody_listens_nothing_is_asked() {
        let first = message(None, None).lease(1, NOW).unwrap();
        let accepted = SendOutcome::Accepted { carrier_message_id: "SM1".to_owned() };
        let sent = first.record(1, &accepted, NOW).unwrap().message;
        assert!(status_calls(&first, &sent).is_empty());
    }

    #[test]
    fn what_is_scheduled_is_sent_when_it_is_let_go_and_not_if_it_is_canceled() {
        let scheduled = message(Some(NOW), Some("https://e.example/"));
        assert!(notify::sends(&scheduled).is_empty());
        let canceled = changed(&scheduled, cancel(&scheduled, 1, NOW).unwrap());
        assert_eq!(told(&canceled.effects), [("canceled", None)]);
        assert_eq!(canceled.effects.len(), 1);
        let Look::Goes(gone) = look(&scheduled, Pool::default(), NOW) else { panic!("it is due") };
        let failed = changed(&scheduled, *gone);
        assert_eq!(told(&failed.effects), [("failed", Some(21_701))]);
        assert_eq!(failed.effects.len(), 1, "nothing is sent without a service");
    }
}
