//! Messages of a conversation.

use serde::Serialize;
use serde_json::Value;
use switchboard_domain::carriage::DeliveryStatus;
use switchboard_domain::codes::Code;
use switchboard_domain::conversation::Conversation;
use switchboard_domain::decision::Decision;
use switchboard_domain::media::MediaFailure;
use switchboard_domain::message::{Edit, Message, Post};
use switchboard_domain::private::Private;
use switchboard_domain::process::conversation::{Command, ConversationChange};
use switchboard_domain::sid::{
    AccountSid, ContentSid, ConversationSid, MediaSid, MessageSid, ParticipantSid, ServiceSid,
    Sid as _,
};
use switchboard_domain::template::Product;
use switchboard_domain::timestamp::Timestamp;
use switchboard_rest::fields::invalid;
use switchboard_rest::{
    Answer, ApiError, Call, Direction, Order, Params, Reply, Source, Stretch, body, filtered,
    template,
};
use switchboard_runtime::Dependencies;
use switchboard_store::key;

use crate::apply::decide_with_answers;
use crate::input::{self, ATTRIBUTES_MAX, NAME_CHARS_MAX};
use crate::scope::Scope;
use crate::speaker;
use crate::uploads;

/// The largest page.
const PAGE_MAX: i64 = 100;

/// `POST …/Messages`.
pub(crate) async fn create(call: &Call<'_>, scope: &Scope, of: &str) -> Answer {
    let form = &call.form;
    let filled = template::given(call, Product::Conversations).await?.map(Box::new);
    let (body, uploads) = match &filled {
        Some(filled) => (filled.text(), Vec::new()),
        None => (form.given("Body").map(Private::from), uploads::named(form)?),
    };
    let post = Post {
        sid: call.on.mint(),
        author: author(form)?,
        body,
        media: Vec::new(),
        attributes: input::attributes(form, ATTRIBUTES_MAX)?.flatten(),
        speaker: speaker::token(form, "SpeakerToken")?,
        origin: None,
        aliases: Vec::new(),
        dates: input::dates(form)?,
        filled,
    };
    let answer = call
        .decide(async || {
            let conversation = scope.conversation(call, of).await?;
            let (uploads, media) =
                uploads::attached(call, &conversation, &uploads, post.sid).await?;
            let among = || speaker::token_among(&conversation, post.attributes.as_deref());
            let speaker = post.speaker.or_else(among);
            let command = Command::Post(Post { media, speaker, ..post.clone() });
            let change = decide_with_answers(call, &conversation, command).await?;
            let answer = rendered(call, scope, &change);
            let decision = uploads.into_iter().fold(Decision::from(change), Decision::and);
            Ok::<_, ApiError>((answer, decision))
        })
        .await?;
    Ok(Reply::created(answer))
}

/// `GET …/Messages`: in order of their indexes, or the other way round.
pub(crate) async fn list(call: &Call<'_>, scope: &Scope, of: &str) -> Answer {
    let order = match call.query.given("Order") {
        Some(text) => Order::parse(text).ok_or_else(|| invalid("Order", "must be asc or desc"))?,
        None => Order::Ascending,
    };
    let request = call.page(PAGE_MAX)?;
    let conversation = scope.conversation(call, of).await?;
    let line = Line { on: call.on, of: &conversation, order };
    let page = filtered(&line, &request, |one: &Message| is_in(&conversation, one)).await?;
    let render = |one: &Message| render(call, scope, &conversation, one);
    Ok(call.paged("messages", &request, &page, render))
}

/// The messages of a conversation in one of the two orders. The edge of each is its index.
struct Line<'a> {
    on: &'a Dependencies,
    of: &'a Conversation,
    order: Order,
}

impl Source for Line<'_> {
    type Record = Message;

    async fn read(
        &self,
        beyond: Option<&str>,
        direction: Direction,
        limit: usize,
    ) -> Result<Stretch<Message>, ApiError> {
        let not_a_place = |_| invalid("PageToken", "leads nowhere");
        let beyond = beyond.map(str::parse::<u32>).transpose().map_err(not_a_place)?;
        let (end, limit) = (self.of.next_index, u32::try_from(limit).unwrap_or(u32::MAX));
        let rises = (self.order == Order::Ascending) == (direction == Direction::Forwards);
        let indexes = match rises {
            true => {
                let start = beyond.map_or(0, |edge| edge.saturating_add(1)).min(end);
                start..start.saturating_add(limit).min(end)
            }
            false => {
                let end = beyond.unwrap_or(end).min(end);
                end.saturating_sub(limit)..end
            }
        };
        let mut records = self.on.store.messages(self.of, indexes.clone()).await?;
        let rest = match rises {
            true => (indexes.end < end).then(|| key::indexed(indexes.end.saturating_sub(1))),
            false => {
                records.reverse();
                (indexes.start > 0).then(|| key::indexed(indexes.start))
            }
        };
        Ok(Stretch { records, rest })
    }

    fn edge(&self, record: &Message) -> String {
        key::indexed(record.index)
    }
}

