//! Servers by which browsers find a way to each other (*ICE*, RFC 8445), and the credentials for the operator's own TURN
//! servers (rule E.14).
//!
//! The hosted product has relays of its own behind its Tokens; here they are the operator's. A TURN server shares a secret with
//! us and believes every name that begins with the second until which it is good, if the password is that name's HMAC: the
//! *REST API For Access To TURN Services* (draft-uberti-behave-turn-rest-00, section 2.2), which coturn knows as
//! `use-auth-secret`. So nothing is kept, and no server is asked.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::Deserialize;
use sha1::Sha1;

use crate::private::Private;
use crate::timestamp::Timestamp;

/// How long credentials are good at most, and if nothing else is said, in seconds (*Network Traversal Service Tokens*:
/// "configurable up to 24 hours (which is also the default value)").
pub const TTL_MAX_S: u32 = 86_400;
/// The most servers: a browser warns of many and slows down.
const URLS_MAX: usize = 16;

/// The servers that browsers are told of. None is as good as not set.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct IceServers {
    /// `stun:turn.example.com:3478`, `turn:turn.example.com:3478?transport=udp`.
    urls: Vec<String>,
    /// What the TURN servers share with us.
    secret: Private<String>,
}

/// Why servers cannot be read; never a value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NoIceServers(String);

/// A name and a password for every TURN server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IceCredentials {
    /// Until when it is good, and whose it is.
    pub username: String,
    /// That we said so.
    pub password: Private<String>,
}

impl IceServers {
    /// Reads them as JSON: `{"urls":["turn:turn.example.com:3478"],"secret":"…"}`.
    ///
    /// # Errors
    /// If the text is not what it should be: says where.
    pub fn parse(text: &str) -> Result<Self, NoIceServers> {
        // A list would be read as the members in order.
        if !text.trim_start().starts_with('{') {
            return Err(NoIceServers("line 1 begins no object".to_owned()));
        }
        // The parser's own words could repeat the secret.
        let read: Self = serde_json::from_str(text).map_err(|error| {
            NoIceServers(format!("line {}, column {}", error.line(), error.column()))
        })?;
        let wrong = |why: String| Err(NoIceServers(why));
        if let Some(url) = read.urls.iter().find(|url| !is_server(url)) {
            return wrong(format!("{url} is no server: stun:host, turn:host:port?transport=udp"));
        }
        if read.urls.len() > URLS_MAX {
            return wrong(format!("more than {URLS_MAX} servers"));
        }
        match (read.urls.iter().any(|url| relays(url)), read.secret.is_empty()) {
            (true, true) => wrong("a TURN server needs the secret".to_owned()),
            (false, false) => wrong("the secret is for TURN servers, and there is none".to_owned()),
            (true, false) | (false, true) => Ok(read),
        }
    }

    /// Each server, and whether it wants credentials: only those that relay do.
    pub fn all(&self) -> impl Iterator<Item = (&str, bool)> {
        self.urls.iter().map(|url| (url.as_str(), relays(url)))
    }

    /// Credentials that are good until then, to the second, under a name by which the servers' logs tell them from others.
    /// None if no server wants any.
    pub fn credentials(&self, name: &str, until: Timestamp) -> Option<IceCredentials> {
        if self.secret.is_empty() {
            return None;
        }
        let username = format!("{}:{name}", until.seconds());
        #[expect(clippy::expect_used, reason = "a key of HMAC may have any length")]
        let mut signer = Hmac::<Sha1>::new_from_slice(self.secret.as_bytes())
            .expect("a key of HMAC may have any length");
        signer.update(username.as_bytes());
        let password = Private(STANDARD.encode(signer.finalize().into_bytes()));
        Some(IceCredentials { username, password })
    }
}

/// Whether an address is one of a STUN or TURN server (RFC 7064, RFC 7065): a scheme and a host, without `//`.
fn is_server(url: &str) -> bool {
    let Some((scheme, rest)) = url.split_once(':') else { return false };
    let is_known = ["stun", "stuns", "turn", "turns"].contains(&scheme);
    let is_written = |byte: u8| byte.is_ascii_alphanumeric() || b".-_:[]?=".contains(&byte);
    let host = rest.split(['?', ':']).next().unwrap_or_default();
    is_known && rest.bytes().all(is_written) && (!host.is_empty() || rest.starts_with('['))
}

/// Whether a server carries what is said, and does not only tell an address.
fn relays(url: &str) -> bool {
    url.starts_with("turn:") || url.starts_with("turns:")
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOTH: &str = r#"{"urls":["stun:turn.example.com","turn:turn.example.com:3478?transport=udp"],"secret":"north"}"#;

    #[test]
    fn a_password_is_the_hmac_of_the_name_as_turn_servers_reckon_it() {
        let servers = IceServers::parse(BOTH).unwrap();
        let made = servers.credentials("RQ1", Timestamp(1_795_345_200_999)).unwrap();
        assert_eq!(made.username, "1795345200:RQ1");
        // Reckoned by another implementation of HMAC-SHA1 and base64.
        assert_eq!(made.password.as_str(), "ulo+w/of/lN6hBqDuvfpc45KV1U=");
        let all: Vec<(&str, bool)> = servers.all().collect();
        let relay = "turn:turn.example.com:3478?transport=udp";
        assert_eq!(all, [("stun:turn.example.com", false), (relay, true)]);
    }

    #[test]
    fn without_a_server_that_relays_there_is_nothing_to_make_credentials_for() {
        assert_eq!(IceServers::parse("{}").unwrap(), IceServers::default());
        for text in ["{}", r#"{"urls":["stun:[2001:db8::1]:3478"]}"#] {
            let servers = IceServers::parse(text).unwrap();
            assert_eq!(servers.credentials("RQ1", Timestamp(0)), None, "{text}");
        }
    }

    #[test]
    fn what_is_no_list_of_servers_is_refused_and_no_secret_is_shown() {
        let many = format!(r#"{{"urls":[{}"stun:a"]}}"#, r#""stun:a","#.repeat(16));
        for (wrong, why) in [
            ("[]", "line 1"),
            (r#"{"secret":5}"#, "line 1"),
            (r#"{"url":["stun:a"]}"#, "line 1"),
            (r#"{"urls":["turn:a"]}"#, "needs the secret"),
            (r#"{"urls":["stun:a"],"secret":"the-secret"}"#, "there is none"),
            (r#"{"urls":["https://a"]}"#, "https://a is no server"),
            (r#"{"urls":["turn:"],"secret":"the-secret"}"#, "turn: is no server"),
            (r#"{"urls":["turn:a b"],"secret":"the-secret"}"#, "turn:a b is no server"),
            (&many, "more than 16"),
        ] {
            let refused = IceServers::parse(wrong).unwrap_err().to_string();
            assert!(refused.contains(why) && !refused.contains("the-secret"), "{wrong}: {refused}");
        }
        assert!(!format!("{:?}", IceServers::parse(BOTH).unwrap()).contains("north"));
    }
}
