//! What statistics are narrowed to: a span of time, a task channel, thresholds of waiting.

use std::collections::BTreeSet;

use switchboard_domain::codes::Code;
use switchboard_domain::event::KEPT;
use switchboard_domain::flow::TASK_TIMEOUT_SECONDS_MAX;
use switchboard_domain::sid::{TaskChannelSid, WorkspaceSid};
use switchboard_domain::timestamp::{Millis, Timestamp};
use switchboard_rest::{ApiError, Call, Params};

use crate::fields::invalid;
use crate::tasks;

/// The span begins this many minutes back if nothing else is asked for.
const MINUTES: i64 = 15;
/// More minutes than any caller asks for; what is too long ago is refused by its own code.
const MINUTES_MAX: i64 = 1_000_000_000;
/// At most this many thresholds can be asked for at once.
const THRESHOLDS_MAX: usize = 100;

/// A span of time, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Window {
    /// Its begin.
    pub(crate) from: Timestamp,
    /// Its end.
    pub(crate) to: Timestamp,
}

impl Window {
    pub(super) fn read(call: &Call<'_>) -> Result<Self, ApiError> {
        Self::of(&call.query, call.now)
    }

    /// `StartDate` wins over `Minutes`, which count back from `EndDate`; that is now unless it is given, or if it is
    /// still to come.
    pub(crate) fn of(query: &Params, now: Timestamp) -> Result<Self, ApiError> {
        let minutes = query.integer("Minutes", 1, MINUTES_MAX)?.unwrap_or(MINUTES);
        let end = query.instant("EndDate")?;
        // The dates that are given have seconds; the last one is included.
        let to = end.map_or(now, |end| (end + Millis(999)).min(now));
        let from = match query.instant("StartDate")? {
            Some(start) => start,
            None => end.unwrap_or(now).min(now) + Millis::seconds(-60 * minutes),
        };
        if from < now + Millis(-KEPT.0) {
            return Err(Code::StatisticsTooOld.into());
        }
        if from > to {
            return Err(invalid("StartDate", "must not be after the end"));
        }
        Ok(Self { from, to })
    }
}

/// The task channel, by its identifier or its unique name.
pub(super) async fn channel(
    call: &Call<'_>,
    ws: WorkspaceSid,
) -> Result<Option<TaskChannelSid>, ApiError> {
    let given = call.query.get("TaskChannel").or(call.form.get("TaskChannel"));
    match given.filter(|text| !text.is_empty()) {
        Some(which) => Ok(Some(tasks::channel(call, ws, which).await?.sid)),
        None => Ok(None),
    }
}

/// The thresholds of waiting, in seconds.
pub(super) fn thresholds(call: &Call<'_>) -> Result<BTreeSet<i64>, ApiError> {
    seconds(call.query.get("SplitByWaitTime").unwrap_or_default())
}

fn seconds(list: &str) -> Result<BTreeSet<i64>, ApiError> {
    const NAME: &str = "SplitByWaitTime";
    let each = list.split(',').map(str::trim).filter(|text| !text.is_empty());
    let read = each.map(|text| {
        let number: Option<i64> = text.parse().ok();
        number
            .filter(|seconds| (0..=TASK_TIMEOUT_SECONDS_MAX).contains(seconds))
            .ok_or_else(|| invalid(NAME, "must be a comma list of seconds"))
    });
    let all = read.collect::<Result<BTreeSet<i64>, ApiError>>()?;
    match all.len() > THRESHOLDS_MAX {
        true => Err(invalid(NAME, &format!("must not have more than {THRESHOLDS_MAX} entries"))),
        false => Ok(all),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_795_341_600);

    fn window(text: &str) -> Result<(i64, i64), (u16, u32)> {
        let read = Window::of(&Params::parse(text.as_bytes()), NOW);
        let read = read.map_err(|error| (error.status, error.code))?;
        Ok(((NOW - read.from).0 / 1000, (NOW - read.to).0))
    }

    #[test]
    fn a_span_is_a_quarter_of_an_hour_unless_it_is_given() {
        assert_eq!(window(""), Ok((900, 0)));
        assert_eq!(window("Minutes=2"), Ok((120, 0)));
        assert_eq!(window("StartDate=2026-11-22T09:00:00Z&Minutes=2"), Ok((3600, 0)));
        assert_eq!(window("EndDate=2026-11-22T09:30:00Z"), Ok((2700, 1_799_001)));
        assert_eq!(window("EndDate=2026-11-22T10:30:00Z"), Ok((900, 0)), "it is still to come");
    }

    #[test]
    fn spans_older_than_thirty_days_are_refused_with_their_own_code() {
        assert_eq!(window("Minutes=43200"), Ok((2_592_000, 0)));
        for old in
            ["Minutes=43201", "StartDate=2026-10-23T09:59:59Z", "EndDate=2008-01-02T00:00:00Z"]
        {
            assert_eq!(window(old), Err((400, 14241)), "{old}");
        }
        for wrong in ["Minutes=0", "StartDate=yesterday", "StartDate=2026-11-22T10:00:01Z"] {
            assert_eq!(window(wrong), Err((400, 20001)), "{wrong}");
        }
    }

    #[test]
    fn thresholds_are_a_comma_list_of_seconds() {
        assert_eq!(seconds("10, 5,5"), Ok(BTreeSet::from([5, 10])));
        assert_eq!(seconds(""), Ok(BTreeSet::new()));
        for wrong in ["5,x", "-1", "1209601"] {
            assert_eq!(seconds(wrong).unwrap_err().code, 20001, "{wrong}");
        }
    }
}
