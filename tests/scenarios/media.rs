//! Files: what a customer sends is there when the carrier's link is dead, what cannot be had says why, and what an agent
//! uploads reaches the customer.

use std::time::Duration;

use serde_json::{Value, json};
use switchboard::Options;
use switchboard_tests::{
    ACCOUNT, Api, Exchange, FileAnswer, FileHost, NUMBER, access_token, eventually,
};

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n the picture of a parcel";
const CUSTOMER: &str = "+14155550188";

/// The only message of the customer's conversation, once its files are what they will be.
async fn copied(exchange: &Exchange, conversation: &str) -> Value {
    // A carrier that says it has no such file is asked again.
    copied_as_time_goes(exchange, conversation, Duration::from_secs(3)).await
}

/// The same, looked at as often as that much time has passed.
async fn copied_as_time_goes(exchange: &Exchange, conversation: &str, span: Duration) -> Value {
    eventually("the files are fetched or given up", || async {
        exchange.later(span);
        let message = exchange.messages(conversation).await.pop()?;
        let files = message["media"].as_array().cloned().unwrap_or_default();
        let waits = files.iter().any(|file| file["state"] == "waiting");
        (!waits && !files.is_empty()).then_some(message)
    })
    .await
}

/// Where a file's resource is.
async fn resource(exchange: &Exchange, message: &Value, place: usize) -> Value {
    let path = format!(
        "/conversations/v1/Conversations/{}",
        message["conversation_sid"].as_str().unwrap()
    );
    let conversation = exchange.api.get(&path).await.ok();
    let service = conversation["chat_service_sid"].as_str().unwrap();
    let media = message["media"][place]["sid"].as_str().unwrap();
    exchange.api.get(&format!("/mcs/v1/Services/{service}/Media/{media}")).await.ok()
}

#[tokio::test]
async fn an_agent_sees_a_picture_after_the_carriers_link_has_died() {
    let exchange = Exchange::open().await;
    if !exchange.moves_time() {
        return;
    }
    let host = FileHost::start().await;
    host.answers("/parcel", FileAnswer::elsewhere(&host.url("/store/parcel.png")));
    host.answers("/store/parcel.png", FileAnswer::file("image/png", PNG));
    let customer = exchange.customer(CUSTOMER);
    let link = host.url("/parcel");
    let id = customer.sends("it is broken", &[(&link, "image/jpeg")]).await;
    let conversation = customer.conversation().await;
    let message = copied(&exchange, &conversation).await;
    host.answers("/parcel", FileAnswer::status(404));
    host.answers("/store/parcel.png", FileAnswer::status(404));

    assert_eq!(message["body"], "it is broken");
    let file = &message["media"][0];
    assert_eq!((&file["content_type"], &file["state"]), (&"image/png".into(), &"kept".into()));
    assert_eq!(file["size"], PNG.len());
    let found = resource(&exchange, &message, 0).await;
    assert_eq!((&found["sid"], &found["message_sid"]), (&file["sid"], &message["sid"]));
    let address = found["links"]["content_direct_temporary"].as_str().unwrap();
    assert_eq!(exchange.api.read(address).await, (200, "image/png".to_owned(), PNG.to_vec()));

    // The same file, by the same name, among the programmable messages.
    let account = format!("/api/2010-04-01/Accounts/{ACCOUNT}/Messages/{id}/Media");
    let listed = exchange.api.all(&format!("{account}.json"), "media_list").await;
    assert_eq!(listed.iter().map(|one| &one["sid"]).collect::<Vec<_>>(), [&file["sid"]]);
    let path = format!("{account}/{}", file["sid"].as_str().unwrap());
    assert_eq!(exchange.api.get(&format!("{path}.json")).await.ok()["content_type"], "image/png");
    let content = exchange.api.read_as_account(&path).await;
    assert_eq!(content, (200, "image/png".to_owned(), PNG.to_vec()));

    // A forged address and an old one lead nowhere.
    assert_eq!(exchange.api.read(&format!("{address}x")).await.0, 403);
    exchange.later(Duration::from_secs(301));
    assert_eq!(exchange.api.read(address).await.0, 403);
    exchange.rests().await;
}

