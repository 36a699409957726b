//! Reads inbound messages and status callbacks, which arrive as the same kind of form
//! (rules E.4, E.7).

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use http::Method;
use switchboard_domain::address::{Address, ChannelType};
use switchboard_domain::carriage::{
    Alias, AliasKind, CarrierName, Content, DeliveryStatus, InboundMessage, Media, Part, Price,
    Pricing, StatusReport, UNKNOWN_CONTENT,
};
use switchboard_domain::private::Private;
use switchboard_domain::sid::{AccountSid, MessageSid};
use switchboard_domain::timestamp::Timestamp;

use crate::carrier::Event;
use crate::form::{self, Parameters};
use crate::parse_error::{ParseError, Problem};
use crate::request::{PARAMETERS_MAX, Verified};

/// Longest identifier of a carrier that we keep.
const MESSAGE_ID_CHARS_MAX: usize = 64;

/// What the names of the parameters begin with that say who else received a message to a group.
pub(super) const OTHER_RECIPIENTS: &str = "OtherRecipients";

/// Names in the query of the status callback's URL, by which a report finds its delivery.
const CORRELATION_MESSAGE: &str = "message";
const CORRELATION_DELIVERY: &str = "delivery";

/// What is kept beside text and files, by the carrier's names; and everything that starts `Referral`.
const EXTRAS: [&str; 24] = [
    "Address",
    "ButtonPayload",
    "ButtonText",
    "ButtonType",
    "ChannelMetadata",
    "CtwaClid",
    "ExternalUserId",
    "Forwarded",
    "FrequentlyForwarded",
    "InteractiveData",
    "Label",
    "Latitude",
    "ListDescription",
    "ListId",
    "ListTitle",
    "Longitude",
    "MessageType",
    "OptOutType",
    "OriginalRepliedMessageSender",
    "OriginalRepliedMessageSid",
    "OptInType",
    "ParentExternalUserId",
    "UserName",
    "WaId",
];

/// The address that the carrier shall report to, which tells us the delivery back.
pub(super) fn status_callback(url: &str, message: MessageSid, delivery: u32) -> String {
    let (url, overrides) = url.split_at(url.find('#').unwrap_or(url.len()));
    let separator = if url.contains('?') { '&' } else { '?' };
    let query = form::encode([
        (CORRELATION_MESSAGE, message.to_string().as_str()),
        (CORRELATION_DELIVERY, delivery.to_string().as_str()),
    ]);
    format!("{url}{separator}{query}{overrides}")
}

/// Reads a verified request: one message or one status.
pub(super) fn parse(
    verified: &Verified<'_>,
    account_sid: AccountSid,
    now: Timestamp,
) -> Result<Vec<Event>, ParseError> {
    let request = verified.request();
    let other;
    let parameters = match verified.form() {
        Some(form) => form,
        None if *request.method == Method::GET => {
            other = Parameters::decode(request.query().as_bytes());
            &other
        }
        None => {
            other = Parameters::of_json(request.body).ok_or(ParseError::Shape)?;
            &other
        }
    };
    let status = match parameters.if_given("MessageStatus")? {
        None => parameters.if_given("SmsStatus")?,
        status => status,
    };
    let event = match status {
        None | Some("received" | "receiving") => Event::Message(message(parameters, now)?),
        Some(_) if !is_of(parameters, account_sid)? => {
            Event::Ignored("a report of another account".to_owned())
        }
        Some(status) => match delivery_status(status) {
            Some(status) => Event::Status(report(parameters, request.query(), status, now)?),
            None => Event::Ignored(unknown_status(status)),
        },
    };
    Ok(vec![event])
}

/// The rung of our ladder that the carrier's word for a status stands on.
pub(super) fn delivery_status(carrier_status: &str) -> Option<DeliveryStatus> {
    Some(match carrier_status {
        "accepted" | "scheduled" | "queued" | "sending" => DeliveryStatus::Queued,
        "sent" => DeliveryStatus::Sent,
        "delivered" | "partially_delivered" => DeliveryStatus::Delivered,
        "read" => DeliveryStatus::Read,
        "undelivered" => DeliveryStatus::Undelivered,
        "failed" | "canceled" => DeliveryStatus::Failed,
        _ => return None,
    })
}

fn unknown_status(carrier_status: &str) -> String {
    let start: String = carrier_status.chars().take(40).collect();
    format!("unknown message status {start:?}")
}

