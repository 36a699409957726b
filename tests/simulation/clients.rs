//! Whoever holds an access token, and programs that want their changes told: they write, read, upload and are asked about. Strangers are
//! let in nowhere, whatever goes wrong; who is refused because of an endpoint has been refused by it.

use serde_json::{Value, json};
use switchboard::{Deployment, http_event};
use switchboard_domain::conversation::{Conversation, default_service_sid};
use switchboard_domain::sid::AccountSid;
use switchboard_tests::access_token;

use crate::kernel::Kernel;
use crate::random::{Concern, Random};
use crate::setup::{self, ACCOUNT, AUTHORIZATION};
use crate::sometimes::{Sometimes, meet};

/// How often in a thousand somebody of them acts.
const OFTEN: usize = 160;
/// What requests of strangers are called by.
const STRANGER: &str = "stranger";
/// What requests are called by about which endpoints are asked.
const TOLD: &str = "told";
/// Who makes conversations of their own.
const ANN: &str = "ann";
/// How many names these have, so that some are taken and some are not there.
const NAMES: usize = 4;
const CONVERSATIONS: &str = "/conversations/v1/Conversations";
const FORM: &str = "application/x-www-form-urlencoded";

/// The key that vouches for all of them.
#[derive(Debug, Clone)]
pub(crate) struct Key {
    sid: String,
    secret: String,
}

impl Key {
    /// One that is made before anything goes wrong.
    pub(crate) async fn of(on: &Deployment) -> Self {
        let path = format!("/api/2010-04-01/Accounts/{ACCOUNT}/Keys.json");
        let (function, event) = setup::request("POST", &path, &[]);
        let answer = on.invoke(function, event).await.expect("the set-up is not disturbed");
        let made = setup::body(&answer);
        let text = |name: &str| made[name].as_str().expect("a key").to_owned();
        Self { sid: text("sid"), secret: text("secret") }
    }
}

/// What is asked for, by whom.
struct Request<'a> {
    name: &'a str,
    method: &'a str,
    path: &'a str,
    form: &'a [(&'a str, &'a str)],
}

fn service() -> String {
    let account: AccountSid = ACCOUNT.parse().expect("the account");
    default_service_sid(account).to_string()
}

impl Kernel {
    /// Somebody in a browser acts, or a program whose changes are told; not in every contact centre.
    pub(crate) async fn somebody_in_a_browser_acts(&mut self) -> bool {
        let random = &mut self.streams.decision(Concern::Clients);
        if self.key.is_none() || !random.chance(OFTEN) {
            return false;
        }
        match random.weighed(&[24, 12, 10, 14, 10, 14, 8, 8]) {
            0 => self.a_client_writes(random).await,
            1 => self.a_client_reads(random).await,
            2 => self.ann_makes_a_conversation(random).await,
            3 => self.ann_goes_on(random).await,
            4 => self.a_stranger_tries(random).await,
            5 => self.a_program_is_told(random).await,
            6 => self.a_program_looks_after_people(random).await,
            _ => self.a_client_uploads(random).await,
        }
        true
    }

    /// One request by a token.
    async fn by_token(&mut self, identity: &str, request: Request<'_>) {
        let Some(key) = &self.key else { return };
        let grants = json!({ "identity": identity, "chat": { "service_sid": service() } });
        let token = access_token(&key.sid, &key.secret, &grants, self.world.now().0 / 1000);
        self.heads(&format!("Bearer {token}"), "false", request).await;
    }

    async fn heads(&mut self, authorization: &str, is_told: &str, request: Request<'_>) {
        let Request { name, method, path, form } = request;
        let (function, _) = setup::request(method, path, form);
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let headers = [
            ("authorization", authorization),
            ("content-type", FORM),
            ("x-twilio-webhook-enabled", is_told),
        ];
        let event = http_event(method, path, &headers, body.as_bytes());
        self.ask_with(function, format!("{name}: {method} {path} {form:?}"), event).await;
    }

    /// An open conversation that somebody sits in, and who that is.
    fn somebody_seated(&self, random: &mut Random) -> Option<(Conversation, String)> {
        let open = self.in_use();
        let conversation = random.pick(&open)?;
        let identity = conversation.participants.iter().find_map(|one| one.identity.clone())?;
        Some((conversation.clone(), identity))
    }

    async fn a_client_writes(&mut self, random: &mut Random) {
        let Some((conversation, identity)) = self.somebody_seated(random) else { return };
        self.messages += 1;
        let (text, name) = (format!("typed {}", self.messages), format!("{TOLD} {identity}"));
        let path = format!("{CONVERSATIONS}/{}/Messages", conversation.sid);
        let form = [("Body", text.as_str())];
        self.by_token(&identity, Request { name: &name, method: "POST", path: &path, form: &form })
            .await;
    }

    async fn a_client_reads(&mut self, random: &mut Random) {
        let Some((conversation, identity)) = self.somebody_seated(random) else { return };
        let own = format!("{CONVERSATIONS}/{}", conversation.sid);
        let (method, path, form): (&str, String, &[(&str, &str)]) = match random.below(5) {
            0 => ("GET", format!("{own}/Messages"), &[]),
            1 => ("GET", format!("{own}/Participants"), &[]),
            2 => ("GET", CONVERSATIONS.to_owned(), &[]),
            3 => ("GET", format!("/conversations/v1/Users/{identity}/Conversations"), &[]),
            _ => {
                let path = format!("{own}/Participants/{identity}");
                ("POST", path, &[("LastReadMessageIndex", "0")])
            }
        };
        self.by_token(&identity, Request { name: &identity, method, path: &path, form }).await;
    }