/// `GET …/Messages/{Sid}`.
pub(crate) async fn fetch(call: &Call<'_>, scope: &Scope, of: &str, sid: &str) -> Answer {
    let (conversation, message) = load(call, scope, of, sid).await?;
    Ok(Reply::ok(render(call, scope, &conversation, &message)))
}

/// `POST …/Messages/{Sid}`: corrects what the conversation shows; what a carrier has delivered
/// stays as it was.
pub(crate) async fn update(call: &Call<'_>, scope: &Scope, of: &str, sid: &str) -> Answer {
    let form = &call.form;
    let edit = Edit {
        body: form.get("Body").map(|body| Some(Private::from(body))),
        attributes: input::attributes(form, ATTRIBUTES_MAX)?,
        author: author(form)?,
        dates: input::dates(form)?,
    };
    let answer = call
        .decide(async || {
            let (conversation, before) = load(call, scope, of, sid).await?;
            let command = Command::Edit(Box::new(before), edit.clone());
            let change = decide_with_answers(call, &conversation, command).await?;
            Ok::<_, ApiError>((rendered(call, scope, &change), Decision::from(change)))
        })
        .await?;
    Ok(Reply::ok(answer))
}

/// `DELETE …/Messages/{Sid}`.
pub(crate) async fn remove(call: &Call<'_>, scope: &Scope, of: &str, sid: &str) -> Answer {
    call.decide(async || {
        let (conversation, before) = load(call, scope, of, sid).await?;
        let command = Command::Withdraw(Box::new(before));
        let change = decide_with_answers(call, &conversation, command).await?;
        Ok::<_, ApiError>(((), Decision::from(change)))
    })
    .await?;
    Ok(Reply::gone())
}

/// A message that is in this conversation and was not removed.
pub(crate) async fn load(
    call: &Call<'_>,
    scope: &Scope,
    of: &str,
    sid: &str,
) -> Result<(Conversation, Message), ApiError> {
    let sid: MessageSid = call.sid(sid)?;
    let conversation = scope.conversation(call, of).await?;
    let found: Option<Message> = call.on.store.get(key::message(sid)).await?;
    let message = found.filter(|found| is_in(&conversation, found));
    message.map(|message| (conversation, message)).ok_or_else(|| call.not_found())
}

fn is_in(conversation: &Conversation, message: &Message) -> bool {
    message.conversation == Some(conversation.sid) && !message.removed
}

fn author(form: &Params) -> Result<Option<String>, ApiError> {
    match form.given("Author") {
        Some(author) if author.chars().count() > NAME_CHARS_MAX => Err(Code::AuthorTooLong.into()),
        given => Ok(given.map(str::to_owned)),
    }
}

/// The message that a change was about.
fn rendered(call: &Call<'_>, scope: &Scope, change: &ConversationChange) -> Value {
    let one = change.message.as_ref();
    one.map_or(Value::Null, |one| render(call, scope, &change.conversation, one))
}

/// A message as answers show it.
#[derive(Debug, Serialize)]
struct Shown<'a> {
    sid: MessageSid,
    account_sid: AccountSid,
    #[serde(skip_serializing_if = "Option::is_none")]
    chat_service_sid: Option<ServiceSid>,
    conversation_sid: ConversationSid,
    index: u32,
    author: &'a str,
    body: Option<&'a str>,
    media: Option<Vec<ShownFile<'a>>>,
    attributes: &'a str,
    participant_sid: Option<ParticipantSid>,
    date_created: String,
    date_updated: Option<String>,
    delivery: Option<Summary>,
    content_sid: Option<ContentSid>,
    links: Links,
    url: String,
}

#[derive(Debug, Serialize)]
struct ShownFile<'a> {
    sid: MediaSid,
    size: Option<u64>,
    content_type: &'a str,
    filename: Option<&'a str>,
    /// Ours: whether its content can be read.
    state: &'static str,
    /// Ours: why it cannot, if it never can.
    error: Option<&'static str>,
}

#[derive(Debug, Serialize)]
struct Links {
    delivery_receipts: String,
    channel_metadata: String,
}

/// How far all copies got, in words (rule B.4).
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Summary {
    total: usize,
    sent: &'static str,
    delivered: &'static str,
    read: &'static str,
    failed: &'static str,
    undelivered: &'static str,
}

