use serde_json::json;

use super::*;
use crate::conversation::{Client, Conversation, Defaults, User};
use crate::sid::{AccountSid, ConversationSid};

const NOW: Timestamp = Timestamp(1_795_898_976_202);

fn upload() -> Upload {
    Upload {
        sid: MediaSid::derived(&["a file"]),
        service: ServiceSid::derived(&["s"]),
        content_type: "image/png".to_owned(),
        size_bytes: 7,
        file_name: Some("a.png".into()),
        category: "media".to_owned(),
        author: None,
        is_kept: true,
        message: None,
        is_going: false,
        created: NOW,
        updated: NOW,
        version: 2.into(),
    }
}

#[test]
fn an_upload_is_one_messages_alone_and_of_its_service() {
    let (message, service) = (MessageSid::derived(&["m"]), ServiceSid::derived(&["s"]));
    let (attached, file) = upload().attached(service, message, NOW).unwrap();
    assert_eq!((file.sid, file.size_bytes), (Some(upload().sid), Some(7)));
    assert_eq!(attached.attached(service, message, NOW), Err(Refusal::MediaTaken));
    let other = ServiceSid::derived(&["t"]);
    assert_eq!(upload().attached(other, message, NOW), Err(Refusal::NoSuchMedia));
    let begun = Upload { is_kept: false, ..upload() };
    assert_eq!(begun.attached(service, message, NOW), Err(Refusal::NoSuchMedia));
    let late = NOW + UNATTACHED;
    assert_eq!(upload().attached(service, message, late), Err(Refusal::NoSuchMedia));
    assert!(attached.is_there(late) && !upload().is_there(late));
}

#[test]
fn an_upload_without_a_message_goes_after_five_minutes_and_not_before() {
    let last = NOW + Millis(UNATTACHED.0 - 1);
    assert_eq!(upload().sweep(last), Sweep::Wait(NOW + UNATTACHED));
    let Sweep::Begin(going) = upload().sweep(NOW + UNATTACHED) else { panic!("it stays") };
    assert_eq!(going.sweep(NOW), Sweep::Remove);
    assert_eq!(going.stored(NOW), Err(Refusal::NoSuchMedia));
    let message = Some(MessageSid::derived(&["m"]));
    let attached = Upload { message, ..upload() };
    assert_eq!(attached.sweep(NOW + UNATTACHED), Sweep::Leave);
    assert_eq!(attached.taken_back(NOW), Err(Refusal::MediaTaken));
}

#[test]
fn a_temporary_address_is_good_for_its_file_and_its_time_alone() {
    let secret = Private::from("secret");
    let account = AccountSid::derived(&["a"]);
    let link = Link { public_url: "https://example.com", account, secret: &secret };
    let media = upload().sid;
    let address = link.address(media, NOW + TEMPORARY);
    let (path, query) = address.split_once('?').unwrap();
    assert_eq!(path, format!("https://example.com/media/v1/Content/{media}"));
    let (expires, signature) = query.split_once('&').unwrap();
    let expires = expires.strip_prefix("Expires=").unwrap();
    let signature = signature.strip_prefix("Signature=").unwrap();
    let checked = |media, expires, signature, now| link.check(media, expires, signature, now);
    assert_eq!(checked(media, expires, signature, NOW), Ok(()));
    assert_eq!(checked(media, expires, signature, NOW + TEMPORARY), Err(LinkError::Expired));
    let other = MediaSid::derived(&["another file"]);
    assert_eq!(checked(other, expires, signature, NOW), Err(LinkError::Forged));
    assert_eq!(checked(media, "9999999999", signature, NOW), Err(LinkError::Forged));
    for wrong in ["", "AAAA", "="] {
        assert_eq!(checked(media, expires, wrong, NOW), Err(LinkError::Forged));
    }
    let others = Private::from("other");
    let link = Link { secret: &others, ..link };
    assert_eq!(link.check(media, expires, signature, NOW), Err(LinkError::Forged));
}

#[test]
fn a_page_is_no_file_whatever_it_is_called() {
    let judged = |announced, answered, content: &str| {
        judge(Seen { announced, answered, content: content.as_bytes() }).map(|it| it.0)
    };
    for (answered, content) in [
        (Some("text/html; charset=utf-8"), "hello"),
        (Some("Text/HTML"), "hello"),
        (Some("image/png"), "\u{feff} \n<!DOCTYPE html><p>sign in"),
        (None, "<HTML><body>"),
    ] {
        assert_eq!(judged("image/png", answered, content), Err(MediaFailure::Page), "{content}");
    }
    assert_eq!(judged("image/png", Some("image/jpeg"), "x").as_deref(), Ok("image/jpeg"));
    assert_eq!(
        judged("image/png", Some("application/octet-stream"), "x").as_deref(),
        Ok("image/png")
    );
    assert_eq!(judged("image/png", None, "x").as_deref(), Ok("image/png"));
    assert_eq!(judged("", Some(""), "x").as_deref(), Ok(UNKNOWN));
    assert_eq!(judged("image/png", None, ""), Err(MediaFailure::Empty));
    let large = vec![b'x'; usize::try_from(COPY_BYTES_MAX).unwrap() + 1];
    let seen = Seen { announced: "image/png", answered: None, content: &large };
    assert_eq!(judge(seen), Err(MediaFailure::TooLarge));
}

const UNKNOWN: &str = crate::carriage::UNKNOWN_CONTENT;

