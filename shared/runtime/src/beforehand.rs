//! Asking the endpoints of customers before something is done (rule B.5): what one request, or one message, asks.

use std::collections::BTreeMap;
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use futures_util::future::{join, join_all};
use switchboard_domain::configuration::ConversationConfiguration;
use switchboard_domain::conversation::{Asked, Heard, Inquiry, Verdict};
use switchboard_domain::message::Message;
use switchboard_domain::record::Record;
use switchboard_domain::sid::{MessageSid, RequestSid};
use switchboard_domain::webhook::WebhookEndpoint;
use switchboard_store::{Key, key, take};
use tokio::sync::Notify;
use tokio::time::timeout;

use crate::deadline::has_time_for;
use crate::dependencies::Dependencies;
use crate::endpoints::{Question, Reply};
use crate::failure::Failure;

/// Nobody is asked with less time than this left: the answer, and what it leads to, which may be decided anew.
const NEEDED: Duration = Duration::from_secs(8);
/// What others did in the meantime waits this long for an endpoint at most.
const HELD_MAX: Duration = Duration::from_millis(100);

/// What one request or message asks, and what it was told. Nothing is asked twice.
#[derive(Debug, Default)]
pub struct Beforehand {
    /// What names it, the same for a copy of it.
    name: OnceLock<String>,
    /// The message that it is, which may have been written before.
    message: Option<MessageSid>,
    heard: Mutex<BTreeMap<Asked, Verdict>>,
    is_put_off: OnceLock<()>,
}

impl Beforehand {
    /// For a message, which may come twice.
    pub fn of_message(sid: MessageSid) -> Self {
        Self { name: OnceLock::from(sid.to_string()), message: Some(sid), ..Self::default() }
    }

    /// Whether somebody was to be asked, and there was no time left for it.
    pub fn is_put_off(&self) -> bool {
        self.is_put_off.get().is_some()
    }

    pub(crate) fn verdicts(&self) -> BTreeMap<Asked, Verdict> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Asks one endpoint about something that is no change of a conversation.
    ///
    /// # Errors
    /// If it was not asked: there is no time, or the configuration cannot be read.
    pub async fn verdict(&self, on: &Dependencies, inquiry: Inquiry) -> Result<Verdict, Failure> {
        let asked = inquiry.asked;
        if !self.verdicts().contains_key(&asked) {
            Box::pin(self.ask(on, vec![inquiry])).await?;
        }
        Ok(self.verdicts().remove(&asked).unwrap_or(Verdict::Allowed))
    }

    /// Asks all of it at the same time. Effects that are held back do not wait for it.
    pub(crate) async fn ask(
        &self,
        on: &Dependencies,
        inquiries: Vec<Inquiry>,
    ) -> Result<(), Failure> {
        if !has_time_for(NEEDED) {
            let _ = self.is_put_off.set(());
            return Err(Failure::Unavailable("no time is left to ask an endpoint".to_owned()));
        }
        let Some(settings) = self.settings(on).await? else {
            let known = inquiries.into_iter().map(|one| (one.asked, Verdict::Allowed));
            self.note(known.collect());
            return Ok(());
        };
        let known = known(on, &settings, &inquiries).await?;
        let answered = Notify::new();
        let asking = async {
            let all = inquiries.iter().map(|inquiry| self.ask_one(on, &settings, &known, inquiry));
            let verdicts = join_all(all).await;
            answered.notify_one();
            verdicts
        };
        let releasing = async {
            while timeout(HELD_MAX, answered.notified()).await.is_err() {
                on.release_effects().await;
            }
        };
        let (verdicts, ()) = join(asking, releasing).await;
        self.note(verdicts.into_iter().collect::<Result<_, _>>()?);
        Ok(())
    }

    /// Who is asked; nobody about a message that was written before, which changes nothing any more.
    async fn settings(
        &self,
        on: &Dependencies,
    ) -> Result<Option<ConversationConfiguration>, Failure> {
        let at = key::conversation_configuration();
        let Some(message) = self.message.map(key::message) else {
            return Ok(Some(on.store.get(at).await?.unwrap_or_default()));
        };
        let mut found = on.store.get_all(&[at.clone(), message.clone()]).await?;
        let is_known = take::<Message>(&mut found, &message).is_some();
        Ok((!is_known).then(|| take(&mut found, &at).unwrap_or_default()))
    }

    async fn ask_one(
        &self,
        on: &Dependencies,
        settings: &ConversationConfiguration,
        known: &BTreeMap<Key, Record>,
        inquiry: &Inquiry,
    ) -> Result<(Asked, Verdict), Failure> {
        let (before, _) = inquiry.asked;
        // Configured otherwise since then: nobody is asked any more.
        let Some((url, method)) = settings.asked(inquiry.service, before) else {
            return Ok((inquiry.asked, Verdict::Allowed));
        };
        let name = self.name.get_or_init(|| on.mint::<RequestSid>().to_string());
        let token = Inquiry::token(inquiry.asked, name);
        let account = ("AccountSid".to_owned(), on.config.account_sid.to_string());
        let parameters: Vec<(String, String)> =
            std::iter::once(account).chain(inquiry.parameters.iter().cloned()).collect();
        let endpoint = known.get(&endpoint(url)).and_then(Record::get::<WebhookEndpoint>);
        let (event, about) = (before.name(), name.as_str());
        let reply = match endpoint {
            Some(WebhookEndpoint { off: Some(_), .. }) => Reply::Off,
            _ => {
                let (parameters, token, asked) = (parameters.as_slice(), token.as_str(), on.now());
                let question = Question { url, method, parameters, token, endpoint, event, asked };
                on.endpoints()?.ask(question).await
            }
        };
        let heard = Heard::of(before, reply.said());
        if let Some(trouble) = heard.trouble {
            let code = trouble.code();
            tracing::warn!(code, event, about, "webhook asked in vain, and passed over: {reply}");
        } else if heard.verdict == Verdict::Vetoed {
            tracing::info!(event, about, "webhook objects: {reply}");
        }
        Ok((inquiry.asked, heard.verdict))
    }

    fn note(&self, verdicts: Vec<(Asked, Verdict)>) {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).extend(verdicts);
    }
}

/// How the endpoints are set up that are asked, as far as they are.
async fn known(
    on: &Dependencies,
    settings: &ConversationConfiguration,
    inquiries: &[Inquiry],
) -> Result<BTreeMap<Key, Record>, Failure> {
    let asked = inquiries.iter().filter_map(|one| settings.asked(one.service, one.asked.0));
    let keys: Vec<Key> = asked.map(|(url, _)| endpoint(url)).collect();
    Ok(on.store.get_all(&keys).await?)
}

fn endpoint(url: &str) -> Key {
    key::webhook_endpoint(WebhookEndpoint::sid_of(url))
}
