//! Senders of every kind, and the pools that they are in: short codes, senders on channels, letters for one country.

use serde_json::{Value, json};
use switchboard_tests::Schema;

use super::{World, account, world};
use crate::world::HOST;

const SERVICES: &str = "/messaging/v1/Services";
const SENDERS: &str = "/messaging/v2/Channels/Senders";

fn sid(answer: &Value) -> &str {
    answer["sid"].as_str().unwrap()
}

impl World {
    async fn enter_short_code(&self, code: &str, country: &str) -> Value {
        let form = [("ShortCode", code), ("CountryCode", country)];
        self.post(&account("/SMS/ShortCodes.json"), &form).await.expect(201)
    }

    async fn enter_sender(&self, sender: &str) -> Value {
        self.post(SENDERS, &[("sender_id", sender)]).await.expect(202)
    }
}

#[tokio::test]
async fn a_short_code_is_entered_changed_found_and_removed() {
    let world = world().await;
    let all = account("/SMS/ShortCodes.json");
    let entered = world.enter_short_code("12345", "us").await;
    assert_eq!(
        (&entered["short_code"], &entered["friendly_name"]),
        (&json!("12345"), &json!("12345"))
    );
    let one = format!("/api{}", entered["uri"].as_str().unwrap());
    let form = [
        ("FriendlyName", "Votes"),
        ("SmsUrl", "https://hooks.example/in"),
        ("ApiVersion", "2010-04-01"),
    ];
    let changed = world.post(&one, &form).await.expect(200);
    assert_eq!(
        (&changed["friendly_name"], &changed["sms_method"]),
        (&json!("Votes"), &json!("POST"))
    );
    assert_eq!(world.get(&one).await.expect(200), changed);
    assert_eq!(world.post(&one, &[]).await.expect(200), changed);
    world.enter_short_code("54321", "DE").await;
    for (query, count) in
        [("", 2), ("?ShortCode=123", 1), ("?ShortCode=9", 0), ("?FriendlyName=Votes", 1)]
    {
        let listed = world.get(&format!("{all}{query}")).await.expect(200);
        assert_eq!(listed["short_codes"].as_array().unwrap().len(), count, "{query}");
        if let Some(reference) = Schema::open("twilio_api_v2010_extras.json") {
            let path = "/2010-04-01/Accounts/{AccountSid}/SMS/ShortCodes";
            reference.check("get", &format!("{path}.json"), 200, &listed);
            reference.check("post", &format!("{path}/{{Sid}}.json"), 200, &changed);
        }
    }
    for (form, code) in [
        (&[("ShortCode", "12345"), ("CountryCode", "US")][..], 21422),
        (&[("ShortCode", "+14155550100"), ("CountryCode", "US")][..], 21421),
        (&[("ShortCode", "ACME"), ("CountryCode", "US")][..], 21421),
        (&[("ShortCode", "123456"), ("CountryCode", "USA")][..], 20001),
        (&[("ShortCode", "123456")][..], 20001),
    ] {
        assert_eq!(world.post(&all, form).await.refusal(), (400, code), "{form:?}");
    }
    assert_eq!(world.post(&one, &[("ApiVersion", "2008-08-01")]).await.refusal(), (400, 20001));
    assert_eq!(world.delete(&one).await.status, 204);
    assert_eq!(world.get(&one).await.refusal(), (404, 20404));
}

