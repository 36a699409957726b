use serde_json::json;

use super::*;
use crate::sid::Sid as _;

const NOW: Timestamp = Timestamp(1_795_341_600_000);

fn key() -> DeploymentKey {
    DeploymentKey {
        sid: DeploymentKeySid::derived(&["k"]),
        address: AddressConfigurationSid::derived(&["a"]),
        friendly_name: None,
        origins: vec!["https://example.com".parse().unwrap()],
        token_ttl_seconds: TOKEN_TTL_S,
        created: NOW,
        updated: NOW,
    }
}

#[test]
fn a_key_serves_the_pages_of_its_origins_and_nobody_else() {
    for origin in ["https://example.com", "https://EXAMPLE.com:443"] {
        assert!(key().allows(Some(origin)), "{origin}");
    }
    for origin in ["https://example.com.evil.test", "http://example.com", "null", ""] {
        assert!(!key().allows(Some(origin)), "{origin}");
    }
    assert!(!key().allows(None));
}

#[test]
fn a_token_counts_until_it_ends_with_its_own_key() {
    let account: AccountSid = "AC00000000000000000000000000000001".parse().unwrap();
    let claims = GuestClaims {
        jti: "x".to_owned(),
        iss: key().sid,
        sub: account,
        iat: NOW.0 / 1000,
        exp: NOW.0 / 1000 + 60,
        grants: GuestGrants {
            identity: "guest-1".to_owned(),
            chat: GuestChat { service_sid: ServiceSid::derived(&["s"]) },
        },
        conversation_sid: ConversationSid::derived(&["c"]),
    };
    let later = |seconds: i64| Timestamp(NOW.0 + seconds * 1000);
    assert_eq!(claims.check(key().sid, account, later(59)), Ok(()));
    assert_eq!(claims.check(key().sid, account, later(60)), Err(Code::TokenExpired));
    let other = DeploymentKeySid::derived(&["other"]);
    assert_eq!(claims.check(other, account, NOW), Err(Code::InvalidTokenIssuer));
    let elsewhere = "AC00000000000000000000000000000002".parse().unwrap();
    assert_eq!(claims.check(key().sid, elsewhere, NOW), Err(Code::InvalidTokenIssuer));
    let read: GuestClaims = serde_json::from_value(serde_json::to_value(&claims).unwrap()).unwrap();
    assert_eq!(read, claims);
}

#[test]
fn pre_engagement_data_is_json_of_sixteen_kilobytes() {
    assert_eq!(attributes(None), Ok(None));
    let read = attributes(Some("{\"a\": [1]}")).unwrap().unwrap();
    assert_eq!(read, json!({ "pre_engagement_data": { "a": [1] } }).to_string());
    let longest = format!("\"{}\"", "x".repeat(PRE_ENGAGEMENT_BYTES_MAX - 2));
    assert!(attributes(Some(&longest)).is_ok());
    assert_eq!(attributes(Some(&format!("{longest} "))), Err(Code::PreEngagementTooLarge));
    for wrong in ["", "{", "hello", "{} {}"] {
        assert_eq!(attributes(Some(wrong)), Err(Code::PreEngagementNotJson), "{wrong}");
    }
}

#[test]
fn a_guest_has_a_name_that_can_be_one() {
    for right in ["seinfeld", "a b", "ünal", &"a".repeat(256)] {
        assert!(is_identity(right), "{right}");
    }
    for wrong in ["", " ", " a", "System", "a\u{0}", &"a".repeat(257)] {
        assert!(!is_identity(wrong), "{wrong}");
    }
}
