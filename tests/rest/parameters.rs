//! Parameters of every operation of every product: each is used or refused, and a flag is a flag.

use switchboard_tests::Schema;

use crate::full::{Full, PUBLISHED, is_of};

/// No operation has a parameter of this name.
const NONSENSE: (&str, &str) = ("Nonsense", "1");

/// The same operations below a service are served by the same code.
const BELOW_A_SERVICE: &str = "/conversations/v1/Services/{ChatServiceSid}/";

fn borrowed(form: &[(String, String)]) -> Vec<(&str, &str)> {
    form.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

#[tokio::test]
async fn unknown_parameters_are_refused_before_anything_is_done() {
    let full = Full::open().await;
    for (path, form) in &full.posts {
        let mut more = borrowed(form);
        more.push(NONSENSE);
        let words = full.world.post(path, &more).await.refused(400, 20001);
        assert!(words.contains(NONSENSE.0), "{path}: {words}");
    }
    for list in &full.lists {
        let separator = if list.contains('?') { '&' } else { '?' };
        let narrowed = format!("{list}{separator}{}={}", NONSENSE.0, NONSENSE.1);
        let words = full.world.get(&narrowed).await.refused(400, 20001);
        assert!(words.contains(NONSENSE.0), "{list}: {words}");
    }
    // The forms were right but for that.
    for (path, form) in &full.posts {
        let answer = full.world.post(path, &borrowed(form)).await;
        assert!((200..300).contains(&answer.status), "{path} {form:?}: {}", answer.body);
    }
}

#[tokio::test]
async fn a_flag_with_junk_is_refused_by_every_operation_that_has_one() {
    let full = Full::open().await;
    let mut tried = 0;
    for (file, product) in PUBLISHED {
        let Some(published) = Schema::open(file) else { return };
        for (method, template, flag) in published.flags() {
            let template = format!("{product}{template}");
            for junk in ["maybe", "2", "tru"] {
                let posts = full.posts.iter().filter(|(path, _)| is_of(path, &template));
                for (path, form) in posts.filter(|_| method == "post") {
                    let mut more = borrowed(form);
                    more.retain(|(name, _)| *name != flag);
                    more.push((&flag, junk));
                    let words = full.world.post(path, &more).await.refused(400, 20001);
                    assert!(words.contains(flag.as_str()), "{path} {flag}={junk}: {words}");
                    tried += 1;
                }
                let lists = full.lists.iter().filter(|path| is_of(path, &template));
                for path in lists.filter(|path| method == "get" && !path.contains('?')) {
                    let narrowed = format!("{path}?{flag}={junk}");
                    let words = full.world.get(&narrowed).await.refused(400, 20001);
                    assert!(words.contains(flag.as_str()), "{path} {flag}={junk}: {words}");
                    tried += 1;
                }
            }
        }
    }
    assert!(tried > 100, "{tried} flags were tried");
}

#[tokio::test]
async fn every_published_change_is_in_these_tests_or_is_not_there() {
    let full = Full::open().await;
    for (file, product) in PUBLISHED {
        let Some(published) = Schema::open(file) else { return };
        for (_, template, _) in
            published.operations().iter().filter(|(method, ..)| method == "post")
        {
            let template = format!("{product}{template}");
            if template.starts_with(BELOW_A_SERVICE)
                || full.posts.iter().any(|(path, _)| is_of(path, &template))
            {
                continue;
            }
            let segments = template.split('/').map(|segment| match segment {
                "{AccountSid}" => switchboard_tests::ACCOUNT,
                it if it.starts_with('{') => "XX00000000000000000000000000000001",
                it => it,
            });
            let path = segments.collect::<Vec<_>>().join("/");
            let answer = full.world.post(&path, &[]).await;
            assert_eq!(answer.status, 404, "{template} is served and in no test: {}", answer.body);
        }
    }
}
