//! Which service an operation works in: the one in the path, or the account's default.

use serde_json::{Value, json};
use switchboard_domain::configuration::ConversationConfiguration;
use switchboard_domain::conversation::{
    Conversation, Listening, Participant, Service, Source, UniqueName, default_service_sid,
};
use switchboard_domain::decision::Decision;
use switchboard_domain::sid::{ConversationSid, ServiceSid};
use switchboard_rest::{ApiError, Call, Method};
use switchboard_store::{key, take};

use crate::holder;
use crate::input::NAME_CHARS_MAX;

/// The name of the service that every account has (rule A.1).
const DEFAULT_SERVICE_NAME: &str = "Flex Chat Service";

/// A service, named or not.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Scope {
    named: Option<ServiceSid>,
}

impl Scope {
    /// The service that the path names.
    pub(crate) const fn of(service: ServiceSid) -> Self {
        Self { named: Some(service) }
    }

    /// The path of a resource in this service.
    pub(crate) fn path(&self, behind: &str) -> String {
        match self.named {
            Some(service) => format!("v1/Services/{service}/{behind}"),
            None => format!("v1/{behind}"),
        }
    }

    /// The service that the path names; resources below one say which it is.
    pub(crate) const fn named(&self) -> Option<ServiceSid> {
        self.named
    }

    /// Below a named service, resources say which one it is.
    pub(crate) fn stamped(&self, mut resource: Value) -> Value {
        if let (Some(service), Some(members)) = (self.named, resource.as_object_mut()) {
            members.insert("chat_service_sid".to_owned(), json!(service));
        }
        resource
    }

    /// The service, whether it exists or not.
    pub(crate) async fn service_sid(&self, call: &Call<'_>) -> Result<ServiceSid, ApiError> {
        match self.named {
            Some(service) => Ok(service),
            None => Ok(default_of(call, settings(call).await?.as_ref())),
        }
    }

    /// The service, which exists: a named one is looked up, the default one is made when first needed.
    pub(crate) async fn service(&self, call: &Call<'_>) -> Result<ServiceSid, ApiError> {
        self.whole_service(call).await.map(|service| service.sid)
    }

    /// The same with everything that is kept of it.
    pub(crate) async fn whole_service(&self, call: &Call<'_>) -> Result<Service, ApiError> {
        let sid = self.service_sid(call).await?;
        if sid == default_service_sid(call.on.config.account_sid) {
            return default_service(call).await;
        }
        let found: Option<Service> = call.on.store.get(key::service(sid)).await?;
        found.ok_or_else(|| call.not_found())
    }

    /// A conversation of this service, by its identifier or its unique name.
    pub(crate) async fn conversation(
        &self,
        call: &Call<'_>,
        name: &str,
    ) -> Result<Conversation, ApiError> {
        let sid = match name.parse::<ConversationSid>() {
            Ok(sid) => sid,
            Err(_) if name.chars().count() > NAME_CHARS_MAX => return Err(call.not_found()),
            Err(_) => {
                let key = key::unique_name(self.service_sid(call).await?, name);
                let named: Option<UniqueName> = call.on.store.get(key).await?;
                named.ok_or_else(|| call.not_found())?.conversation
            }
        };
        let (at, settings_at) = (key::conversation(sid), key::conversation_configuration());
        let (found, service): (Option<Conversation>, _) = match self.named {
            Some(service) => (call.on.store.get(at).await?, service),
            None => {
                let mut found = call.on.store.get_all(&[at.clone(), settings_at.clone()]).await?;
                let settings = take(&mut found, &settings_at);
                (take(&mut found, &at), default_of(call, settings.as_ref()))
            }
        };
        let found = found.filter(|found| found.service == service);
        found.filter(|found| is_seen(call, found)).ok_or_else(|| call.not_found())
    }
}

/// Whether the caller sees a conversation: a client reads those that they take part in. What they may change, and whether a
/// role lets them change others, is decided at the door.
fn is_seen(call: &Call<'_>, conversation: &Conversation) -> bool {
    let Some((_, identity)) = holder::of(call) else { return true };
    let takes_part = |one: &Participant| one.identity.as_deref() == Some(identity);
    call.method != Method::Get || conversation.participants.iter().any(takes_part)
}

/// The account's settings.
pub(crate) async fn settings(
    call: &Call<'_>,
) -> Result<Option<ConversationConfiguration>, ApiError> {
    Ok(call.on.store.get(key::conversation_configuration()).await?)
}

/// The default service by these settings.
pub(crate) fn default_of(
    call: &Call<'_>,
    settings: Option<&ConversationConfiguration>,
) -> ServiceSid {
    let configured = settings.and_then(|settings| settings.default_service);
    configured.unwrap_or_else(|| default_service_sid(call.on.config.account_sid))
}

/// The service that every account has; written down when it is first needed.
pub(crate) async fn default_service(call: &Call<'_>) -> Result<Service, ApiError> {
    let sid = default_service_sid(call.on.config.account_sid);
    call.on
        .decide(|| async {
            let found: Option<Service> = call.on.store.get(key::service(sid)).await?;
            if let Some(found) = found {
                return Ok::<_, ApiError>((found, Decision::unchanged()));
            }
            let service = Service::new(sid, DEFAULT_SERVICE_NAME.to_owned(), call.now);
            Ok((service.clone(), Decision::put(service)))
        })
        .await
}

/// What the webhooks of the account and of a service are to be told of this request.
pub(crate) async fn listening(call: &Call<'_>, of: ServiceSid) -> Result<Listening, ApiError> {
    match call.webhooks_enabled() || holder::of(call).is_some() {
        true => Ok(settings(call).await?.unwrap_or_default().listening(of)),
        false => Ok(Listening::default()),
    }
}

/// Where a change of this request comes from.
pub(crate) fn source(call: &Call<'_>) -> Source {
    match holder::client(call) {
        Some(client) => Source::Client(client),
        None => Source::Api { webhooks: call.webhooks_enabled() },
    }
}
