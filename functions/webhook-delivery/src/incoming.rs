//! Webhooks of numbers and messaging services (rules E.1, E.4): an endpoint is told of what a customer wrote, and may answer with
//! messages.
//!
//! ```text
//!  url ──a document──▶ its messages are sent ──<Redirect>──▶ that URL is asked, five times at most
//!   │ not reached, or what cannot be read
//!   ▼
//!  fallback, which is told what went wrong ──▶ likewise
//!   │ not reached
//!   ▼
//!  asked again from the beginning, as every webhook: the messages are sent when it comes to an end
//! ```

use std::time::Duration;

use aws_lambda_events::sqs::SqsMessage;
use switchboard_caller::{Called, Caller, Delivered, Reading, Request};
use switchboard_domain::configuration::MessagingService;
use switchboard_domain::decision::Decision;
use switchboard_domain::effect::InboundCall;
use switchboard_domain::incoming::{Listener, Listeners};
use switchboard_domain::message::Message;
use switchboard_domain::process::reply::{self, Reply, Unsendable};
use switchboard_domain::sender::OwnSender;
use switchboard_domain::webhook::overrides::Overrides;
use switchboard_domain::webhook::{Ended, Outcome, WebhookAttempt};
use switchboard_runtime::queue::Next;
use switchboard_runtime::{Dependencies, Failure};
use switchboard_store::key;
use url::Url;

use crate::attempt::{keep, letter, outcome, tried};
use crate::parameters::received;
use crate::patience::{Known, Now};
use crate::twiml::{self, Document, Unreadable};

/// How long an endpoint has to answer, if its URL does not say otherwise (rule E.4).
const TIMEOUT: Duration = Duration::from_secs(15);
/// A document leads to another one so often at most.
const REDIRECTS_MAX: usize = 5;

/// It could not be reached, or said that it cannot.
const NOT_RETRIEVED: u32 = 11_200;
/// It led to another one too often.
const TOO_MANY_DOCUMENTS: u32 = 14_106;

/// The URL that is to hear of a reply's status is none.
const STATUS_CALLBACK: u32 = 14_105;

/// What went wrong, and where.
struct Wrong {
    code: u32,
    url: String,
}

/// A walk from one document to the next.
struct Walk<'a> {
    on: &'a Dependencies,
    caller: &'a Caller,
    parameters: Vec<(String, String)>,
    attempt: WebhookAttempt,
    replies: Vec<Reply>,
}

/// Tells whoever listens, and sends what they answer before the call is noted as done: a crash makes another call, and what
/// is answered again is sent once.
pub(crate) async fn serve(
    on: &Dependencies,
    caller: &Caller,
    call: &InboundCall,
    attempt: WebhookAttempt,
    message: &SqsMessage,
) -> Result<Next, Failure> {
    if attempt.done {
        return Ok(Next::Done);
    }
    let Some((inbound, own, listeners)) = load(on, call).await? else {
        let now = on.now();
        return keep(on, attempt.ended(Ended::Gone, now)).await.map(|()| Next::Done);
    };
    let Some(main) = listeners.main else { return Ok(Next::Done) };
    let mut known = Known::of(on, &main.url).await?;
    if known.is_off() && listeners.fallback.is_none() {
        let now = on.now();
        let off = WebhookAttempt { url: Some(main.url), ..attempt };
        return keep(on, off.ended(Ended::EndpointOff, now)).await.map(|()| Next::Done);
    }
    if !known.is_off()
        && let Now::Later(wait) = known.approach(on, message, TIMEOUT).await?
    {
        return Ok(Next::Later(wait));
    }
    let parameters = received(on, &inbound);
    let mut walk = Walk { on, caller, parameters, attempt, replies: Vec::new() };
    walk.goes((main, known), listeners.fallback).await?;
    if walk.attempt.done {
        send(on, &inbound, &own, &walk.replies).await?;
    }
    keep(on, walk.attempt).await.map(|()| Next::Done)
}

/// The message, the sender that it was written to, and who listens to that.
async fn load(
    on: &Dependencies,
    call: &InboundCall,
) -> Result<Option<(Message, OwnSender, Listeners)>, Failure> {
    let inbound: Option<Message> = on.store.get(key::message(call.inbound)).await?;
    let Some(inbound) = inbound.filter(|it| !it.removed) else { return Ok(None) };
    let Some(origin) = &inbound.origin else { return Ok(None) };
    let Some(own) = on.own_sender(&origin.pair.proxy).await? else { return Ok(None) };
    let service: Option<MessagingService> = match own.messaging_service {
        Some(service) => on.store.get(key::messaging_service(service)).await?,
        None => None,
    };
    let listeners = Listeners::of(&own, service.as_ref());
    Ok(Some((inbound, own, listeners)))
}

