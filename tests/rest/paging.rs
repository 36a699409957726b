//! Pages of every list of every product: a token belongs to the list that gave it out.

use serde_json::Value;
use switchboard_tests::{ACCOUNT, Schema};

use crate::full::{Full, PUBLISHED, is_of};

/// A list, asked for with more parameters.
fn with(list: &str, parameters: &str) -> String {
    let separator = if list.contains('?') { '&' } else { '?' };
    format!("{list}{separator}{parameters}")
}

/// The token that leads to the next page.
fn next_token(page: &Value) -> Option<String> {
    let next = page["meta"]["next_page_url"].as_str().or(page["next_page_uri"].as_str())?;
    let (_, token) = next.split_once("PageToken=").expect("a link has its token");
    Some(token.split('&').next().unwrap_or_default().to_owned())
}

#[tokio::test]
async fn a_token_leads_on_in_its_own_list_and_is_refused_by_every_other() {
    let full = Full::open().await;
    let mut tokens = Vec::new();
    for list in &full.lists {
        let page = full.world.get(&with(list, "PageSize=1")).await.expect(200);
        if let Some(token) = next_token(&page) {
            let own = with(list, &format!("PageSize=1&Page=1&PageToken={token}"));
            let second = full.world.get(&own).await.expect(200);
            assert_ne!(second, page, "{list}");
            tokens.push((list, token));
        }
    }
    assert!(tokens.len() >= 40, "{} lists have a second page: {tokens:#?}", tokens.len());
    for list in &full.lists {
        for (other, token) in tokens.iter().filter(|(other, _)| *other != list) {
            let foreign = full.world.get(&with(list, &format!("PageToken={token}"))).await;
            assert_eq!(foreign.refusal(), (400, 20001), "{list} with a token of {other}");
        }
    }
}

#[tokio::test]
async fn a_token_that_was_made_up_is_refused_by_every_list() {
    let full = Full::open().await;
    for list in &full.lists {
        let page = full.world.get(&with(list, "PageSize=1")).await.expect(200);
        let mut forged: Vec<String> = [
            "x",
            "0",
            "YQ",
            "YTE",
            "YldL",
            "YVdXIzE",
            "YlpaWlpaWlpa",
            "____",
            "%20",
            "%F0%9F%92%A9",
            "a1",
            "null",
            "YSA",
            "YfSPv78",
        ]
        .map(str::to_owned)
        .to_vec();
        if let Some(token) = next_token(&page) {
            forged.push(format!("{token}A"));
            forged.push(token[1..].to_owned());
            forged.push(token[..token.len() - 2].to_owned());
            forged.push(token.chars().rev().collect());
            forged.push(format!("{token}{token}"));
        }
        for token in forged {
            let answer = full.world.get(&with(list, &format!("PageToken={token}"))).await;
            assert_eq!(answer.refusal(), (400, 20001), "{list} with {token}");
        }
    }
}

#[tokio::test]
async fn every_published_list_is_in_these_tests_or_is_not_there() {
    let full = Full::open().await;
    for (file, product) in PUBLISHED {
        let Some(published) = Schema::open(file) else { return };
        for template in published.lists() {
            let template = format!("{product}{template}");
            // The same lists below a service are served by the same code; one of them stands for all.
            if full.lists.iter().any(|list| is_of(list, &template))
                || template.starts_with("/conversations/v1/Services/{ChatServiceSid}/")
            {
                continue;
            }
            let segments = template.split('/').map(|segment| match segment {
                "{AccountSid}" => ACCOUNT,
                it if it.starts_with('{') => "XX00000000000000000000000000000001",
                it => it,
            });
            let path = segments.collect::<Vec<_>>().join("/");
            let answer = full.world.get(&path).await;
            assert_eq!(answer.status, 404, "{template} is served and in no test: {}", answer.body);
        }
    }
}
