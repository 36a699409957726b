//! Where an event stands, which its identifier says: so it is found by one read.

use crate::sid::{EventSid, Sid as _};
use crate::timestamp::Timestamp;

/// The place of one event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct EventPlace {
    /// When it happened, to the millisecond.
    pub time: Timestamp,
    /// The change it came of.
    pub origin: u64,
    /// The part of that change.
    pub part: u8,
    /// Its number within that part.
    pub number: u8,
}

impl EventPlace {
    /// The identifier: six bytes of time, eight of origin, one of each number. Identifiers of one workspace sort as
    /// its events do.
    pub fn sid(self) -> EventSid {
        let mut bytes = [0; 16];
        bytes[..6].copy_from_slice(&self.time.0.to_be_bytes()[2..]);
        bytes[6..14].copy_from_slice(&self.origin.to_be_bytes());
        bytes[14] = self.part;
        bytes[15] = self.number;
        EventSid::from_bytes(bytes)
    }

    /// The place that an identifier names.
    pub fn of(sid: EventSid) -> Self {
        let bytes = sid.bytes();
        let (mut time, mut origin) = ([0; 8], [0; 8]);
        time[2..].copy_from_slice(&bytes[..6]);
        origin.copy_from_slice(&bytes[6..14]);
        Self {
            time: Timestamp(i64::from_be_bytes(time)),
            origin: u64::from_be_bytes(origin),
            part: bytes[14],
            number: bytes[15],
        }
    }

    /// The same in order of time, as text: the sort key of the occurrence, and its number behind that.
    pub fn sorted(self) -> String {
        format!("{:013}#{:016x}{:02x}{:02x}", self.time.0, self.origin, self.part, self.number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identifier_names_its_place() {
        let place = EventPlace {
            time: Timestamp(1_795_344_809_123),
            origin: 0xfeed_0000_0000_0001,
            part: 2,
            number: 7,
        };
        assert_eq!(EventPlace::of(place.sid()), place);
        assert_eq!(
            place.sid().to_string(),
            "EV01a20316b423feed0000000000010207"
                .replace("01a20316b423", &format!("{:012x}", 1_795_344_809_123_i64))
        );
    }

    #[test]
    fn identifiers_and_sort_keys_are_in_order_of_time() {
        let at = |time, part, number| EventPlace { time: Timestamp(time), origin: 9, part, number };
        let places = [at(999, 0, 5), at(1000, 0, 0), at(1000, 0, 1), at(1000, 1, 0)];
        for pair in places.windows(2) {
            assert!(pair[0].sid() < pair[1].sid());
            assert!(pair[0].sorted() < pair[1].sorted());
        }
    }
}
