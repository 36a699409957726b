//! Who is a user of a service, which roles people have, and what they have read.

use super::*;
use crate::conversation::NewcomersRoles;

#[test]
fn who_joins_for_the_first_time_is_a_user_from_then_on() {
    let conversation = Thread::new().0;
    let service = conversation.service;
    let sid = User::sid_of(service, "alice");
    let answers = |user: Answer| -> Answers {
        let roles = Answer::Roles(NewcomersRoles { user: 7, participant: 8, creator: 9 });
        [(Question::HasUser(sid), user), (Question::RolesOfNewcomers(service), roles)]
            .into_iter()
            .collect()
    };
    let joins = |answers: &Answers| {
        decide(&conversation, Command::Join(agent("alice")), QUIET, answers, NOW).unwrap()
    };
    let first = joins(&answers(Answer::None));
    let one = first.conversation.participants[0].clone();
    assert_eq!(one.role_sid(service), Some(service.kin::<RoleSid>(8).to_string()));
    let decision = Decision::from(first);
    let users: Vec<&User> = decision.puts.iter().filter_map(Record::get).collect();
    assert_eq!(users, [&User::new(service, "alice".to_owned(), 7, NOW)]);
    assert_eq!(written(joins(&answers(Answer::Some))).0, ["Conversation", "Membership"]);
}

#[test]
fn a_role_is_one_of_the_service_s_for_participants() {
    let mut thread = Thread::new();
    let service = thread.0.service;
    let question = |number: u32| Question::KindOfRole(service, number);
    let with = |number: u32| NewParticipant { role: Some(service.kin(number)), ..customer(number) };
    let joins = |number: u32, answer: Answer| {
        let free = (Question::HolderOf(pair(number)), Answer::None);
        let owned = (Question::IsOurs(desk()), ours());
        let answers: Answers = [(question(number), answer), free, owned].into_iter().collect();
        decide(&Thread::new().0, Command::Join(with(number)), QUIET, &answers, NOW)
    };
    let no = Err(Objection::Refused(Refusal::NoSuchConversationRole));
    assert_eq!(joins(9, Answer::None), no);
    assert_eq!(joins(9, Answer::Kind(RoleKind::Service)), no);
    let joined = joins(9, Answer::Kind(RoleKind::Conversation)).unwrap();
    let role = |one: &Conversation| one.participants[0].role_sid(service);
    assert_eq!(role(&joined.conversation), Some(service.kin::<RoleSid>(9).to_string()));
    let foreign = NewParticipant { role: Some(ServiceSid::derived(&["x"]).kin(4)), ..customer(1) };
    assert_eq!(thread.refuses(Command::Join(foreign)), Refusal::NoSuchConversationRole);
    let number = thread.joined(customer(2));
    assert_eq!(role(&thread.0), None, "somebody on a channel has none");
    let update = |role| ParticipantUpdate { role: Some(role), ..ParticipantUpdate::default() };
    let agent = Some(service.kin(AGENT));
    let _ = thread.does(Command::UpdateParticipant(number, update(agent))).unwrap();
    assert_eq!(role(&thread.0), agent.map(|sid: RoleSid| sid.to_string()));
    let _ = thread.does(Command::UpdateParticipant(number, update(None))).unwrap();
    assert_eq!(role(&thread.0), None);
}

#[test]
fn what_is_unread_is_unknown_until_something_was_read() {
    let mut thread = Thread::new();
    let number = thread.joined(agent("bob"));
    for body in ["one", "two", "three"] {
        let _ = thread.does(Command::Post(post(body))).unwrap();
    }
    let unread = |thread: &Thread| thread.0.unread(thread.0.participant(number).unwrap());
    assert_eq!(unread(&thread), None);
    let mut reads = |index: Option<u32>| {
        let read = ParticipantUpdate { last_read_index: Some(index), ..Default::default() };
        let _ = thread.does(Command::UpdateParticipant(number, read)).unwrap();
        unread(&thread)
    };
    assert_eq!([reads(Some(0)), reads(Some(2)), reads(Some(9))], [Some(2), Some(0), Some(0)]);
    assert_eq!(reads(None), None);
}
