//! What the service writes into the attributes of an invite's task, around what the caller gave
//! (rule C.3).
//!
//! All of it follows from the interaction and four small facts. So it need not be stored: [`Marks::read_off`]
//! tells the facts from what the caller gave, and [`Marks::around`] writes the same text again.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::InitiatedBy;
use crate::address::{Address, ChannelType};
use crate::sid::{ChannelSid, ConversationSid, InteractionSid, InviteSid, Sid as _};

/// The keys that the service writes, beside `customers`.
const KEYS: [&str; 8] = [
    "flexInteractionSid",
    "flexInteractionChannelSid",
    "flexChannelInviteSid",
    "conversationSid",
    "channelType",
    "direction",
    "initiatedBy",
    "conversations",
];

/// The facts that the attributes of an invite's task follow from, beside the interaction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Marks {
    /// Which kin of the interaction the invite is.
    pub(crate) invite: u32,
    /// The media type.
    pub(crate) channel: ChannelType,
    /// Who began the interaction.
    pub(crate) by: InitiatedBy,
    /// The business' address that the customer writes to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) contact: Option<String>,
}

impl Marks {
    /// The attributes of the task: what the caller gave, and what the service says.
    pub(crate) fn around(&self, given: Map<String, Value>, interaction: InteractionSid) -> Value {
        let (invite, channel): (InviteSid, ChannelSid) =
            (interaction.kin(self.invite), interaction.twin());
        let conversation: ConversationSid = interaction.twin();
        let agent = self.by == InitiatedBy::Agent;
        let kind = self.channel.name();
        let mut medium = kind.to_owned();
        medium[..1].make_ascii_uppercase();
        let customer = customer(&given);
        let mut all = given;
        let mut set = |key: &str, value: Value| all.insert(key.to_owned(), value);
        set("flexInteractionSid", json!(interaction));
        set("flexInteractionChannelSid", json!(channel));
        set("flexChannelInviteSid", json!(invite));
        set("conversationSid", json!(conversation));
        set("channelType", json!(kind));
        set("direction", json!(if agent { "outbound" } else { "inbound" }));
        set("initiatedBy", json!(self.by.name()));
        let conversations = json!({
            "initiated_by": self.by.name(),
            "communication_channel": medium,
            "direction": if agent { "Outbound" } else { "Inbound" },
            "conversation_id": interaction,
            "external_contact": self.contact,
            "media": [{
                "conversation_sid": conversation,
                "type": "ChatTranscript",
                "sid": conversation,
            }],
        });
        set("conversations", conversations);
        if let Some(customer) = customer {
            set("customers", customer);
        }
        Value::Object(all)
    }

    /// Takes attributes apart; nothing if they are not exactly what [`Marks::around`] would write, as when
    /// they were changed since.
    pub(crate) fn read_off(text: &str, interaction: InteractionSid) -> Option<(Self, String)> {
        let mut given: Map<String, Value> = serde_json::from_str(text).ok()?;
        let marks = Self::of(&given, interaction)?;
        for key in KEYS {
            given.remove(key);
        }
        if given.get("customers") == customer(&given).as_ref() {
            given.remove("customers");
        }
        let kept = serde_json::to_string(&given).ok()?;
        let again = marks.around(given, interaction).to_string();
        (again == text).then_some((marks, kept))
    }

    /// What the caller gave of a task's attributes, whatever was changed of them since: all but what the service writes.
    pub(crate) fn given(text: &str) -> Map<String, Value> {
        let mut given: Map<String, Value> = serde_json::from_str(text).unwrap_or_default();
        for key in KEYS {
            given.remove(key);
        }
        if given.get("customers") == customer(&given).as_ref() {
            given.remove("customers");
        }
        given
    }

    fn of(all: &Map<String, Value>, interaction: InteractionSid) -> Option<Self> {
        let text = |key: &str| all.get(key)?.as_str();
        let invite: InviteSid = text("flexChannelInviteSid")?.parse().ok()?;
        let contact = all.get("conversations")?.get("external_contact")?;
        (invite.kin::<InteractionSid>(0) == interaction.kin(0)).then_some(())?;
        Some(Self {
            invite: invite.number(),
            channel: ChannelType::parse(text("channelType")?)?,
            by: serde_json::from_value(all.get("initiatedBy")?.clone()).ok()?,
            contact: contact.as_str().map(str::to_owned),
        })
    }
}