#[tokio::test]
async fn what_cannot_be_had_leaves_the_message_readable_and_says_why() {
    let exchange = Exchange::open().await;
    if !exchange.moves_time() {
        return;
    }
    let host = FileHost::start().await;
    let page = "<!DOCTYPE html><title>Sign in</title>";
    host.answers("/page", FileAnswer::file("text/html; charset=utf-8", page));
    host.answers("/disguised", FileAnswer::file("image/png", page));
    host.answers("/large", FileAnswer::file("video/mp4", vec![7; 17 * 1024 * 1024 + 1]));
    host.answers("/empty", FileAnswer::file("image/png", ""));
    host.answers("/inside", FileAnswer::elsewhere("http://10.0.0.1/latest/meta-data"));
    host.answers("/round", FileAnswer::elsewhere(&host.url("/round")));
    host.answers("/good", FileAnswer::file("image/png", PNG));
    let paths = ["/page", "/disguised", "/large", "/empty", "/inside", "/round", "/dead", "/good"];
    let urls: Vec<String> = paths.iter().map(|path| host.url(path)).collect();
    let files: Vec<(&str, &str)> = urls.iter().map(|url| (url.as_str(), "image/png")).collect();
    let customer = exchange.customer(CUSTOMER);
    customer.sends("eight files", &files).await;
    let conversation = customer.conversation().await;
    let message = copied(&exchange, &conversation).await;

    assert_eq!(message["body"], "eight files");
    let states: Vec<&str> =
        (0..8).map(|place| message["media"][place]["state"].as_str().unwrap()).collect();
    assert_eq!(
        states,
        ["failed", "failed", "failed", "failed", "failed", "failed", "failed", "kept"]
    );
    let reason = |place: usize| message["media"][place]["error"].as_str().unwrap_or_default();
    let page = "the link leads to a page and not to a file";
    let closed = "the link leads to an address that is not called";
    assert_eq!((reason(0), reason(1)), (page, page));
    assert_eq!((reason(2), reason(3)), ("the file is too large", "there is nothing in the file"));
    assert_eq!((reason(4), reason(5)), (closed, closed));
    assert_eq!((reason(6), reason(7)), ("the carrier has no such file any more", ""));
    let dead = host.asked().into_iter().filter(|(path, _)| path == "/dead").count();
    assert_eq!(dead, 3, "a webhook may be ahead of its carrier's store");
    let failed = resource(&exchange, &message, 6).await;
    assert_eq!(failed["error"], "the carrier has no such file any more");
    assert_eq!(failed["links"]["content_direct_temporary"], Value::Null);
    exchange.rests().await;
}

#[tokio::test]
async fn no_more_files_are_fetched_at_once_than_a_function_has_room_for() {
    let exchange = Exchange::open().await;
    if !exchange.moves_time() {
        return;
    }
    let host = FileHost::start().await;
    let paths: Vec<String> = (0..8).map(|place| format!("/{place}.png")).collect();
    paths.iter().for_each(|path| host.answers(path, FileAnswer::file("image/png", PNG)));
    let links: Vec<String> = paths.iter().map(|path| host.url(path)).collect();
    let files: Vec<(&str, &str)> = links.iter().map(|link| (&**link, "image/png")).collect();
    let customer = exchange.customer(CUSTOMER);
    customer.sends("all of it", &files).await;
    let message = copied(&exchange, &customer.conversation().await).await;
    let kept = message["media"].as_array().unwrap().iter().filter(|it| it["state"] == "kept");
    assert_eq!(kept.count(), 8);
    assert!(host.most_at_once() <= 3, "{} at once", host.most_at_once());
    exchange.rests().await;
}

/// A bundle whose files are looked at by a scanner, which answers so.
async fn scanned_by(host: &FileHost, answer: FileAnswer) -> Exchange {
    host.answers("/scan", answer);
    host.answers("/picture", FileAnswer::file("image/png", PNG));
    let parameters = [("MediaScanUrl".to_owned(), host.url("/scan"))].into();
    Exchange::opened(Options { parameters, ..Options::default() }).await
}