#[test]
fn what_can_hold_a_script_is_downloaded() {
    for shown in ["image/png", "IMAGE/JPEG; q=1", "audio/ogg", "video/mp4", "application/pdf"] {
        assert!(shown_inline(shown), "{shown}");
    }
    for not in ["image/svg+xml", "text/html", "text/plain", "application/javascript", ""] {
        assert!(!shown_inline(not), "{not}");
    }
}

#[test]
fn a_channel_takes_what_it_takes() {
    let file = |size| Media { size_bytes: Some(size), ..Media::new("", "image/png") };
    assert_eq!(fit_channel(ChannelType::Sms, &[file(5_000_000)]), Ok(()));
    assert!(fit_channel(ChannelType::Sms, &[file(4_000_000), file(1_000_001)]).is_err());
    assert_eq!(fit_channel(ChannelType::Whatsapp, &[file(16_000_000)]), Ok(()));
    let two = [file(1), file(1)];
    let refused = fit_channel(ChannelType::Whatsapp, &two).unwrap_err();
    assert_eq!(refused, Refusal::TooManyFiles { channel: ChannelType::Whatsapp, files_max: 1 });
    assert_eq!(fit_channel(ChannelType::Chat, &vec![file(1); FILES_MAX]), Ok(()));
}

#[test]
fn the_pauses_grow_to_a_quarter_of_an_hour() {
    let pauses: Vec<i64> = (0..=ATTEMPTS_MAX).map(|attempt| pause(attempt).0 / 1000).collect();
    assert_eq!(pauses, [1, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]);
    assert_eq!(pause(200), Millis::seconds(900));
}

#[test]
fn a_file_names_the_message_that_it_came_with() {
    let message = MessageSid::derived(&["m"]);
    assert_eq!(message.kin::<MediaSid>(FILE | 3).message(), Some(message));
    assert_eq!(upload().sid.message(), None);
}

#[test]
fn without_the_word_of_a_scanner_nothing_is_known_of_a_file() {
    for status in [200, 201, 204, 299] {
        assert_eq!(scanned(Some(status)), Scanned::Clean, "{status}");
    }
    for status in [400, 403, 404, 406, 422, 499] {
        assert_eq!(scanned(Some(status)), Scanned::Refused, "{status}");
    }
    for status in [100, 302, 408, 425, 429, 500, 503, 599] {
        assert_eq!(scanned(Some(status)), Scanned::Unknown, "{status}");
    }
    assert_eq!(scanned(None), Scanned::Unknown);
}

fn client(identity: &str) -> Client {
    Client { identity: identity.to_owned() }
}

/// A conversation of ann with a customer.
fn conversation() -> Conversation {
    let (sid, service) = (ConversationSid::derived(&["c"]), ServiceSid::derived(&["s"]));
    let conversation = Conversation::new(sid, service, Defaults::default(), NOW);
    let mut stored = serde_json::to_value(&conversation).unwrap();
    stored["participants"] = json!([
        { "number": 1, "created": 0, "updated": 0, "identity": "ann" },
        { "number": 2, "created": 0, "updated": 0,
          "pair": { "address": "+14155550100", "proxy": "+18005550100" } },
    ]);
    serde_json::from_value(stored).unwrap()
}

#[test]
fn a_user_of_the_service_uploads_as_themselves() {
    let ann = client("ann");
    let user = User::new(ServiceSid::derived(&["s"]), "ann".to_owned(), 2, NOW);
    assert_eq!(may_upload(&ann, Some(&user), None), Ok(()));
    assert_eq!(may_upload(&ann, Some(&user), Some("ann")), Ok(()));
    let refused = Err(Refusal::NotAuthorized);
    assert_eq!(may_upload(&ann, Some(&user), Some("bob")), refused, "nobody speaks for another");
    assert_eq!(may_upload(&ann, None, None), refused, "a stranger");
    assert_eq!(may_upload(&client("bob"), Some(&user), None), refused);
}

#[test]
fn a_file_is_seen_by_whom_it_is_shown_to_and_before_that_by_whoever_uploaded_it() {
    let (ann, bob) = (client("ann"), client("bob"));
    let refused = Err(Refusal::NotAuthorized);
    let bobs = Upload { author: Some("bob".to_owned()), ..upload() };
    assert_eq!(may_see(&bob, Some(&bobs), None), Ok(()));
    assert_eq!(may_see(&ann, Some(&bobs), None), refused);
    assert_eq!(may_see(&ann, Some(&upload()), None), refused, "the account's");
    let shown = Upload { message: Some(MessageSid::derived(&["m"])), ..bobs };
    let conversation = conversation();
    assert_eq!(may_see(&ann, Some(&shown), Some(&conversation)), Ok(()));
    assert_eq!(may_see(&bob, Some(&shown), Some(&conversation)), refused, "who left sees no more");
    assert_eq!(may_see(&ann, None, Some(&conversation)), Ok(()));
    assert_eq!(may_see(&ann, None, None), refused, "a message outside of conversations");
}

#[test]
fn a_file_is_taken_back_by_whoever_uploaded_it_before_it_is_shown() {
    let bobs = Upload { author: Some("bob".to_owned()), ..upload() };
    assert_eq!(may_take_back(&client("bob"), Some(&bobs)), Ok(()));
    let refused = Err(Refusal::NotAuthorized);
    assert_eq!(may_take_back(&client("ann"), Some(&bobs)), refused);
    let shown = Upload { message: Some(MessageSid::derived(&["m"])), ..bobs };
    assert_eq!(may_take_back(&client("bob"), Some(&shown)), refused);
    assert_eq!(may_take_back(&client("bob"), None), refused, "a message's own");
}
