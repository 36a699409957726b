//! Finding the answers to what a rule asks before it decides.

use std::collections::BTreeMap;

use switchboard_domain::configuration::{ConversationConfiguration, MessagingService, PhoneNumber};
use switchboard_domain::conversation::{
    AddressBinding, Answer, Answers, Conversation, GroupBinding, Membership, NewcomersRoles,
    Objection, Question, Rights, Service, State, UniqueName, User, Who,
};
use switchboard_domain::record::Record;
use switchboard_store::{Key, Listing, key, take};

use crate::beforehand::Beforehand;
use crate::dependencies::Dependencies;
use crate::failure::Failure;

/// A rule that still has questions after this many rounds asks for ever.
const ROUNDS_MAX: usize = 5;

impl Dependencies {
    /// Lets a rule decide. What it asks first is looked up, all of one round in one request, and it decides again. No endpoint is
    /// asked.
    pub async fn answering<T, E>(
        &self,
        rule: impl Fn(&Answers) -> Result<T, Objection>,
    ) -> Result<T, E>
    where
        E: From<Failure>,
    {
        let answers = Answers::of_account().limited(self.config.rate_limits);
        self.decided(answers, None, rule).await
    }

    /// The same on behalf of a request or a message, about which endpoints are asked if this function may ask them. What they said
    /// is remembered, so that a decision that is made anew asks nobody twice.
    pub async fn answering_for<T, E>(
        &self,
        beforehand: &Beforehand,
        rule: impl Fn(&Answers) -> Result<T, Objection>,
    ) -> Result<T, E>
    where
        E: From<Failure>,
    {
        let answers = match self.asks_endpoints() {
            true => Answers::of_account().with_verdicts(beforehand.verdicts()),
            false => Answers::of_account(),
        };
        let answers = answers.limited(self.config.rate_limits);
        self.decided(answers, Some(beforehand), rule).await
    }

    async fn decided<T, E>(
        &self,
        mut answers: Answers,
        beforehand: Option<&Beforehand>,
        rule: impl Fn(&Answers) -> Result<T, Objection>,
    ) -> Result<T, E>
    where
        E: From<Failure>,
    {
        for _ in 0..ROUNDS_MAX {
            match (rule(&answers), beforehand) {
                (Ok(decided), _) => return Ok(decided),
                (Err(Objection::Refused(refusal)), _) => return Err(Failure::from(refusal).into()),
                (Err(Objection::AskFirst(questions)), _) => {
                    answers.extend(self.answers(questions).await?);
                }
                (Err(Objection::AskEndpoints(inquiries)), Some(beforehand)) => {
                    // Seldom, and large: it is not to be part of every decision.
                    Box::pin(beforehand.ask(self, inquiries)).await?;
                    answers = answers.with_verdicts(beforehand.verdicts());
                }
                (Err(Objection::AskEndpoints(_)), None) => break,
            }
        }
        Err(Failure::Defect("a rule that asks without end".to_owned()).into())
    }

    async fn answers(&self, questions: Vec<Question>) -> Result<Vec<(Question, Answer)>, Failure> {
        let mut counted = Vec::new();
        for question in &questions {
            if let Question::IsInOpen(identity, most) = question {
                let is_so = Box::pin(self.is_in_open(identity, *most)).await?;
                counted.push((question.clone(), there(is_so)));
            }
        }
        let asked: Vec<(Question, Vec<Key>)> =
            questions.into_iter().map(|question| (question.clone(), asked(&question))).collect();
        let keys: Vec<Key> = asked.iter().flat_map(|(_, keys)| keys).cloned().collect();
        let found = self.store.get_all(&keys).await?;
        let known = asked.into_iter().filter_map(|(question, keys)| {
            let answer = answered(&question, &keys, &found)?;
            Some((question, answer))
        });
        Ok(known.chain(counted).collect())
    }

    /// Whether an identity is in so many conversations that are not closed. Who has never been in so many, open or closed, costs a read unit for
    /// each eight kilobytes of places, which is one for forty; of others the conversations are read until there are enough, and
    /// as many as a list looks through at most.
    async fn is_in_open(&self, identity: &str, most: u32) -> Result<bool, Failure> {
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        let places = Listing::memberships_of(&Who::Identity(identity.to_owned()));
        let (mut cursor, mut open, mut looked_at) = (None, 0, 0);
        loop {
            let page = self.store.page::<Membership>(&places, cursor.as_ref(), most).await?;
            if page.records.len() < most && cursor.is_none() {
                return Ok(false);
            }
            looked_at += page.records.len();
            for some in page.records.chunks(READ_AT_ONCE) {
                let keys: Vec<Key> =
                    some.iter().map(|place| key::conversation(place.conversation)).collect();
                let mut found = self.store.get_all(&keys).await?;
                let all = keys.iter().filter_map(|key| take::<Conversation>(&mut found, key));
                open += all.filter(|one| one.state != State::Closed).count();
                if open >= most {
                    return Ok(true);
                }
            }
            cursor = page.next;
            if cursor.is_none() || looked_at >= LOOKED_AT_MAX {
                return Ok(false);
            }
        }
    }
}