/// Whether a report is of this account: another one that has the same secret could report on another's messages. Not every
/// carrier names one.
fn is_of(parameters: &Parameters<'_>, account_sid: AccountSid) -> Result<bool, ParseError> {
    let given = parameters.get("AccountSid")?;
    Ok(given.is_none_or(|given| given == account_sid.to_string()))
}

fn message(parameters: &Parameters<'_>, now: Timestamp) -> Result<InboundMessage, ParseError> {
    let id = message_id(parameters)?;
    let (media, is_complete) = media(parameters)?;
    let pair = (address(parameters, "From")?, address(parameters, "To")?);
    let aliases = aliases(parameters, &pair.0);
    let is_reaction = is_reaction(parameters);
    let body = parameters.get("Body")?.filter(|_| !is_reaction).unwrap_or_default();
    let reply_to = said(parameters, "OriginalRepliedMessageSid").map(|id| id.0);
    Ok(InboundMessage {
        aliases,
        others: others(parameters),
        media,
        content: content(parameters),
        reply_to: reply_to.filter(|_| !is_reaction),
        profile_name: parameters.get("ProfileName")?.map(Private::from),
        extra: extra(parameters)?,
        truncated: if is_complete { BTreeSet::new() } else { BTreeSet::from([Part::Media]) },
        ..InboundMessage::new(CarrierName::Twilio, id, pair, body, now)
    })
}

/// Who else received a message to a group: `OtherRecipients0`, `OtherRecipients1`, … **Inferred:** no page names them; captured
/// webhooks of group MMS have one for each receiver but `To`. If one of them is no address nobody knows the group, so it is none.
fn others(parameters: &Parameters<'_>) -> BTreeSet<Address> {
    let is_one = |name: &&[u8]| {
        let number = name.strip_prefix(OTHER_RECIPIENTS.as_bytes());
        number.is_some_and(|number| number.iter().all(u8::is_ascii_digit))
    };
    let names = parameters.names().filter(is_one).filter_map(|name| std::str::from_utf8(name).ok());
    let each = names.flat_map(|name| parameters.all(name)).filter(|value| !value.is_empty());
    let all: Result<BTreeSet<Address>, _> = each.map(str::parse).collect();
    all.unwrap_or_default()
}

/// What a parameter says that the message can do without: one that is repeated or no text must not cost us the rest,
/// and is kept among the extras if it can be.
fn said(parameters: &Parameters<'_>, name: &str) -> Option<Private<String>> {
    parameters.get(name).ok().flatten().map(Private::from)
}

/// The other names of the sender: the channel's own identifier, which is digits, and the one that only this business
/// is told.
fn aliases(parameters: &Parameters<'_>, from: &Address) -> BTreeSet<Alias> {
    let named = |kind, prefix: &str, name| {
        let value = said(parameters, name)?;
        let address =
            format!("{}:{prefix}{}", from.channel().name(), value.as_str()).parse().ok()?;
        (address != *from && from.channel() == ChannelType::Whatsapp)
            .then_some(Alias { kind, address })
    };
    let account = named(AliasKind::AccountId, "+", "WaId");
    let user = named(AliasKind::UserId, "", "ExternalUserId");
    let parent = named(AliasKind::ParentUserId, "", "ParentExternalUserId");
    [account, user, parent].into_iter().flatten().collect()
}

/// Whether the text is an emoji on another message; without one, it was taken away.
fn is_reaction(parameters: &Parameters<'_>) -> bool {
    said(parameters, "MessageType").is_some_and(|kind| kind.eq_ignore_ascii_case("reaction"))
}

/// Whether the customer came from somewhere. How many files stand there is said of every message.
fn is_referred(parameters: &Parameters<'_>) -> bool {
    let mut names = parameters.names().filter_map(|name| std::str::from_utf8(name).ok());
    names.any(|name| {
        let is_one = name.starts_with("Referral") && name != "ReferralNumMedia";
        (is_one || name == "CtwaClid") && said(parameters, name).is_some()
    })
}

