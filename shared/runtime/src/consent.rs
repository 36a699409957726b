//! Whether somebody wants nothing from a sender.

use switchboard_domain::address::Address;
use switchboard_domain::consent::{Consent, Scope};
use switchboard_domain::sender::pool_of;
use switchboard_domain::sid::MessagingServiceSid;
use switchboard_store::key;

use crate::dependencies::Dependencies;
use crate::failure::Failure;

impl Dependencies {
    /// Whether one of these recipients wants nothing from a sender, who is used by a messaging service or by none. It is one read for a
    /// recipient of whom nothing is known; which pool the sender is in is looked up only where somebody was asked to be left alone.
    ///
    /// # Errors
    /// If the table does not answer.
    pub async fn is_refused(
        &self,
        recipients: &[&Address],
        sender: &Address,
        used_by: Option<MessagingServiceSid>,
    ) -> Result<bool, Failure> {
        for recipient in recipients {
            if !recipient.has_keywords() {
                continue;
            }
            let consent: Option<Consent> =
                self.store.get(key::consent(&recipient.person())).await?;
            let Some(consent) = consent.filter(Consent::refuses_any) else { continue };
            if consent.refuses(&Scope::of(sender, None)) {
                return Ok(true);
            }
            let own = self.own_sender(sender).await?;
            let pool = pool_of(own.as_ref(), used_by);
            if consent.refuses(&Scope::of(sender, pool)) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