fn asked(host: &FileHost, path: &str) -> usize {
    host.asked().into_iter().filter(|(asked, _)| asked == path).count()
}

#[tokio::test]
async fn what_a_scanner_says_nothing_of_is_asked_about_again_and_not_kept() {
    let host = FileHost::start().await;
    let exchange = scanned_by(&host, FileAnswer::status(503)).await;
    if !exchange.moves_time() {
        return;
    }
    let customer = exchange.customer(CUSTOMER);
    customer.sends("look at this", &[(&host.url("/picture"), "image/png")]).await;
    let conversation = customer.conversation().await;
    let span = Duration::from_secs(20);
    let message = copied_as_time_goes(&exchange, &conversation, span).await;
    assert_eq!(asked(&host, "/scan"), 12);
    assert_eq!(
        (&message["body"], &message["media"][0]["state"]),
        (&"look at this".into(), &"failed".into())
    );
    let reason = "the scanner did not answer, and nothing is kept without it";
    assert_eq!(message["media"][0]["error"], reason);
    let found = resource(&exchange, &message, 0).await;
    assert_eq!(found["links"]["content_direct_temporary"], Value::Null);
    // Nobody has answered the customer meanwhile.
    exchange.ticks().await;
    exchange.rests().await;
}

#[tokio::test]
async fn a_scanner_that_is_back_lets_a_file_in_and_one_that_refuses_it_keeps_it_out() {
    let host = FileHost::start().await;
    let exchange = scanned_by(&host, FileAnswer::status(429)).await;
    if !exchange.moves_time() {
        return;
    }
    let customer = exchange.customer(CUSTOMER);
    customer.sends("one", &[(&host.url("/picture"), "image/png")]).await;
    let conversation = customer.conversation().await;
    eventually("it was asked in vain", || async { (asked(&host, "/scan") > 0).then_some(()) })
        .await;
    let service =
        exchange.api.get(&format!("/conversations/v1/Conversations/{conversation}")).await;
    let uploads = format!("/mcs/v1/Services/{}/Media", service.text("chat_service_sid"));
    let upload = async || exchange.api.upload(&uploads, "image/png", PNG).await;
    assert_eq!(upload().await.status, 503, "a client asks again by itself");

    host.answers("/scan", FileAnswer::status(204));
    let message = copied(&exchange, &conversation).await;
    assert_eq!(message["media"][0]["state"], "kept");
    upload().await.expect(201);

    host.answers("/scan", FileAnswer::status(422));
    assert_eq!(upload().await.refusal(), (400, 50511));
    customer.sends("two", &[(&host.url("/picture"), "image/png")]).await;
    let second = eventually("there are two", || async {
        let messages = exchange.messages(&conversation).await;
        (messages.len() == 2 && messages[1]["media"][0]["state"] == "failed")
            .then(|| messages[1].clone())
    })
    .await;
    assert_eq!(second["media"][0]["error"], "the scanner refuses the file");
    exchange.later(Duration::from_secs(301));
    exchange.rests().await;
}

#[tokio::test]
async fn the_carriers_secret_goes_to_the_carrier_alone() {
    let exchange = Exchange::open().await;
    let host = FileHost::start().await;
    host.answers("/strangers", FileAnswer::file("image/png", PNG));
    let customer = exchange.customer(CUSTOMER);
    customer.sends("", &[(&host.url("/strangers"), "image/png")]).await;
    let conversation = customer.conversation().await;
    copied(&exchange, &conversation).await;
    assert_eq!(host.asked(), [("/strangers".to_owned(), None)]);
    exchange.rests().await;
}