/// What the message consists of beside text and files.
fn content(parameters: &Parameters<'_>) -> Vec<Content> {
    let said = |name| said(parameters, name);
    let is = |name| said(name).is_some_and(|value| value.eq_ignore_ascii_case("true"));
    let mut content = Vec::new();
    if is_reaction(parameters) {
        let to = said("OriginalRepliedMessageSid").map(|id| id.0);
        content.push(Content::Reaction { to, emoji: said("Body") });
    }
    if let (Some(latitude), Some(longitude)) = (said("Latitude"), said("Longitude")) {
        let (name, address) = (said("Label"), said("Address"));
        content.push(Content::Location { latitude, longitude, name, address });
    }
    let (text, payload) = (said("ButtonText"), said("ButtonPayload"));
    if text.is_some() || payload.is_some() {
        content.push(Content::Button { text, payload });
    }
    let (id, title) = (said("ListId"), said("ListTitle"));
    if id.is_some() || title.is_some() {
        content.push(Content::ListChoice { id, title, description: said("ListDescription") });
    }
    if let Some(response) = said("InteractiveData") {
        content.push(Content::Form { title: None, response });
    }
    if is_referred(parameters) {
        content.push(Content::Referral {
            source_url: said("ReferralSourceUrl"),
            source_type: said("ReferralSourceType").map(|word| word.0),
            source_id: said("ReferralSourceId").map(|word| word.0),
            headline: said("ReferralHeadline"),
            body: said("ReferralBody"),
            media_url: said("ReferralMediaUrl"),
            reference: said("ReferralCtwaClid").or_else(|| said("CtwaClid")),
        });
    }
    let many_times = is("FrequentlyForwarded");
    if many_times || is("Forwarded") {
        content.push(Content::Forwarded { many_times });
    }
    if let Some(choice) = said("OptOutType") {
        content.push(Content::OptOut { choice: choice.to_lowercase() });
    }
    content
}

fn report(
    parameters: &Parameters<'_>,
    query: &str,
    status: DeliveryStatus,
    now: Timestamp,
) -> Result<StatusReport, ParseError> {
    let (message, delivery) = correlation(&Parameters::decode(query.as_bytes())).unzip();
    let id = message_id(parameters)?;
    let address = |name| said(parameters, name).and_then(|text| text.parse().ok());
    let channel = said(parameters, "ChannelPrefix").and_then(|text| ChannelType::parse(&text));
    Ok(StatusReport {
        message,
        delivery,
        error_code: error_code(parameters)?,
        customer: address("To"),
        business: address("From"),
        channel,
        pricing: pricing(parameters),
        ..StatusReport::new(CarrierName::Twilio, id, status, now)
    })
}

/// What the message costs, where the carrier says so.
fn pricing(parameters: &Parameters<'_>) -> Option<Pricing> {
    let unit = said(parameters, "PriceUnit");
    let unit = unit.as_ref().map_or("USD", |unit| unit.as_str());
    let price = Price::parse(said(parameters, "Price")?.as_str(), unit)?;
    Some(Pricing { billable: Some(price.nanos > 0), price: Some(price), ..Pricing::default() })
}

/// Both halves or neither: a callback that is configured by hand has other things in its query.
pub(super) fn correlation(query: &Parameters<'_>) -> Option<(MessageSid, u32)> {
    let message = query.get(CORRELATION_MESSAGE).ok()??.parse().ok()?;
    let delivery = query.get(CORRELATION_DELIVERY).ok()??.parse().ok()?;
    Some((message, delivery))
}

/// A code that is no number must not cost us the status it comes with.
fn error_code(parameters: &Parameters<'_>) -> Result<Option<u32>, ParseError> {
    let code = parameters.get("ErrorCode")?.and_then(|code| code.parse().ok());
    Ok(code.filter(|code| *code != 0))
}

fn message_id(parameters: &Parameters<'_>) -> Result<String, ParseError> {
    let id = parameters.need("MessageSid")?;
    let known_form =
        id.len() <= MESSAGE_ID_CHARS_MAX && id.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if known_form { Ok(id.to_owned()) } else { Err(invalid("MessageSid")) }
}

fn address(parameters: &Parameters<'_>, name: &'static str) -> Result<Address, ParseError> {
    parameters.need(name)?.parse().map_err(|_| invalid(name))
}

/// The files that are there, and whether they are as many as was announced: one that is missing must not cost us
/// the text.
fn media(parameters: &Parameters<'_>) -> Result<(Vec<Media>, bool), ParseError> {
    let announced = parameters.get("NumMedia")?;
    let count = announced.map_or(Some(0), |text| text.parse::<usize>().ok());
    let mut files = Vec::new();
    for number in 0..count.unwrap_or(PARAMETERS_MAX).min(PARAMETERS_MAX) {
        let Some(url) = parameters.get(&format!("MediaUrl{number}"))? else { continue };
        let content_type = parameters.get(&format!("MediaContentType{number}"))?;
        files.push(Media::new(url, content_type.unwrap_or(UNKNOWN_CONTENT)));
    }
    let is_complete = count == Some(files.len());
    Ok((files, is_complete))
}