impl Walk<'_> {
    async fn goes(
        &mut self,
        (main, known): (Listener, Known),
        mut fallback: Option<Listener>,
    ) -> Result<(), Failure> {
        let (mut next, mut known) = (Some(main), Some(known));
        let (mut wrong, mut redirects) = (None, 0);
        while let Some(place) = next.take() {
            let known = match known.take() {
                Some(known) => known,
                None => Known::of(self.on, &place.url).await?,
            };
            let document = match self.asks(&place, known, wrong.as_ref()).await {
                Ok(document) => document,
                Err(code) => {
                    wrong = Some(Wrong { code, url: place.url });
                    next = fallback.take();
                    continue;
                }
            };
            self.replies.extend(self.heard_at(&place.url, document.replies));
            let Some((to, method)) = document.redirect else { break };
            redirects += 1;
            match Url::parse(&place.url).and_then(|url| url.join(&to)) {
                Ok(url) if redirects <= REDIRECTS_MAX => {
                    next = Some(Listener { url: url.into(), method });
                }
                Ok(_) | Err(_) => {
                    let code = TOO_MANY_DOCUMENTS;
                    self.warns(code, &format!("no document number {redirects} at {to}"));
                    wrong = Some(Wrong { code, url: place.url });
                    next = fallback.take();
                }
            }
        }
        Ok(())
    }

    /// Asks one endpoint; or the published code of what went wrong. Both the endpoint and its fallback are tried at each attempt of the
    /// schedule, and each is kept.
    async fn asks(
        &mut self,
        place: &Listener,
        known: Known,
        wrong: Option<&Wrong>,
    ) -> Result<Document, u32> {
        let timeout = Overrides::of(&place.url).map_or(TIMEOUT, |it| it.total);
        let mut parameters = self.parameters.clone();
        if let Some(wrong) = wrong {
            parameters.push(("ErrorCode".to_owned(), wrong.code.to_string()));
            parameters.push(("ErrorUrl".to_owned(), wrong.url.clone()));
        }
        let request = Request {
            url: &place.url,
            method: &place.method,
            parameters: &parameters,
            text: None,
            id: &self.attempt.id,
            timeout: known.timeout(timeout),
        };
        let began = self.on.now();
        let delivered = match known.is_off() {
            true => Delivered {
                called: Called::Forbidden("it is switched off"),
                answer: switchboard_caller::Answer::default(),
                took: Duration::ZERO,
            },
            false => {
                let letter = letter(&self.attempt, request, &known, began);
                self.caller.deliver(self.on, &letter, Reading::Whole).await
            }
        };
        let read = match delivered.called.succeeded() {
            true => twiml::read(&delivered.answer),
            false => Err(Unreadable(NOT_RETRIEVED, format!("it {}", delivered.called))),
        };
        let now = self.on.now();
        let mut one = tried(began, &delivered, now);
        if let (Err(Unreadable(code, why)), true) = (&read, delivered.called.succeeded()) {
            one.error = Some(format!("{code}: {why}"));
        }
        let was_not_reached = wrong.is_some_and(|wrong| wrong.code == NOT_RETRIEVED);
        let outcome = match (&read, outcome(&delivered.called)) {
            // Who was to be told first has heard nothing, and may be back.
            (Err(_), Outcome::Taken) if was_not_reached => Outcome::Failed,
            // What is said again in the same words is read no better.
            (Err(_), Outcome::Taken) => Outcome::Refused,
            (_, outcome) => outcome,
        };
        self.attempt.url = Some(place.url.clone());
        self.attempt = self.attempt.clone().after(one, outcome, now);
        if outcome == Outcome::Refused && delivered.called.succeeded() {
            self.attempt.ended = Some(Ended::Unreadable);
        }
        known.note(self.on, &place.url, &delivered.called).await;
        match read {
            Ok(document) => {
                document.warnings.iter().for_each(|(code, what)| self.warns(*code, what));
                Ok(document)
            }
            Err(Unreadable(code, why)) => {
                self.warns(code, &why);
                Err(code)
            }
        }
    }

    /// The replies, whose status is told at a whole URL: one within the document is taken from where that is.
    fn heard_at(&self, document: &str, mut replies: Vec<Reply>) -> Vec<Reply> {
        for reply in &mut replies {
            let Some(listener) = &mut reply.status_callback else { continue };
            match Url::parse(document).and_then(|url| url.join(&listener.url)) {
                Ok(url) if matches!(url.scheme(), "http" | "https") => listener.url = url.into(),
                Ok(_) | Err(_) => {
                    self.warns(STATUS_CALLBACK, &format!("no URL: {}", listener.url));
                    reply.status_callback = None;
                }
            }
        }
        replies
    }

    fn warns(&self, code: u32, what: &str) {
        let message = self.attempt.about.as_str();
        tracing::warn!(code, message.sid = message, "webhook for what customers write: {what}");
    }
}

/// Sends what can be sent of the replies: all of it in one commit, once.
async fn send(
    on: &Dependencies,
    inbound: &Message,
    own: &OwnSender,
    replies: &[Reply],
) -> Result<(), Failure> {
    if replies.is_empty() {
        return Ok(());
    }
    on.decide(|| async {
        let mut messages = Vec::new();
        for (place, reply) in replies.iter().enumerate() {
            match message(on, (inbound, own), place, reply).await? {
                Ok(message) => messages.push(message),
                Err(why) => {
                    let (code, message) = (why.number(), inbound.sid.to_string());
                    tracing::warn!(code, message.sid = message, "a reply cannot be sent");
                }
            }
        }
        let Some(first) = messages.first() else { return Ok(((), Decision::unchanged())) };
        let sent: Option<Message> = on.store.get(key::message(first.sid)).await?;
        let decision = match sent {
            Some(_) => Decision::unchanged(),
            None => reply::send(messages),
        };
        Ok::<_, Failure>(((), decision))
    })
    .await
}

/// A reply as a message; another sender than the number that was written to has to be ours.
async fn message(
    on: &Dependencies,
    (inbound, own): (&Message, &OwnSender),
    place: usize,
    reply: &Reply,
) -> Result<Result<Message, Unsendable>, Failure> {
    let Some(sender) = reply.other_sender(inbound) else {
        return Ok(reply.message(inbound, place, Some(own), on.now()));
    };
    let ours = on.own_sender(&sender).await?;
    Ok(match &ours {
        Some(_) => reply.message(inbound, place, ours.as_ref(), on.now()),
        None => Err(Unsendable::From),
    })
}