#[tokio::test]
async fn an_agent_uploads_a_file_and_the_customer_gets_it() {
    let exchange = Exchange::open().await;
    if !exchange.moves_time() {
        return;
    }
    let customer = exchange.customer(CUSTOMER);
    customer.writes("where is my parcel?").await;
    let conversation = customer.conversation().await;
    let chat = format!("/conversations/v1/Conversations/{conversation}");
    let service = exchange.api.get(&chat).await.text("chat_service_sid");
    let uploads = format!("/mcs/v1/Services/{service}/Media");
    let uploaded = exchange
        .api
        .upload(&format!("{uploads}?Category=media&Filename=map.png"), "image/png", PNG)
        .await
        .expect(201);
    let media = uploaded["sid"].as_str().unwrap();
    assert_eq!((&uploaded["size"], &uploaded["filename"]), (&PNG.len().into(), &"map.png".into()));
    let form = [("Author", "alice"), ("Body", "here it is"), ("MediaSid", media)];
    let posted = exchange.api.post(&format!("{chat}/Messages"), &form).await.expect(201);
    assert_eq!(posted["media"][0]["sid"], media);
    assert_eq!(posted["media"][0]["filename"], "map.png");

    // The carrier was given an address that it can read. Nothing rests before the upload was looked after.
    let sent = eventually("it is sent", || async { exchange.carrier.sent().pop() }).await;
    let address = sent.media_urls.first().unwrap();
    assert_eq!(exchange.api.read(address).await, (200, "image/png".to_owned(), PNG.to_vec()));
    assert_eq!(sent.to, CUSTOMER);

    // A file is one message's.
    let again = exchange.api.post(&format!("{chat}/Messages"), &form).await;
    assert_eq!(again.refusal(), (409, 50508));
    // It outlives the time of uploads, since a message shows it, and goes with the message.
    exchange.later(Duration::from_secs(301));
    exchange.settles().await;
    let found = exchange.api.get(&format!("{uploads}/{media}")).await.ok();
    assert_eq!(found["message_sid"], posted["sid"]);
    let address = found["links"]["content_direct_temporary"].as_str().unwrap().to_owned();
    exchange.api.delete(&format!("{chat}/Messages/{}", posted["sid"].as_str().unwrap())).await;
    exchange.settles().await;
    assert_eq!(exchange.api.read(&address).await.0, 404);
    assert_eq!(exchange.api.get(&format!("{uploads}/{media}")).await.refusal(), (404, 50507));
    exchange.rests().await;
}

#[tokio::test]
async fn somebody_in_a_browser_sends_a_picture_to_a_customer_by_their_token() {
    let exchange = Exchange::open().await;
    if !exchange.moves_time() {
        return;
    }
    let customer = exchange.customer(CUSTOMER);
    customer.writes("what does it look like?").await;
    let conversation = customer.conversation().await;
    let chat = format!("/conversations/v1/Conversations/{conversation}");
    exchange.api.make(&format!("{chat}/Participants"), &[("Identity", "ann")]).await;
    let service = exchange.api.get(&chat).await.text("chat_service_sid");
    let keys = format!("/api/2010-04-01/Accounts/{ACCOUNT}/Keys.json");
    let key = exchange.api.post(&keys, &[]).await.ok();
    let (name, secret) = (key["sid"].as_str().unwrap(), key["secret"].as_str().unwrap());
    let now = exchange.deployment.dependencies("media-api").unwrap().now();
    let person = |identity: &str| {
        let grants = json!({ "identity": identity, "chat": { "service_sid": service } });
        let token = access_token(name, secret, &grants, now.0 / 1000);
        Api::bearing(exchange.deployment.base_url(), &token)
    };
    let (ann, stranger) = (person("ann"), person("mallory"));
    let uploads = format!("/mcs/v1/Services/{service}/Media");
    let form = [
        b"--x\r\ncontent-disposition: form-data; name=\"f\"; filename=\"it.png\"\r\n\
          content-type: image/png\r\n\r\n",
        PNG,
        b"\r\n--x--\r\n",
    ];
    let kind = "multipart/form-data; boundary=x";
    let uploaded = ann.upload(&uploads, kind, &form.concat()).await.expect(201);
    let media = uploaded["sid"].as_str().unwrap();
    let post = [("Body", "like this"), ("MediaSid", media)];
    let posted = ann.post(&format!("{chat}/Messages"), &post).await.expect(201);
    assert_eq!((&posted["author"], &posted["media"][0]["sid"]), (&"ann".into(), &media.into()));
    let sent = eventually("it is sent", || async { exchange.carrier.sent().pop() }).await;
    let address = sent.media_urls.first().unwrap();
    assert_eq!(exchange.api.read(address).await, (200, "image/png".to_owned(), PNG.to_vec()));
    ann.get(&format!("{uploads}/{media}")).await.ok();
    assert_eq!(stranger.get(&format!("{uploads}/{media}")).await.refusal(), (403, 50107));
    let refused = stranger.upload(&uploads, "image/png", PNG).await;
    assert_eq!(refused.refusal(), (403, 50107));
    exchange.later(Duration::from_secs(301));
    exchange.rests().await;
}

