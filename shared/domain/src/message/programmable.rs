//! A message as Programmable Messaging sees it.

use super::{Direction, Message};
use crate::sid::{MmsSid, Sid as _, SmsSid};

impl Message {
    /// The same as an answer to what a customer wrote.
    #[must_use]
    pub fn in_answer(mut self) -> Self {
        self.fields.direction = Direction::OutboundReply;
        self
    }

    /// What one view of it is called: the carrier's own identifier where that is one, else kin of the message's. `delivery` is the
    /// number of a copy; none is what came in.
    pub fn programmable_sid(&self, delivery: Option<u32>) -> String {
        let first = self.origin.as_ref().filter(|origin| origin.carrier.is_default());
        let carriers = first.map(|origin| origin.carrier_message_id.as_str());
        let is_one = |text: &&str| text.parse::<SmsSid>().is_ok() || text.parse::<MmsSid>().is_ok();
        if let Some(text) = carriers.filter(is_one) {
            return text.to_owned();
        }
        let number = delivery.unwrap_or_else(|| self.sid.number());
        match self.media.is_empty() {
            true => self.sid.kin::<SmsSid>(number).to_string(),
            false => self.sid.kin::<MmsSid>(number).to_string(),
        }
    }
}
