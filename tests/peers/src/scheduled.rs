//! Many scheduled messages that are due in one minute, and customers who write meanwhile.

use std::thread;
use std::time::{Duration, Instant, SystemTime};

use serde_json::{Value, json};
use switchboard_domain::timestamp::{Millis, Timestamp};

use crate::http::Connection;
use crate::rest::Api;
use crate::{Outcome, messages, sample};

/// What the messages are sent by.
const SENDER: &str = "+15550100002";
/// How far ahead they are scheduled: more than the least that is allowed, by what it takes to ask for all of them.
const AHEAD: Millis = Millis::seconds(345);
/// Customers who write in turn.
const CUSTOMERS: usize = 50;
/// One of them writes this often.
const EVERY: Duration = Duration::from_millis(100);
/// For so long they write before anything is due.
const USUAL: Duration = Duration::from_secs(40);
/// And for so long while they leave, or as long as they are due.
const MEANWHILE: Duration = Duration::from_secs(64);
/// A message that is not listed by then is lost.
const PATIENCE: Duration = Duration::from_secs(60);
/// So many requests are under way at once.
const AT_ONCE: usize = 4;

/// Schedules them, and says how long a customer's message takes until it is listed, before and while they leave.
pub(crate) fn measure(
    api: &Api,
    load: &messages::Load,
    (account, token): (&str, &str),
    within: Duration,
) -> Outcome<Value> {
    let service = pool(api, account)?;
    api.address(messages::BUSINESS)?;
    let meanwhile = MEANWHILE.max(within);
    let writes = (USUAL + meanwhile + MEANWHILE).as_millis() / EVERY.as_millis();
    let inbound = messages::Load {
        count: usize::try_from(writes)?,
        customers: CUSTOMERS,
        at_once: 1,
        ..*load
    };
    let requests = messages::signed(&inbound, account, token)?;
    let mut customers = Customers::new(api, load.port, &requests)?;
    customers.write_for(Duration::from_secs(5))?;
    let usual = customers.write_for(USUAL)?;
    let first = now()? + AHEAD;
    let asked = Instant::now();
    let scheduled = schedule(api, (account, &service), load.count, first, within)?;
    let seconds = asked.elapsed().as_secs_f64();
    let wait = (first - now()?).0 - 2_000;
    thread::sleep(Duration::from_millis(u64::try_from(wait).unwrap_or(0)));
    api.rested()?;
    customers.carrier = Connection::to(load.port)?;
    let meanwhile = customers.write_for(meanwhile)?;
    let left = left(api, account, &scheduled, first)?;
    let p99 = |all: &[Duration]| {
        let mut all = all.to_vec();
        all.sort_unstable();
        sample::at(&all, 990)
    };
    Ok(json!({
        "scheduled_per_second": load.count as f64 / seconds,
        "p99_ratio": p99(&meanwhile) / p99(&usual),
        "usual_ms": sample::percentiles(usual),
        "meanwhile_ms": sample::percentiles(meanwhile),
        "all_sent_s_after_the_first_was_due": left,
    }))
}

fn now() -> Outcome<Timestamp> {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?;
    Ok(Timestamp(i64::try_from(since.as_millis())?))
}

fn pool(api: &Api, account: &str) -> Outcome<String> {
    let numbers = format!("/api/2010-04-01/Accounts/{account}/IncomingPhoneNumbers.json");
    let number = api.make(&numbers, &[("PhoneNumber", SENDER)])?;
    let service = api.make("/messaging/v1/Services", &[("FriendlyName", "Bulk")])?;
    let members = format!("/messaging/v1/Services/{service}/PhoneNumbers");
    api.post(&members, &[("PhoneNumberSid", &*number)])?;
    Ok(service)
}