fn render(call: &Call<'_>, scope: &Scope, of: &Conversation, one: &Message) -> Value {
    let path = scope.path(&format!("Conversations/{}/Messages/{}", of.sid, one.sid));
    let url = call.url(&path);
    body(&Shown {
        sid: one.sid,
        account_sid: call.on.config.account_sid,
        chat_service_sid: scope.named(),
        conversation_sid: of.sid,
        index: one.index,
        author: &one.author,
        body: one.body.as_ref().map(|body| body.as_str()),
        media: media(one),
        attributes: one.attributes.as_deref().unwrap_or("{}"),
        participant_sid: one.participant.map(|number| of.sid.kin(number)),
        date_created: one.created.iso(),
        date_updated: one.edited.map(Timestamp::iso),
        delivery: Summary::of(one),
        content_sid: one.filled.as_ref().map(|filled| filled.template),
        links: Links {
            delivery_receipts: format!("{url}/Receipts"),
            channel_metadata: format!("{url}/ChannelMetadata"),
        },
        url,
    })
}

/// The files, each under the identifier that it has everywhere.
fn media(message: &Message) -> Option<Vec<ShownFile<'_>>> {
    let shown = message.files().map(|(sid, file)| ShownFile {
        sid,
        size: file.size_bytes,
        content_type: &file.content_type,
        filename: file.file_name.as_ref().map(|name| name.as_str()),
        state: file.state.name(),
        error: file.state.failure().map(MediaFailure::reason),
    });
    (!message.media.is_empty()).then(|| shown.collect())
}

impl Summary {
    /// Each step counts the ones behind it; a message that goes to no participant on a channel has no summary.
    fn of(message: &Message) -> Option<Self> {
        use DeliveryStatus::{Delivered, Failed, Read, Sent, Undelivered};
        let total = message.deliveries.len();
        if total == 0 {
            return None;
        }
        let word = |reached: &[DeliveryStatus]| {
            let copies = message.deliveries.iter();
            match copies.filter(|one| reached.contains(&one.status)).count() {
                0 => "none",
                count if count == total => "all",
                _ => "some",
            }
        };
        Some(Self {
            total,
            sent: word(&[Sent, Delivered, Read, Undelivered]),
            delivered: word(&[Delivered, Read]),
            read: word(&[Read]),
            failed: word(&[Failed]),
            undelivered: word(&[Undelivered]),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use switchboard_domain::address::ChannelType;
    use switchboard_domain::carriage::{CarrierName, StatusReport};
    use switchboard_domain::conversation::{
        Answer, Answers, Dates, Defaults, NewParticipant, Pair, Question, Source,
    };
    use switchboard_domain::process::conversation::decide_all;

    fn message_to(statuses: &[DeliveryStatus]) -> Message {
        let (sid, service) = (ConversationSid::derived(&["c"]), ServiceSid::derived(&["s"]));
        let conversation = Conversation::new(sid, service, Defaults::default(), Timestamp(0));
        let pairs = (0..statuses.len()).map(|number| {
            let address = format!("+1415555010{number}").parse().unwrap();
            Pair::new(address, "+18005550199".parse().unwrap()).unwrap()
        });
        let free = |pair: Pair| (Question::HolderOf(pair), Answer::None);
        let answers: Answers = pairs.clone().map(free).collect();
        let post = Post {
            sid: MessageSid::derived(&["m"]),
            author: None,
            body: Some("hi".into()),
            media: Vec::new(),
            attributes: None,
            speaker: None,
            origin: None,
            aliases: Vec::new(),
            dates: Dates::default(),
            filled: None,
        };
        let joins = pairs.map(|pair| Command::Join(NewParticipant::at(pair)));
        let commands = joins.chain([Command::Post(post)]);
        let change = decide_all(
            &conversation,
            commands,
            Source::Channel(ChannelType::Sms),
            &answers,
            Timestamp(0),
        )
        .unwrap();
        let reported = (1..).zip(statuses).filter(|(_, it)| **it != DeliveryStatus::Queued);
        reported.fold(change.message.unwrap(), |message, (number, status)| {
            let id = format!("SM{number}");
            let report = StatusReport::new(CarrierName::default(), id, *status, Timestamp(0));
            message.report(number, &report, Timestamp(0)).unwrap().message
        })
    }

    #[test]
    fn the_summary_counts_each_step_and_the_ones_behind_it() {
        use DeliveryStatus::{Delivered, Failed, Queued, Read, Undelivered};
        let words = |statuses: &[DeliveryStatus]| Summary::of(&message_to(statuses)).unwrap();
        let both = words(&[Delivered, Read]);
        assert_eq!((both.total, both.sent), (2, "all"));
        assert_eq!((both.delivered, both.read), ("all", "some"));
        assert_eq!((both.failed, both.undelivered), ("none", "none"));
        let mixed = words(&[Failed, Undelivered, Queued]);
        assert_eq!((mixed.sent, mixed.delivered), ("some", "none"));
        assert_eq!((mixed.failed, mixed.undelivered), ("some", "some"));
    }

    #[test]
    fn a_message_to_nobody_on_a_channel_has_no_summary() {
        assert_eq!(Summary::of(&message_to(&[])), None);
    }
}