fn extra(parameters: &Parameters<'_>) -> Result<BTreeMap<String, Private<String>>, ParseError> {
    let mut extra = BTreeMap::new();
    for name in parameters.names() {
        let is_extra =
            name.starts_with(b"Referral") || EXTRAS.iter().any(|extra| extra.as_bytes() == name);
        let Some(name) = std::str::from_utf8(name).ok().filter(|_| is_extra) else { continue };
        if let Some(value) = parameters.get(name)? {
            extra.insert(name.to_owned(), value.into());
        }
    }
    Ok(extra)
}

fn invalid(name: &'static str) -> ParseError {
    ParseError::Parameter { name: Cow::Borrowed(name), problem: Problem::Invalid }
}

#[cfg(test)]
mod tests {
    use http::header::CONTENT_TYPE;
    use http::{HeaderMap, HeaderValue};
    use proptest::prelude::*;
    use switchboard_domain::sid::Sid as _;

    use super::super::verified;
    use super::*;
    use crate::request::RawRequest;

    const NOW: Timestamp = Timestamp(1_795_344_809_123);
    const FORM: &str = "application/x-www-form-urlencoded";
    const ACCOUNT: &str = "AC00000000000000000000000000000000";

    fn parse_as(
        method: &Method,
        url: &str,
        content_type: &'static str,
        body: &[u8],
    ) -> Result<Vec<Event>, ParseError> {
        let headers =
            HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(content_type))]);
        let account_sid = ACCOUNT.parse().unwrap();
        let request = RawRequest { method, url, headers: &headers, body };
        parse(&verified(request, form::decode(body).collect()), account_sid, NOW)
    }

    fn parse_form(body: &str) -> Result<Event, ParseError> {
        let mut events =
            parse_as(&Method::POST, "https://hooks.example.com/t", FORM, body.as_bytes())?;
        assert_eq!(events.len(), 1);
        Ok(events.remove(0))
    }

    fn wrong(body: &str) -> String {
        parse_form(body).unwrap_err().to_string()
    }

    #[test]
    fn whoever_else_received_a_message_is_told_by_parameters_of_their_own() {
        let sent = "MessageSid=MM1&From=%2B14155550101&To=%2B14155550001&Body=hi";
        let others = |more: &str| {
            let Event::Message(message) = parse_form(&format!("{sent}{more}")).unwrap() else {
                panic!("{more}")
            };
            message.others.into_iter().map(String::from).collect::<Vec<_>>()
        };
        assert!(others("").is_empty());
        let two = "&OtherRecipients0=%2B14155550103&OtherRecipients3=%2B14155550102";
        assert_eq!(others(two), ["+14155550102", "+14155550103"]);
        assert_eq!(others("&OtherRecipients=%2B14155550102&OtherRecipients0="), ["+14155550102"]);
        assert!(others("&OtherRecipientsCount=2").is_empty());
        assert!(
            others(&format!("{two}&OtherRecipients4=nobody%3A1")).is_empty(),
            "nobody knows it"
        );
    }

    #[test]
    fn a_wrong_parameter_is_named() {
        for (body, error) in [
            ("From=%2B14155550100&To=%2B14155550101", "parameter MessageSid is missing"),
            ("MessageSid=SM1&From=&To=%2B14155550101", "parameter From is missing"),
            ("MessageSid=SM1&From=%2B14155550100", "parameter To is missing"),
            ("MessageSid=SM1&From=fax:1&To=%2B14155550101", "parameter From is not valid"),
            ("MessageSid=SM/1&From=12345&To=12345", "parameter MessageSid is not valid"),
            ("MessageSid=SM1&MessageSid=SM2", "parameter MessageSid is given more than once"),
            ("MessageSid=SM1&From=12345&To=12345&Body=%FF", "parameter Body is not UTF-8"),
            ("MessageStatus=sent", "parameter MessageSid is missing"),
            (
                "MessageSid=SM1&From=12345&To=12346&MessageStatus=",
                "parameter MessageStatus is missing",
            ),
            ("MessageSid=SM1&From=12345&To=12346&SmsStatus=", "parameter SmsStatus is missing"),
            (
                "MessageSid=SM1&From=12345&To=12346&MessageStatus=&SmsStatus=received",
                "parameter MessageStatus is missing",
            ),
        ] {
            assert_eq!(wrong(body), error, "{body}");
        }
    }

    #[test]
    fn files_that_are_missing_or_miscounted_do_not_cost_us_the_message() {
        for (rest, files, is_complete) in [
            ("", 0, true),
            ("&NumMedia=0&MediaUrl0=https://a.example", 0, true),
            ("&NumMedia=1", 0, false),
            ("&NumMedia=2&MediaUrl1=https://a.example", 1, false),
            ("&NumMedia=x&MediaUrl0=https://a.example", 1, false),
            ("&NumMedia=999999999", 0, false),
        ] {
            let event = parse_form(&format!("MessageSid=SM1&From=12345&To=12346&Body=hi{rest}"));
            let Ok(Event::Message(message)) = event else { panic!("{event:?}") };
            assert_eq!((message.media.len(), message.body.as_str()), (files, "hi"), "{rest}");
            assert_eq!(message.truncated.is_empty(), is_complete, "{rest}");
        }
    }

    #[test]
    fn a_report_of_another_account_is_ignored_and_its_message_is_not() {
        let other = "AccountSid=AC00000000000000000000000000000009&MessageSid=SM1";
        let report = parse_form(&format!("{other}&MessageStatus=delivered")).unwrap();
        assert_eq!(report, Event::Ignored("a report of another account".to_owned()));
        let message = parse_form(&format!("{other}&From=12345&To=12346&Body=hi")).unwrap();
        assert!(matches!(message, Event::Message(_)), "{message:?}");
        let ours = parse_form(&format!("AccountSid={ACCOUNT}&MessageSid=SM1&SmsStatus=read"));
        assert!(matches!(ours, Ok(Event::Status(_))), "{ours:?}");
    }

    #[test]
    fn a_report_finds_the_delivery_that_it_is_about() {
        let message = MessageSid::derived(&["m"]);
        for base in ["https://hooks.example.com/t", "https://hooks.example.com/t?tenant=1"] {
            let url = status_callback(base, message, 7);
            assert!(url.starts_with(base), "{url}");
            let body = b"MessageSid=SM1&MessageStatus=undelivered&ErrorCode=30003";
            let events = parse_as(&Method::POST, &url, FORM, body).unwrap();
            let status = DeliveryStatus::Undelivered;
            let expected = StatusReport {
                message: Some(message),
                delivery: Some(7),
                error_code: Some(30003),
                ..StatusReport::new(CarrierName::Twilio, "SM1", status, NOW)
            };
            assert_eq!(events, [Event::Status(expected)]);
        }
        let url = status_callback("https://hooks.example.com/t#rc=2", message, 0);
        assert_eq!(url, format!("https://hooks.example.com/t?message={message}&delivery=0#rc=2"));
    }

    #[test]
    fn a_report_without_our_correlation_still_counts() {
        for (query, code) in [("message=x&delivery=1", "0"), ("delivery=1", "x"), ("", "")] {
            let url = format!("https://hooks.example.com/t?{query}");
            let body = format!("MessageSid=SM1&SmsStatus=read&ErrorCode={code}");
            let events = parse_as(&Method::POST, &url, FORM, body.as_bytes()).unwrap();
            let [Event::Status(report)] = &events[..] else { panic!("{events:?}") };
            assert_eq!((report.message, report.delivery, report.error_code), (None, None, None));
            assert_eq!(report.status, DeliveryStatus::Read);
        }
    }

    #[test]
    fn webhooks_that_ask_for_nothing_are_ignored() {
        let reason = |event| match event {
            Event::Ignored(reason) => reason,
            other => panic!("{other:?}"),
        };
        let unknown = parse_form("MessageSid=SM1&MessageStatus=teleported").unwrap();
        assert_eq!(reason(unknown), "unknown message status \"teleported\"");
    }

    #[test]
    fn a_body_of_json_is_read_as_a_form_of_the_same_members() {
        let parse_json = |body: &str| {
            parse_as(&Method::POST, "https://h.example", "application/json", body.as_bytes())
        };
        let message = r#"{"MessageSid":"SM1","From":"whatsapp:+14155550100","To":"whatsapp:+18005550100",
            "Body":"Gr\u00fc\u00dfe","NumMedia":1,"MediaUrl0":"https://m.example/1","ProfileName":null,
            "Forwarded":true,"ChannelMetadata":{"type":"whatsapp"}}"#;
        let events = parse_json(message).unwrap();
        let [Event::Message(read)] = &events[..] else { panic!("{events:?}") };
        assert_eq!((read.body.as_str(), read.media.len()), ("Grüße", 1));
        assert_eq!(read.content, [Content::Forwarded { many_times: false }]);
        assert_eq!(read.profile_name, None);
        let metadata = read.extra["ChannelMetadata"].as_str();
        assert_eq!(metadata, r#"{"type":"whatsapp"}"#);
        let status = r#"{"MessageSid":"SM1","MessageStatus":"undelivered","ErrorCode":30046}"#;
        let events = parse_json(status).unwrap();
        let [Event::Status(report)] = &events[..] else { panic!("{events:?}") };
        assert_eq!((report.status, report.error_code), (DeliveryStatus::Undelivered, Some(30046)));
        for unreadable in ["", "{", "[]", "7", r#"["MessageSid"]"#] {
            assert_eq!(parse_json(unreadable), Err(ParseError::Shape), "{unreadable}");
        }
        assert_eq!(parse_json("{}").unwrap_err().to_string(), "parameter MessageSid is missing");
    }

    #[test]
    fn a_get_brings_its_parameters_in_the_query() {
        let url = "https://h.example/t?MessageSid=SM1&From=%2B14155550100&To=12345&Body=a+b";
        let events = parse_as(&Method::GET, url, "", b"").unwrap();
        let [Event::Message(message)] = &events[..] else { panic!("{events:?}") };
        assert_eq!((message.body.as_str(), message.received_at), ("a b", NOW));
    }

    #[test]
    fn buttons_replies_and_referrals_are_kept_and_the_rest_is_not() {
        let event = parse_form(
            "MessageSid=SM1&From=12345&To=12345&SmsStatus=received&ButtonPayload=yes&FromCity=X\
             &OriginalRepliedMessageSid=SM0&ReferralHeadline=Sale&Label=&ProfileName=Zo%C3%AB",
        );
        let Ok(Event::Message(message)) = event else { panic!("{event:?}") };
        let names: Vec<&str> = message.extra.keys().map(String::as_str).collect();
        assert_eq!(names, ["ButtonPayload", "OriginalRepliedMessageSid", "ReferralHeadline"]);
        assert_eq!(message.profile_name, Some("Zoë".into()));
    }

    proptest! {
        #[test]
        fn no_body_whatever_breaks_the_parser(
            body in prop::collection::vec(any::<u8>(), 0..400),
            query in ".*",
            is_form in any::<bool>(),
        ) {
            let url = format!("https://h.example/t?{query}");
            let content_type = if is_form { FORM } else { "application/json" };
            let posted = parse_as(&Method::POST, &url, content_type, &body);
            prop_assert!(is_form || posted.is_err(), "what is no form is an object of JSON or unreadable");
            let got = parse_as(&Method::GET, &url, content_type, &body);
            prop_assert!(got.is_err() || got.is_ok_and(|events| events.len() == 1));
        }

        #[test]
        fn every_message_that_parses_is_within_bounds(
            sid in "[A-Za-z0-9]{0,70}",
            from in "(whatsapp:|messenger:|)[+0-9a-zA-Z]{0,300}",
            body in ".*",
            files in 0..14_usize,
        ) {
            let count = files.to_string();
            let mut pairs =
                vec![("MessageSid", sid.as_str()), ("From", &from), ("To", "12345")];
            pairs.extend([("Body", body.as_str()), ("NumMedia", &count)]);
            let names: Vec<String> = (0..files).map(|file| format!("MediaUrl{file}")).collect();
            pairs.extend(names.iter().map(|name| (name.as_str(), "https://a.example")));
            match parse_form(&form::encode(pairs)) {
                Ok(Event::Message(message)) => {
                    prop_assert_eq!(message.media.len(), files);
                    prop_assert!(!sid.is_empty() && sid.len() <= MESSAGE_ID_CHARS_MAX);
                    prop_assert_eq!(message.body.as_str(), body.as_str());
                }
                Ok(other) => prop_assert!(false, "{:?}", other),
                Err(_) => prop_assert!(
                    sid.is_empty()
                        || sid.len() > MESSAGE_ID_CHARS_MAX
                        || from.parse::<Address>().is_err()
                ),
            }
        }
    }
}