/// The customer as the agents' desktop shows them, if the caller said enough: with the number that the address has, or
/// with the e-mail address that it is. An id of a channel's own (`messenger:123`) is neither; it stays in
/// `customerAddress`.
fn customer(given: &Map<String, Value>) -> Option<Value> {
    let (address, name) = (given.get("customerAddress")?, given.get("customerName")?);
    let address: Option<Address> = address.as_str().and_then(|text| text.parse().ok());
    let bare = |is: fn(&Address) -> bool| address.as_ref().filter(|it| is(it)).map(Address::bare);
    let (phone, email) = (bare(Address::is_number), bare(|it| it.channel() == ChannelType::Email));
    Some(json!({ "name": name, "phone": phone, "email": email }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(text: &str) -> Map<String, Value> {
        serde_json::from_str(text).unwrap()
    }

    fn marks() -> Marks {
        let contact = Some("+18005550100".to_owned());
        Marks { invite: 2, channel: ChannelType::Whatsapp, by: InitiatedBy::Customer, contact }
    }

    #[test]
    fn attributes_written_by_the_service_are_read_off_again() {
        let interaction = InteractionSid::derived(&["i"]);
        for text in [
            "{}",
            r#"{"topic":"help"}"#,
            r#"{"customerAddress":"+14155550100","customerName":"Ann","from":"+14155550100"}"#,
            r#"{"customerName":"Ann","customers":{"vip":true}}"#,
        ] {
            let all = marks().around(given(text), interaction).to_string();
            let read = Marks::read_off(&all, interaction);
            assert_eq!(read, Some((marks(), text.to_owned())), "{all}");
        }
        let none = Marks { contact: None, by: InitiatedBy::Agent, ..marks() };
        let all = none.around(given("{}"), interaction).to_string();
        assert_eq!(Marks::read_off(&all, interaction), Some((none, "{}".to_owned())));
    }

    #[test]
    fn a_customer_has_a_telephone_where_the_address_has_a_number() {
        for (address, phone, email) in [
            ("+14155550100", json!("+14155550100"), Value::Null),
            ("whatsapp:+14155550100", json!("+14155550100"), Value::Null),
            ("whatsapp:14155550100", json!("+14155550100"), Value::Null),
            ("rcs:+14155550100", json!("+14155550100"), Value::Null),
            ("12345", json!("12345"), Value::Null),
            ("whatsapp:US.AbC123", Value::Null, Value::Null),
            ("messenger:1234567890", Value::Null, Value::Null),
            ("instagram:1234567890", Value::Null, Value::Null),
            ("ann@example.com", Value::Null, json!("ann@example.com")),
            ("email:ann@example.com", Value::Null, json!("ann@example.com")),
            ("", Value::Null, Value::Null),
        ] {
            let given =
                given(&json!({ "customerAddress": address, "customerName": "Ann" }).to_string());
            let shown = json!({ "name": "Ann", "phone": phone, "email": email });
            assert_eq!(customer(&given), Some(shown), "{address}");
            let interaction = InteractionSid::derived(&["i"]);
            let all = marks().around(given.clone(), interaction).to_string();
            let kept = Value::Object(given).to_string();
            assert_eq!(Marks::read_off(&all, interaction), Some((marks(), kept)), "{address}");
        }
    }

    #[test]
    fn attributes_changed_by_a_caller_are_not_read_off() {
        let interaction = InteractionSid::derived(&["i"]);
        let all = marks().around(given(r#"{"topic":"help"}"#), interaction).to_string();
        let changes = [
            all.replace("inbound", "outbound"),
            all.replace(r#""channelType":"whatsapp""#, r#""channelType":"sms""#),
            all.replace(':', ": "),
            all.replace(r#""email":null"#, r#""email":"a@example.com""#).replace("topic", "T"),
            "{}".to_owned(),
            "not json".to_owned(),
        ];
        for (place, changed) in changes.iter().enumerate() {
            let read = Marks::read_off(changed, interaction);
            assert!(read.is_none_or(|(_, given)| given.contains('T')), "{place}: {changed}");
        }
        assert_eq!(Marks::read_off(&all, InteractionSid::derived(&["another"])), None);
    }
}