    /// Ann makes a conversation under one of a few names.
    async fn ann_makes_a_conversation(&mut self, random: &mut Random) {
        let name = format!("ours-{}", random.below(NAMES));
        let form = [("UniqueName", name.as_str()), ("FriendlyName", "ours")];
        let name = format!("{TOLD} {ANN}");
        let request = Request { name: &name, method: "POST", path: CONVERSATIONS, form: &form };
        self.by_token(ANN, request).await;
    }

    /// Ann joins what she made, writes there, renames it, or deletes it.
    async fn ann_goes_on(&mut self, random: &mut Random) {
        let own = format!("{CONVERSATIONS}/ours-{}", random.below(NAMES));
        self.messages += 1;
        let text = format!("typed {}", self.messages);
        let (method, path, form): (&str, String, Vec<(&str, &str)>) =
            match random.weighed(&[10, 12, 3, 2, 2]) {
                0 => ("POST", format!("{own}/Participants"), vec![("Identity", ANN)]),
                1 => ("POST", format!("{own}/Messages"), vec![("Body", &text)]),
                2 => ("POST", own, vec![("FriendlyName", &text)]),
                3 => ("POST", format!("{own}/Participants"), vec![("Identity", "bob")]),
                _ => ("DELETE", own, Vec::new()),
            };
        let name = format!("{TOLD} {ANN}");
        self.by_token(ANN, Request { name: &name, method, path: &path, form: &form }).await;
    }

    /// Somebody with a token of the service who takes part in nothing.
    async fn a_stranger_tries(&mut self, random: &mut Random) {
        let open = self.in_use();
        let Some(conversation) = random.pick(&open) else { return };
        let own = format!("{CONVERSATIONS}/{}", conversation.sid);
        let uploads = format!("/mcs/v1/Services/{}/Media", service());
        let (method, path, form): (&str, String, &[(&str, &str)]) = match random.below(6) {
            0 => ("GET", own, &[]),
            1 => ("GET", format!("{own}/Messages"), &[]),
            2 => ("POST", format!("{own}/Messages"), &[("Body", "let me in")]),
            3 => ("POST", format!("{own}/Participants"), &[("Identity", "mallory")]),
            4 => ("POST", uploads, &[("a", "file")]),
            _ => ("GET", "/conversations/v1/Roles".to_owned(), &[]),
        };
        self.by_token("mallory", Request { name: STRANGER, method, path: &path, form }).await;
    }

    /// A program writes, renames or brings somebody in, and wants that to be told.
    async fn a_program_is_told(&mut self, random: &mut Random) {
        let open = self.in_use();
        let Some(conversation) = random.pick(&open) else { return };
        let own = format!("{CONVERSATIONS}/{}", conversation.sid);
        self.messages += 1;
        let text = format!("told {}", self.messages);
        let (path, form): (String, Vec<(&str, &str)>) = match random.weighed(&[10, 4, 4]) {
            0 => (format!("{own}/Messages"), vec![("Author", "program"), ("Body", &text)]),
            1 => (own, vec![("FriendlyName", &text)]),
            _ => (CONVERSATIONS.to_owned(), vec![("FriendlyName", &text)]),
        };
        let name = format!("{TOLD} program");
        let request = Request { name: &name, method: "POST", path: &path, form: &form };
        self.heads(AUTHORIZATION, "true", request).await;
    }

    /// Users and roles are made, changed and read.
    async fn a_program_looks_after_people(&mut self, random: &mut Random) {
        let user = format!("user-{}", random.below(NAMES));
        let (users, roles) = ("/conversations/v1/Users", "/conversations/v1/Roles");
        let one = format!("{users}/{user}");
        let (method, path, form): (&str, &str, Vec<(&str, &str)>) = match random.below(7) {
            0 => ("POST", users, vec![("Identity", &user)]),
            1 => ("POST", &one, vec![("FriendlyName", "somebody")]),
            2 => ("GET", &one, Vec::new()),
            3 => ("GET", users, Vec::new()),
            4 => ("DELETE", &one, Vec::new()),
            5 => {
                let granted = ("Permission", "sendMessage");
                ("POST", roles, vec![("FriendlyName", &user), ("Type", "conversation"), granted])
            }
            _ => ("GET", roles, Vec::new()),
        };
        let name = format!("{TOLD} program");
        self.heads(AUTHORIZATION, "true", Request { name: &name, method, path, form: &form }).await;
    }

    async fn a_client_uploads(&mut self, random: &mut Random) {
        let Some((_, identity)) = self.somebody_seated(random) else { return };
        let path = format!("/mcs/v1/Services/{}/Media", service());
        let form = [("a", "file")];
        self.by_token(
            &identity,
            Request { name: &identity, method: "POST", path: &path, form: &form },
        )
        .await;
    }

    /// What a client was answered is what somebody in their place may be.
    pub(crate) fn look_at_answer(&self, name: &str, invocation: u64, status: u64, body: &Value) {
        if name.starts_with(STRANGER) {
            let is_in = (200..300).contains(&status);
            let wrong = || format!("{name}: {status} {body}");
            if is_in {
                self.world.violated("strangers are let in nowhere", wrong());
            }
        }
        if !name.starts_with(TOLD) || status == 503 {
            return;
        }
        let is_refused = (status, body["code"].as_u64()) == (403, Some(VETOED));
        let is_vetoed = self.world.state().book.beforehand.has_vetoed(invocation);
        if is_refused != is_vetoed {
            let rule = "who asks for a change hears of a veto, and of no other";
            self.world.violated(rule, format!("{name}: {status} {body}, vetoed: {is_vetoed}"));
        }
        if is_refused {
            meet(&mut self.world.state().met, Sometimes::ChangeRefused);
        }
    }
}

/// The code of what an endpoint refuses (rule B.5).
const VETOED: u64 = 50_056;
