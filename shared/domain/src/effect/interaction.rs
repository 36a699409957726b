//! Calls of webhooks that hear of interactions.

use serde::{Deserialize, Serialize};

use crate::address::ChannelType;
use crate::interaction::Told;
use crate::sid::InteractionSid;

/// Call one webhook about what happened to an interaction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InteractionCall {
    /// The interaction; of a channel that there cannot be the one that there would have been.
    pub interaction: InteractionSid,
    /// The name of the webhook that the interaction names; none is the one that hears of all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub own: Option<String>,
    /// What kind of channel it is.
    pub medium: ChannelType,
    /// What happened.
    pub told: Told,
}

impl InteractionCall {
    /// What one hearer is told of an interaction stays in order.
    pub(super) fn group(&self) -> String {
        let hearer = if self.own.is_some() { "own" } else { "global" };
        format!("{}-{hearer}", self.interaction)
    }
}
