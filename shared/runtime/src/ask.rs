//! Finding the answers to what a rule asks before it decides.

use std::collections::BTreeMap;

use switchboard_domain::configuration::{ConversationConfiguration, MessagingService};
use switchboard_domain::conversation::{
    AddressBinding, Answer, Answers, Membership, Newcomer, Objection, Question, Rights, Service,
    UniqueName, User,
};
use switchboard_domain::record::Record;
use switchboard_store::{Key, key, take};

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
        self.decided(Answers::of_account(), None, rule).await
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
        let keys: Vec<Key> = questions.iter().map(asked).collect();
        let mut found = self.store.get_all(&keys).await?;
        let answer = |(question, key): (Question, Key)| {
            let there = |is_there: bool| if is_there { Answer::Some } else { Answer::None };
            let answer = match &question {
                Question::HolderOf(_) => take::<AddressBinding>(&mut found, &key)
                    .map_or(Answer::None, |it| Answer::Conversation(it.conversation)),
                Question::BearerOf(..) => take::<UniqueName>(&mut found, &key)
                    .map_or(Answer::None, |it| Answer::Conversation(it.conversation)),
                Question::HasMessagingService(_) => {
                    there(take::<MessagingService>(&mut found, &key).is_some())
                }
                Question::Remembers(..) => there(take::<Membership>(&mut found, &key).is_some()),
                Question::HasUser(_) => there(take::<User>(&mut found, &key).is_some()),
                Question::RolesOfNewcomers(_) => {
                    let rights = rights(&found, &key);
                    let (user, participant) =
                        (rights.of(Newcomer::User), rights.of(Newcomer::Participant));
                    Answer::Roles { user, participant }
                }
                Question::Listening(service) => {
                    let settings = take::<ConversationConfiguration>(&mut found, &key);
                    Answer::Listening(settings.unwrap_or_default().listening(*service))
                }
                Question::KindOfRole(_, number) => {
                    rights(&found, &key).kind(*number).map_or(Answer::None, Answer::Kind)
                }
            };
            (question, answer)
        };
        Ok(questions.into_iter().zip(keys).map(answer).collect())
    }
}

/// Where the answer to a question stands.
fn asked(question: &Question) -> Key {
    match question {
        Question::HolderOf(pair) => key::binding(pair),
        Question::BearerOf(service, name) => key::unique_name(*service, name),
        Question::HasMessagingService(sid) => key::messaging_service(*sid),
        Question::Remembers(conversation, who) => key::membership(who, *conversation),
        Question::HasUser(sid) => key::user(*sid),
        Question::Listening(_) => key::conversation_configuration(),
        Question::RolesOfNewcomers(service) | Question::KindOfRole(service, _) => {
            key::service(*service)
        }
    }
}

/// The rights of a service; one that is not there yet has those of every service.
fn rights(found: &BTreeMap<Key, Record>, at: &Key) -> Rights {
    let service = found.get(at).and_then(Record::get::<Service>);
    service.map(|service| service.rights.clone()).unwrap_or_default()
}