/// Asks for all of them, due one after the other within the time, and says what they are called.
fn schedule(
    api: &Api,
    (account, service): (&str, &str),
    count: usize,
    first: Timestamp,
    within: Duration,
) -> Outcome<Vec<String>> {
    let path = messages_of(account);
    let one = |number: usize| -> Outcome<String> {
        let behind = within.as_millis() * number as u128 / count.max(1) as u128;
        let at = (first + Millis(i64::try_from(behind)?)).iso();
        let to = format!("+1310{number:07}");
        let form = [
            ("To", to.as_str()),
            ("MessagingServiceSid", service),
            ("Body", messages::BODY),
            ("ScheduleType", "fixed"),
            ("SendAt", at.as_str()),
        ];
        api.make(&path, &form)
    };
    thread::scope(|scope| {
        let some = |start| move || (start..count).step_by(AT_ONCE).map(one).collect();
        let askers: Vec<_> = (0..AT_ONCE).map(|start| scope.spawn(some(start))).collect();
        let mut all = Vec::with_capacity(count);
        for asker in askers {
            let some: Outcome<Vec<String>> = asker.join().map_err(|_| "an asker panicked")?;
            all.extend(some?);
        }
        Ok(all)
    })
}

fn messages_of(account: &str) -> String {
    format!("/api/2010-04-01/Accounts/{account}/Messages.json")
}

/// Waits until none of them waits, and says for how long after the first was due, to a few seconds.
fn left(api: &Api, account: &str, scheduled: &[String], first: Timestamp) -> Outcome<f64> {
    let messages = messages_of(account);
    for sid in scheduled {
        let path = messages.replace(".json", &format!("/{sid}.json"));
        while !is_over(&api.get(&path)?) {
            if now()? > first + Millis::seconds(300) {
                return Err(format!("{sid} waits for five minutes").into());
            }
            thread::sleep(Duration::from_millis(250));
        }
    }
    Ok((now()? - first).0 as f64 / 1000.0)
}

fn is_over(message: &Value) -> bool {
    matches!(message["status"].as_str(), Some("sent" | "delivered"))
}

/// Customers who take turns, each with one conversation.
struct Customers<'a> {
    api: &'a Api,
    carrier: Connection,
    requests: &'a [Vec<u8>],
    written: usize,
    conversations: Vec<Option<String>>,
}

impl<'a> Customers<'a> {
    fn new(api: &'a Api, port: u16, requests: &'a [Vec<u8>]) -> Outcome<Self> {
        let carrier = Connection::to(port)?;
        Ok(Self { api, carrier, requests, written: 0, conversations: vec![None; CUSTOMERS] })
    }

    /// They write one after the other, and how long each message took until it was listed.
    fn write_for(&mut self, time: Duration) -> Outcome<Vec<Duration>> {
        let (began, mut taken) = (Instant::now(), Vec::new());
        while began.elapsed() < time {
            let started = Instant::now();
            self.write(started)?;
            taken.push(started.elapsed());
            thread::sleep(EVERY.saturating_sub(started.elapsed()));
        }
        Ok(taken)
    }

    fn write(&mut self, started: Instant) -> Outcome<()> {
        let (customer, index) = (self.written % CUSTOMERS, self.written / CUSTOMERS);
        let request = self.requests.get(self.written).ok_or("too few requests were signed")?;
        self.written += 1;
        let answer = self.carrier.exchange(request)?;
        if answer.status != 200 {
            return Err(format!("a webhook was answered {}", answer.status).into());
        }
        while !self.is_listed(customer, index)? {
            if started.elapsed() > PATIENCE {
                return Err(format!("message {index} of customer {customer} is not listed").into());
            }
            thread::sleep(Duration::from_millis(2));
        }
        Ok(())
    }

    fn is_listed(&mut self, customer: usize, index: usize) -> Outcome<bool> {
        let known = &mut self.conversations[customer];
        if known.is_none() {
            let path =
                format!("/conversations/v1/ParticipantConversations?Address=%2B1415{customer:07}");
            let found = self.api.get(&path)?;
            *known = found["conversations"][0]["conversation_sid"].as_str().map(str::to_owned);
        }
        let Some(conversation) = known else { return Ok(false) };
        let path = format!("/conversations/v1/Conversations/{conversation}/Messages");
        let last = self.api.get(&format!("{path}?Order=desc&PageSize=1"))?;
        Ok(last["messages"][0]["index"].as_u64() == Some(index as u64))
    }
}