/// So many conversations are read in one request.
const READ_AT_ONCE: usize = 100;
/// So many places of an identity are looked through.
const LOOKED_AT_MAX: usize = 5_000;

const fn there(is_there: bool) -> Answer {
    if is_there { Answer::Some } else { Answer::None }
}

/// Where the answer to a question stands, if keys find it.
fn asked(question: &Question) -> Vec<Key> {
    match question {
        Question::HolderOf(pair) => vec![key::binding(pair)],
        Question::HolderOfGroup(all) => vec![key::group_binding(all)],
        Question::BearerOf(service, name) => vec![key::unique_name(*service, name)],
        Question::HasMessagingService(sid) | Question::IsInPool(sid, _) => {
            vec![key::messaging_service(*sid)]
        }
        Question::IsOurs(address) => vec![
            key::phone_number_of(address),
            key::sender_connection_of(address),
            key::address_configuration_of(address),
        ],
        Question::Remembers(conversation, who) => vec![key::membership(who, *conversation)],
        Question::HasUser(sid) | Question::RoleOf(sid) => vec![key::user(*sid)],
        Question::Listening(_) => vec![key::conversation_configuration()],
        Question::RolesOfNewcomers(service)
        | Question::KindOfRole(service, _)
        | Question::GrantsOf(service, _) => vec![key::service(*service)],
        Question::IsInOpen(..) => Vec::new(),
    }
}

/// What was found.
type Found = BTreeMap<Key, Record>;

/// The answer to a question that keys find. One record may answer several questions.
fn answered(question: &Question, keys: &[Key], found: &Found) -> Option<Answer> {
    let first = keys.first().and_then(|key| found.get(key));
    Some(match question {
        Question::HolderOf(_) => first
            .and_then(Record::get::<AddressBinding>)
            .map_or(Answer::None, |it| Answer::Conversation(it.conversation)),
        Question::HolderOfGroup(_) => first
            .and_then(Record::get::<GroupBinding>)
            .map_or(Answer::None, |it| Answer::Conversation(it.conversation)),
        Question::BearerOf(..) => first
            .and_then(Record::get::<UniqueName>)
            .map_or(Answer::None, |it| Answer::Conversation(it.conversation)),
        Question::HasMessagingService(_) | Question::Remembers(..) | Question::HasUser(_) => {
            there(first.is_some())
        }
        Question::IsOurs(_) => {
            let number = first.and_then(Record::get::<PhoneNumber>).map(|number| number.carrier);
            let is_ours = keys.iter().any(|key| found.contains_key(key));
            if is_ours { Answer::With(number.unwrap_or_default()) } else { Answer::None }
        }
        Question::IsInPool(_, address) => {
            let service = first.and_then(Record::get::<MessagingService>);
            let mut senders = service.into_iter().flat_map(|it| &it.alpha_senders);
            there(senders.any(|one| one.sender == address.as_str()))
        }
        Question::RoleOf(_) => {
            first.and_then(Record::get::<User>).map_or(Answer::None, |user| Answer::Role(user.role))
        }
        Question::RolesOfNewcomers(_) => Answer::Roles(NewcomersRoles::of(&rights(first))),
        Question::GrantsOf(_, number) => Answer::Grants(rights(first).grants(*number)),
        Question::Listening(service) => {
            let settings = first.and_then(Record::get::<ConversationConfiguration>);
            Answer::Listening(settings.cloned().unwrap_or_default().listening(*service))
        }
        Question::KindOfRole(_, number) => {
            rights(first).kind(*number).map_or(Answer::None, Answer::Kind)
        }
        // Counted, and found by no key.
        Question::IsInOpen(..) => return None,
    })
}

/// The rights of a service; one that is not there yet has those of every service.
fn rights(found: Option<&Record>) -> Rights {
    let service = found.and_then(Record::get::<Service>);
    service.map(|service| service.rights.clone()).unwrap_or_default()
}