#[tokio::test]
async fn an_upload_that_no_message_shows_is_gone_after_five_minutes() {
    let exchange = Exchange::open().await;
    if !exchange.moves_time() {
        return;
    }
    let service =
        exchange.api.make("/conversations/v1/Services", &[("FriendlyName", "shop")]).await;
    let uploads = format!("/mcs/v1/Services/{service}/Media");
    let uploaded = exchange.api.upload(&uploads, "image/png", PNG).await.expect(201);
    let path = format!("{uploads}/{}", uploaded["sid"].as_str().unwrap());
    exchange.later(Duration::from_secs(270));
    exchange.api.get(&path).await.ok();
    exchange.later(Duration::from_secs(31));
    assert_eq!(exchange.api.get(&path).await.refusal(), (404, 50507));
    exchange.settles().await;
    let deployment = &exchange.deployment;
    let left = deployment.s3("a test").get_object().bucket("switchboard-mediabucket");
    let left = left.key(uploaded["sid"].as_str().unwrap()).send().await;
    assert!(left.unwrap_err().into_service_error().is_no_such_key());

    // One that is taken back goes at once.
    let uploaded = exchange.api.upload(&uploads, "image/png", PNG).await.expect(201);
    let path = format!("{uploads}/{}", uploaded["sid"].as_str().unwrap());
    assert_eq!(exchange.api.delete(&path).await.status, 204);
    assert_eq!(exchange.api.get(&path).await.refusal(), (404, 50507));
    exchange.later(Duration::from_secs(301));
    exchange.rests().await;
}

#[tokio::test]
async fn what_is_sent_by_link_is_kept_too_and_goes_with_its_message() {
    let exchange = Exchange::open().await;
    let host = FileHost::start().await;
    host.answers("/offer.pdf", FileAnswer::file("application/pdf", "%PDF-1.4"));
    let account = format!("/api/2010-04-01/Accounts/{ACCOUNT}");
    let link = host.url("/offer.pdf");
    let form =
        [("From", NUMBER), ("To", CUSTOMER), ("Body", "our offer"), ("MediaUrl", link.as_str())];
    let sent = exchange.api.post(&format!("{account}/Messages.json"), &form).await.expect(201);
    let media = format!("{account}/Messages/{}/Media", sent["sid"].as_str().unwrap());
    exchange.settles().await;
    let listed = exchange.api.all(&format!("{media}.json"), "media_list").await;
    let path = format!("{media}/{}", listed[0]["sid"].as_str().unwrap());
    let content = exchange.api.read_as_account(&path).await;
    assert_eq!(content, (200, "application/pdf".to_owned(), b"%PDF-1.4".to_vec()));
    assert_eq!(exchange.api.delete(&format!("{path}.json")).await.status, 204);
    assert_eq!(exchange.api.get(&format!("{path}.json")).await.status, 404);
    assert_eq!(exchange.api.read_as_account(&path).await.0, 404);
    exchange.rests().await;
}