#[tokio::test]
async fn a_sender_on_a_channel_is_entered_changed_found_and_removed() {
    let world = world().await;
    let form = [
        ("sender_id", "whatsapp:+1 415 555 0100"),
        (
            "profile",
            r#"{"name":"ACME","websites":[{"website":"https://acme.example","label":"Home"}]}"#,
        ),
        ("webhook", r#"{"callback_url":"https://hooks.example/in","callback_method":"POST"}"#),
    ];
    let entered = world.post(SENDERS, &form).await.expect(202);
    assert_eq!(entered["sender_id"], "whatsapp:+14155550100");
    assert_eq!(
        (&entered["status"], &entered["profile"]["name"]),
        (&json!("ONLINE"), &json!("ACME"))
    );
    let url = entered["url"].as_str().unwrap();
    assert!(url.starts_with(HOST));
    let change = [("profile", r#"{"about":"Bolts","name":null}"#)];
    let changed = world.post(url, &change).await.expect(202);
    assert_eq!(
        (&changed["profile"]["about"], &changed["profile"]["name"]),
        (&json!("Bolts"), &json!(null))
    );
    assert_eq!(changed["webhook"], entered["webhook"]);
    assert_eq!(world.get(url).await.expect(200), changed);
    assert_eq!(world.post(url, &[]).await.expect(202), changed);
    let typed = [
        ("senderId", "messenger:1234"),
        ("profile", r#"{"termsOfServiceUrl":"https://acme.example/terms"}"#),
    ];
    let other = world.post(SENDERS, &typed).await.expect(202);
    let terms = &other["profile"]["terms_of_service_url"];
    assert_eq!(terms, "https://acme.example/terms", "as the vendor's SDK for Node sends it");
    for (query, expected) in [
        ("", vec![sid(&changed), sid(&other)]),
        ("?Channel=whatsapp", vec![sid(&changed)]),
        ("?Channel=messenger", vec![sid(&other)]),
        ("?Channel=rcs", vec![]),
    ] {
        let listed = world.get(&format!("{SENDERS}{query}")).await.expect(200);
        let all: Vec<&str> = listed["senders"].as_array().unwrap().iter().map(sid).collect();
        assert_eq!(all, expected, "{query}");
        if let Some(reference) = Schema::open("twilio_messaging_v2.json") {
            reference.check("get", "/v2/Channels/Senders", 200, &listed);
            reference.check("post", "/v2/Channels/Senders", 202, &entered);
            reference.check("post", "/v2/Channels/Senders/{Sid}", 202, &changed);
            reference.check("get", "/v2/Channels/Senders/{Sid}", 200, &changed);
        }
    }
    assert_eq!(world.get(&format!("{SENDERS}?Channel=fax")).await.refusal(), (400, 20001));
    assert_eq!(world.post(SENDERS, &form).await.refusal(), (409, 20409));
    for (name, value) in [
        ("sender_id", "+14155550100"),
        ("profile", "ACME"),
        ("profile", r#"{"nonsense":"1"}"#),
        ("profile", r#"{"logo_url":"nonsense"}"#),
        ("profile", r#"{"emails":"a@example.com"}"#),
        ("webhook", r#"{"callback_method":"GET"}"#),
        ("configuration", r#"{"verification_code":"123456"}"#),
        ("configuration", r#"{"verification_method":"post"}"#),
        ("profile", r#"{"about":7}"#),
    ] {
        let form = [("sender_id", "whatsapp:+14155550101"), (name, value)];
        assert_eq!(world.post(SENDERS, &form).await.refusal(), (400, 20001), "{name} {value}");
    }
    assert_eq!(world.delete(url).await.status, 204);
    assert_eq!(world.delete(url).await.refusal(), (404, 20404));
}

/// What joins a pool: its list there, the parameter that names it, and where it is in the account.
async fn members(world: &World) -> [(&'static str, &'static str, &'static str, Value, String); 2] {
    let code = world.enter_short_code("12345", "US").await;
    let sender = world.enter_sender("whatsapp:+14155550100").await;
    let at = format!("/api{}", code["uri"].as_str().unwrap());
    let url = sender["url"].as_str().unwrap().to_owned();
    [
        ("ShortCodes", "ShortCodeSid", "short_codes", code, at),
        ("ChannelSenders", "Sid", "senders", sender, url),
    ]
}

#[tokio::test]
async fn a_sender_is_in_one_pool_at_most_and_leaves_it_with_either_end() {
    let world = world().await;
    for (what, parameter, key, member, account) in members(&world).await {
        let (one, other) = (world.create_service().await, world.create_service().await);
        let form = [(parameter, sid(&member))];
        let pool = format!("{SERVICES}/{one}/{what}");
        let added = world.post(&pool, &form).await.expect(201);
        assert_eq!(added["sid"], member["sid"]);
        assert_eq!(added["country_code"], "US");
        assert_eq!(world.post(&pool, &form).await.refusal(), (409, 21710), "{what}");
        let elsewhere = format!("{SERVICES}/{other}/{what}");
        assert_eq!(world.post(&elsewhere, &form).await.refusal(), (409, 21712), "{what}");
        let listed = world.get(&pool).await.expect(200);
        assert_eq!(listed[key], json!([added]));
        let place = added["url"].as_str().unwrap();
        assert_eq!(world.get(place).await.expect(200), added);
        if let Some(reference) = Schema::open("twilio_messaging_v1.json") {
            let name = if what == "ShortCodes" { "ServiceSid" } else { "MessagingServiceSid" };
            let path = format!("/v1/Services/{{{name}}}/{what}");
            reference.check("post", &path, 201, &added);
            reference.check("get", &path, 200, &listed);
            reference.check("get", &format!("{path}/{{Sid}}"), 200, &added);
        }
        assert_eq!(world.delete(place).await.status, 204);
        assert_eq!(world.delete(place).await.refusal(), (404, 20404));
        assert_eq!(world.get(place).await.refusal(), (404, 20404));
        world.post(&elsewhere, &form).await.expect(201);
        assert_eq!(world.delete(&format!("{SERVICES}/{other}")).await.status, 204);
        world.post(&pool, &form).await.expect(201);
        assert_eq!(world.delete(&account).await.status, 204);
        assert_eq!(world.get(&pool).await.expect(200)[key], json!([]), "{what}");
        assert_eq!(world.post(&pool, &form).await.refusal(), (404, 20404), "{what}");
        for wrong in [&[][..], &[(parameter, "XX1")]] {
            assert_eq!(world.post(&pool, wrong).await.refusal(), (400, 20001), "{what}");
        }
    }
}

#[tokio::test]
async fn a_pool_with_every_kind_sends_by_what_fits() {
    let world = world().await;
    let service = world.create_service().await;
    for (what, parameter, _, member, _) in members(&world).await {
        let pool = format!("{SERVICES}/{service}/{what}");
        world.post(&pool, &[(parameter, sid(&member))]).await.expect(201);
    }
    let letters = format!("{SERVICES}/{service}/DestinationAlphaSenders");
    let form = [("AlphaSender", "ACME GmbH"), ("IsoCountryCode", "DE")];
    world.post(&letters, &form).await.expect(201);
    let messages = account("/Messages.json");
    for (to, from) in [
        ("+12125550199", Ok("12345")),
        ("+4917612345678", Ok("ACME GmbH")),
        ("whatsapp:+4917612345678", Ok("whatsapp:+14155550100")),
        ("+33612345678", Err((400, 21703))),
        ("messenger:1", Err((400, 21703))),
    ] {
        let form = [("To", to), ("MessagingServiceSid", service.as_str()), ("Body", "Hi")];
        let answer = world.post(&messages, &form).await;
        match from {
            Ok(from) => assert_eq!(answer.expect(201)["from"], from, "{to}"),
            Err(refusal) => assert_eq!(answer.refusal(), refusal, "{to}"),
        }
    }
    let named = [("To", "+12125550199"), ("From", "12345"), ("Body", "Hi")];
    world.post(&messages, &named).await.expect(201);
    let unknown = [("To", "+12125550199"), ("From", "54321"), ("Body", "Hi")];
    assert_eq!(world.post(&messages, &unknown).await.refusal(), (400, 21606));
}

#[tokio::test]
async fn letters_are_for_one_country_or_for_all() {
    let world = world().await;
    let service = format!("{SERVICES}/{}", world.create_service().await);
    let (all, defaults) =
        (format!("{service}/DestinationAlphaSenders"), format!("{service}/AlphaSenders"));
    let german = [("AlphaSender", "ACME"), ("IsoCountryCode", "de")];
    let german = world.post(&all, &german).await.expect(201);
    assert_eq!(
        (&german["iso_country_code"], &german["alpha_sender"]),
        (&json!("DE"), &json!("ACME"))
    );
    let default = world.post(&all, &[("AlphaSender", "ACME")]).await.expect(201);
    assert_eq!(default["iso_country_code"], "");
    let listed = world.get(&all).await.expect(200);
    assert_eq!(listed["alpha_senders"], json!([german, default]));
    let filtered = world.get(&format!("{all}?IsoCountryCode=DE")).await.expect(200);
    assert_eq!(filtered["alpha_senders"], json!([german]));
    let shown = world.get(&defaults).await.expect(200);
    assert_eq!(shown["alpha_senders"].as_array().unwrap().len(), 1, "only the default");
    assert_eq!(shown["alpha_senders"][0]["sid"], default["sid"]);
    let url = german["url"].as_str().unwrap();
    assert_eq!(world.get(url).await.expect(200), german);
    assert_eq!(world.get(&format!("{defaults}/{}", sid(&german))).await.refusal(), (404, 20404));
    if let Some(reference) = Schema::open("twilio_messaging_v1.json") {
        let path = "/v1/Services/{ServiceSid}/DestinationAlphaSenders";
        reference.check("post", path, 201, &german);
        reference.check("get", path, 200, &listed);
        reference.check("get", &format!("{path}/{{Sid}}"), 200, &german);
    }
    for (form, refusal) in [
        (&[("AlphaSender", "ACME"), ("IsoCountryCode", "DE")][..], (409, 21710)),
        (&[("AlphaSender", "ACME"), ("IsoCountryCode", "US")][..], (400, 21709)),
        (&[("AlphaSender", "ACME"), ("IsoCountryCode", "JM")][..], (400, 21709)),
        (&[("AlphaSender", "ACME"), ("IsoCountryCode", "FRA")][..], (400, 20001)),
        (&[("AlphaSender", "12345")][..], (400, 21709)),
        (&[][..], (400, 21708)),
    ] {
        assert_eq!(world.post(&all, form).await.refusal(), refusal, "{form:?}");
    }
    assert_eq!(world.delete(url).await.status, 204);
    assert_eq!(world.delete(url).await.refusal(), (404, 20404));
}

#[tokio::test]
async fn what_a_service_can_be_for_is_told() {
    let world = world().await;
    let told = world.get(&format!("{SERVICES}/Usecases")).await.expect(200);
    let words = told["usecases"].as_array().unwrap();
    assert_eq!(words.len(), 6);
    for one in words {
        let form = [("FriendlyName", "a"), ("Usecase", one["usecase"].as_str().unwrap())];
        let created = world.post(SERVICES, &form).await.expect(201);
        assert_eq!(created["usecase"], one["usecase"]);
    }
    if let Some(reference) = Schema::open("twilio_messaging_v1.json") {
        reference.check("get", "/v1/Services/Usecases", 200, &told);
    }
}

#[tokio::test]
async fn a_pool_is_full_of_whatever_kinds() {
    let world = world().await;
    let service = format!("{SERVICES}/{}", world.create_service().await);
    for place in 0..99 {
        let code = world.enter_short_code(&format!("{}", 10_000 + place), "US").await;
        let form = [("ShortCodeSid", sid(&code))];
        world.post(&format!("{service}/ShortCodes"), &form).await.expect(201);
    }
    let sender = world.enter_sender("whatsapp:+14155550100").await;
    let answer = world.post(&format!("{service}/ChannelSenders"), &[("Sid", sid(&sender))]).await;
    assert_eq!(answer.refusal(), (400, 21714));
    let number = world.enter_number("+14155550100").await;
    let answer =
        world.post(&format!("{service}/PhoneNumbers"), &[("PhoneNumberSid", &number)]).await;
    assert_eq!(answer.refusal(), (400, 21714));
    let code = world.enter_short_code("99999", "US").await;
    let answer =
        world.post(&format!("{service}/ShortCodes"), &[("ShortCodeSid", sid(&code))]).await;
    assert_eq!(answer.refusal(), (400, 21714));
    assert_eq!(world.delete(&service).await.status, 204);
}
