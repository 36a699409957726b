use std::collections::BTreeMap;

use super::*;
use crate::sid::Sid as _;

const NOW: Timestamp = Timestamp(1_000_000);

fn address(text: &str) -> Address {
    text.parse().unwrap()
}

fn pool(name: &str) -> Option<MessagingServiceSid> {
    Some(MessagingServiceSid::derived(&[name]))
}

fn stance(to: Scope, status: Status, at: i64) -> Stance {
    let source = ConsentSource::Others;
    Stance { to, status, source, since: Timestamp(at), said: None }
}

fn nobody() -> Consent {
    Consent::new(address("+14155550100"), NOW)
}

fn heard(text: &str) -> Option<Keyword> {
    OptOut::default().hears(text).map(|heard| heard.keyword)
}

fn spanish() -> OptOut {
    let language = Language {
        stop: Some(vec!["ALTO".to_owned(), "baja".to_owned()]),
        stop_text: Some("Adiós.".to_owned()),
        ..Language::default()
    };
    OptOut {
        confirmations: Confirmations::Auto,
        languages: BTreeMap::from([("es".to_owned(), language)]),
    }
}

#[test]
fn every_published_keyword_counts_in_any_case_with_blanks_around_it() {
    for (words, keyword) in [
        (
            &["STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "REVOKE", "OPTOUT", "QUIT"][..],
            Keyword::Stop,
        ),
        (&["ARRET", "ARRÊT", "arrêt"], Keyword::Stop),
        (&["START", "UNSTOP", "YES"], Keyword::Start),
        (&["HELP", "INFO", "aide"], Keyword::Help),
    ] {
        for word in words {
            for spelled in [
                (*word).to_owned(),
                word.to_lowercase(),
                format!("  {word}\n"),
                format!("\t{word} "),
            ] {
                assert_eq!(heard(&spelled), Some(keyword), "{spelled:?}");
            }
        }
    }
}

#[test]
fn a_keyword_never_counts_within_a_sentence() {
    for text in [
        "",
        "   ",
        "STOP PLEASE",
        "PLEASE CANCEL",
        "stop it",
        "STOP.",
        "\"STOP\"",
        "STOPP",
        "nonstop",
        "don't stop",
        "STOP STOP",
        "S T O P",
        "STOP\nSTOP",
        &"STOP".repeat(20),
    ] {
        assert_eq!(heard(text), None, "{text:?}");
    }
}

#[test]
fn a_pool_has_languages_of_its_own_beside_what_everybody_has() {
    let own = spanish();
    own.check().unwrap();
    for (text, language) in [("Alto", "es"), ("BAJA", "es"), ("STOP", "en"), ("arret", "fr")] {
        let heard = own.hears(text).unwrap();
        assert_eq!((heard.keyword, heard.language.as_str()), (Keyword::Stop, language));
    }
    assert_eq!(own.answer(&own.hears("ALTO").unwrap()), "Adiós.");
    assert!(own.answer(&own.hears("arret").unwrap()).starts_with("Vous"));
    // What a language has no text for is answered in English.
    let help = Heard { keyword: Keyword::Help, language: "es".to_owned() };
    assert!(own.answer(&help).starts_with("Reply STOP"));
    assert_eq!(heard("ALTO"), None, "another pool does not know it");
}

#[test]
fn words_can_be_taken_away_but_for_the_three() {
    let none = Some(Vec::new());
    let bare =
        Language { stop: none.clone(), start: none.clone(), help: none, ..Language::default() };
    let own = OptOut { languages: BTreeMap::from([("en".to_owned(), bare)]), ..OptOut::default() };
    own.check().unwrap();
    for (word, keyword) in
        [("stop", Keyword::Stop), ("start", Keyword::Start), ("help", Keyword::Help)]
    {
        assert_eq!(own.hears(word).map(|heard| heard.keyword), Some(keyword));
    }
    for gone in ["END", "CANCEL", "YES", "INFO"] {
        assert_eq!(own.hears(gone), None, "{gone}");
    }
}

#[test]
fn what_a_pool_cannot_have_is_refused() {
    let with = |language: Language| OptOut {
        languages: BTreeMap::from([("es".to_owned(), language)]),
        ..OptOut::default()
    };
    let words = |words: &[&str]| Some(words.iter().map(|word| (*word).to_owned()).collect());
    let es = || "es".to_owned();
    for (wrong, error) in [
        (
            Language { stop: words(&["DOS PALABRAS"]), ..Language::default() },
            WrongKeywords::NoWord(es()),
        ),
        (Language { stop: words(&[" ALTO"]), ..Language::default() }, WrongKeywords::NoWord(es())),
        (Language { help: words(&[""]), ..Language::default() }, WrongKeywords::NoWord(es())),
        (
            Language { start: words(&["stop"]), ..Language::default() },
            WrongKeywords::TwoMeanings(es()),
        ),
        (
            Language { start: words(&["SI"]), help: words(&["si"]), ..Language::default() },
            WrongKeywords::TwoMeanings(es()),
        ),
        (
            Language { stop: words(&["a"; 31]), ..Language::default() },
            WrongKeywords::TooManyWords(es()),
        ),
        (
            Language { help_text: Some(" ".to_owned()), ..Language::default() },
            WrongKeywords::WrongText(es()),
        ),
        (
            Language { stop_text: Some("a".repeat(460)), ..Language::default() },
            WrongKeywords::WrongText(es()),
        ),
    ] {
        assert_eq!(with(wrong).check(), Err(error));
    }
    let many = (0..21).map(|number| (number.to_string(), Language::default())).collect();
    let many = OptOut { languages: many, ..OptOut::default() };
    assert_eq!(many.check(), Err(WrongKeywords::TooManyLanguages));
    let nameless = BTreeMap::from([(" ".to_owned(), Language::default())]);
    let nameless = OptOut { languages: nameless, ..OptOut::default() };
    assert_eq!(nameless.check(), Err(WrongKeywords::NoName));
}

#[test]
fn a_person_is_their_telephone_on_every_channel_of_it() {
    for (written, person) in [
        ("+14155550100", "+14155550100"),
        ("rcs:+14155550100", "+14155550100"),
        ("rcs:+553188887777", "+5531988887777"),
        ("+5531988887777", "+5531988887777"),
        ("whatsapp:+14155550100", "whatsapp:+14155550100"),
        ("rcs:brand_agent", "rcs:brand_agent"),
        ("messenger:1234", "messenger:1234"),
    ] {
        assert_eq!(address(written).person().as_str(), person, "{written}");
    }
}

#[test]
fn a_stop_holds_for_its_sender_and_the_whole_pool_and_nobody_else() {
    let (ours, other) = (address("+18005550001"), address("+18005550002"));
    let said = stance(Scope::of(&ours, pool("one")), Status::OptOut, 5);
    let after = nobody().noting(said.clone()).unwrap().unwrap();
    for to in [
        Scope::of(&ours, pool("one")),
        Scope::of(&other, pool("one")),
        Scope::of(&address("rcs:agent"), pool("one")),
        Scope::pool(pool("one").unwrap()),
        // The number itself stays refused where it leaves the pool.
        Scope::of(&ours, None),
        Scope::of(&ours, pool("two")),
        Scope::of(&address("rcs:+18005550001"), None),
    ] {
        assert!(after.refuses(&to), "{to:?}");
    }
    for to in [Scope::of(&other, None), Scope::of(&other, pool("two")), Scope::default()] {
        assert!(!after.refuses(&to), "{to:?}");
    }
    assert_eq!(after.noting(said).unwrap(), None, "a repeated STOP does nothing new");
}

#[test]
fn a_start_to_any_number_of_a_pool_takes_back_what_was_said_to_the_pool() {
    let (one, two) = (address("+18005550001"), address("+18005550002"));
    let stop = stance(Scope::of(&one, pool("a")), Status::OptOut, 5);
    let elsewhere = stance(Scope::of(&address("+18005550009"), None), Status::OptOut, 6);
    let stopped = nobody().noting(stop).unwrap().unwrap().noting(elsewhere).unwrap().unwrap();
    let start = stance(Scope::of(&two, pool("a")), Status::OptIn, 7);
    let started = stopped.noting(start.clone()).unwrap().unwrap();
    assert!(!started.refuses(&Scope::of(&one, pool("a"))));
    assert!(!started.refuses(&Scope::of(&one, None)));
    assert!(started.refuses(&Scope::of(&address("+18005550009"), None)), "that is another sender");
    assert_eq!(started.noting(start).unwrap(), None);
    assert!(started.refuses_any());
    // And a STOP holds again.
    let again = stance(Scope::of(&one, pool("a")), Status::OptOut, 8);
    assert!(started.noting(again).unwrap().unwrap().refuses(&Scope::of(&two, pool("a"))));
}

#[test]
fn an_old_list_does_not_undo_a_later_stop() {
    let ours = Scope::of(&address("+18005550001"), None);
    let stopped = nobody().noting(stance(ours.clone(), Status::OptOut, 100)).unwrap().unwrap();
    let brought = |said| Stance { said, ..stance(ours.clone(), Status::OptIn, 200) };
    assert_eq!(stopped.noting(brought(Some(Timestamp(99)))), Err(Outdated));
    let later = stopped.noting(brought(Some(Timestamp(150)))).unwrap().unwrap();
    assert!(!later.refuses(&ours));
    assert!(stopped.noting(brought(None)).unwrap().is_some(), "what has no date is of now");
}

#[test]
fn an_opt_out_is_never_forgotten() {
    let mut consent = nobody();
    let out = Scope::of(&address("+18005550001"), None);
    consent = consent.noting(stance(out.clone(), Status::OptOut, 1)).unwrap().unwrap();
    for number in 0..300 {
        let to = Scope::of(&address(&format!("+1800666{number:04}")), None);
        consent = consent.noting(stance(to, Status::OptIn, 2)).unwrap().unwrap();
    }
    assert_eq!(consent.stances.len(), STANCES_MAX);
    assert!(consent.refuses(&out));
}