#[tokio::test]
async fn what_is_wrong_with_a_file_is_said_with_its_published_code() {
    let exchange = Exchange::bare().await;
    if !exchange.moves_time() {
        return;
    }
    let api = &exchange.api;
    let service = api.make("/conversations/v1/Services", &[("FriendlyName", "shop")]).await;
    let uploads = format!("/mcs/v1/Services/{service}/Media");
    for (query, kind, content, refusal) in [
        ("", "picture", PNG, (400, 50511)),
        ("", "image/png", &b""[..], (400, 20001)),
        ("", "multipart/form-data; boundary=x", PNG, (400, 20001)),
        ("?Category=other", "image/png", PNG, (400, 20001)),
        ("?Nonsense=1", "image/png", PNG, (400, 20001)),
        ("", "image/png", &[7; 4_500_001][..], (413, 50512)),
    ] {
        let path = format!("{uploads}{query}");
        assert_eq!(api.upload(&path, kind, content).await.refusal(), refusal, "{query} {kind}");
    }
    let nowhere = "/mcs/v1/Services/IS00000000000000000000000000000009/Media";
    assert_eq!(api.upload(nowhere, "image/png", PNG).await.refusal(), (404, 20404));

    let here = format!("/conversations/v1/Services/{service}/Conversations");
    let chat = api.make(&here, &[]).await;
    let messages = format!("{here}/{chat}/Messages");
    let refused = async |form: &[(&str, &str)]| api.post(&messages, form).await.refusal();
    assert_eq!(refused(&[("MediaSid", "nonsense")]).await, (400, 50510));
    let unknown = ("MediaSid", "ME00000000000000000000000000000001");
    assert_eq!(refused(&[unknown]).await, (404, 50507));
    assert_eq!(refused(&[unknown, unknown]).await, (409, 50508));
    let many: Vec<String> = (0..11).map(|number| format!("ME{number:032x}")).collect();
    let many: Vec<(&str, &str)> = many.iter().map(|sid| ("MediaSid", sid.as_str())).collect();
    assert_eq!(refused(&many).await, (400, 21623));
    // A file of another service is none of this one's.
    let other = api.make("/conversations/v1/Services", &[("FriendlyName", "other")]).await;
    let other = format!("/mcs/v1/Services/{other}/Media");
    let foreign = api.upload(&other, "image/png", PNG).await.expect(201);
    let foreign = foreign["sid"].as_str().unwrap();
    assert_eq!(refused(&[("MediaSid", foreign)]).await, (404, 50507));
    assert_eq!(api.get(&format!("{uploads}/{foreign}")).await.refusal(), (404, 50507));

    // A form of a browser, and what WhatsApp does not take.
    let form = b"--x\r\ncontent-disposition: form-data; name=\"media\"; filename=\"a.txt\"\r\n\r\nhello\r\n--x--\r\n";
    let one = api.upload(&uploads, "multipart/form-data; boundary=x", form).await.expect(201);
    assert_eq!((&one["filename"], &one["size"]), (&"a.txt".into(), &5.into()));
    let two = api.upload(&uploads, "image/png", PNG).await.expect(201);
    let pair = [
        ("MessagingBinding.Address", "whatsapp:+14155550189"),
        ("MessagingBinding.ProxyAddress", "whatsapp:+18005550100"),
    ];
    let address = [("Type", "whatsapp"), ("Address", pair[1].1)];
    api.make("/conversations/v1/Configuration/Addresses", &address).await;
    let two_files =
        [("MediaSid", one["sid"].as_str().unwrap()), ("MediaSid", two["sid"].as_str().unwrap())];
    api.make(&format!("{here}/{chat}/Participants"), &pair).await;
    assert_eq!(refused(&two_files).await, (400, 21623));
    // Nothing of them is lost by that: without the customer both are shown.
    let chat = api.make(&here, &[]).await;
    let posted = api.post(&format!("{here}/{chat}/Messages"), &two_files).await.expect(201);
    assert_eq!(posted["media"].as_array().map(Vec::len), Some(2));
    // What can hold a script is only ever saved.
    let found = api.get(&format!("{uploads}/{}", two_files[0].1)).await.ok();
    assert_eq!(found["content_type"], "application/octet-stream");
    exchange.later(Duration::from_secs(301));
    exchange.rests().await;
}
