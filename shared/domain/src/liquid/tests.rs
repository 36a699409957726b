//! The table of templates with their documented answers.

use proptest::prelude::*;
use serde_json::json;

use super::*;

/// 2026-11-22T10:53:29Z.
const NOW: Timestamp = Timestamp(1_795_344_809_123);

fn context() -> Value {
    json!({
        "name": "ann", "nil": null, "no": false, "yes": true, "empty_text": "", "none": [],
        "number": 7, "list": ["b", "A", "c"], "hash": {"b": 1, "a": "x"},
        "people": [{"name": "Bo", "age": 3, "id": 1}, {"name": "al", "age": 10, "id": "1"}, {"id": 2}],
        "first-name": "Ann", "1st": "one",
        "widgets": {"http_1": {"parsed": {"ok": "false", "items": [{"id": 1}, {"id": 2}]}}},
        "trigger": {"message": {"Body": "Hi \"there\""}},
    })
}

fn filled(text: &str) -> String {
    Template::parse(text).unwrap().render(&context(), NOW).unwrap()
}

/// Templates and answers. Where the engines at hand disagree the answer is the one of Shopify's documentation; the numbers are those
/// of the measurements that this was written for.
const TABLE: &[(&str, &str)] = &[
    // Look-ups forgive.
    ("[{{ missing }}]", "[]"),
    ("{{ missing | default: \"x\" }}", "x"),
    ("{{ missing | append: \"x\" }}", "x"),
    ("{{ missing.more[3].deep | default: 'en' }}", "en"),
    ("{% if missing %}a{% else %}b{% endif %}", "b"),
    ("{% if missing == nil %}a{% endif %}", "a"),
    ("{% if missing contains \"a\" %}a{% else %}b{% endif %}", "b"),
    ("{% unless missing %}a{% endunless %}", "a"),
    ("{% if missing < 3 %}a{% else %}b{% endif %}", "b"),
    ("{% for one in missing %}a{% else %}b{% endfor %}", "b"),
    ("{% if missing or yes %}a{% endif %}", "a"),
    ("[{{ name.more.deep }}]", "[]"),
    // Arithmetic.
    ("{{ 7 | divided_by: 2 }}", "3"),
    ("{{ -7 | divided_by: 2 }} {{ -7 | modulo: 3 }}", "-4 2"),
    ("{{ 7 | divided_by: -2 }} {{ 7 | modulo: -3 }}", "-4 -2"),
    ("{{ 7 | divided_by: 2.0 }}", "3.5"),
    ("{{ 20 | divided_by: 7.0 | round: 2 }}", "2.86"),
    ("{{ 0.1 | plus: 0.2 }}", "0.3"),
    ("{{ 183.357 | times: 12 }}", "2200.284"),
    ("{{ 2.5 | round }} {{ -2.5 | round }} {{ 1.005 | round: 2 }}", "3 -3 1.01"),
    ("{{ 1.0 }}", "1.0"),
    ("{{ \"abc\" | plus: 1 }} {{ \"3\" | plus: 4 }}", "1 7"),
    ("[{{ 1 | divided_by: 0 }}]", "[]"),
    ("{{ 1.2 | ceil }} {{ 1.8 | floor }} {{ -17 | abs }}", "2 1 17"),
    ("{{ 4 | at_least: 5 }} {{ 4 | at_most: 3 }} {{ 4 | at_most: 9.5 }}", "5 3 4"),
    // Comparing.
    ("{% if \"5\" == 5 %}a{% else %}b{% endif %}", "b"),
    ("{% if \"5\" > 3 %}a{% else %}b{% endif %}", "b"),
    ("{% if \"false\" == true %}a{% else %}b{% endif %}", "b"),
    ("{% if widgets.http_1.parsed.ok == true %}a{% else %}b{% endif %}", "b"),
    ("{% if widgets.http_1.parsed.ok == \"false\" %}a{% endif %}", "a"),
    ("{% if empty_text == true %}a{% else %}b{% endif %}", "b"),
    ("{% if 0 == true %}a{% else %}b{% endif %}", "b"),
    ("{% if nil == false %}a{% else %}b{% endif %}", "b"),
    ("{% if 1 == 1.0 %}a{% endif %}", "a"),
    ("{% if empty_text %}a{% endif %}{% if 0 %}b{% endif %}{% if none %}c{% endif %}", "abc"),
    ("{% if false and false or true %}a{% else %}b{% endif %}", "b"),
    ("{% if true or false and false %}a{% else %}b{% endif %}", "a"),
    ("{% if empty_text == empty %}a{% endif %}{% if none == empty %}b{% endif %}", "ab"),
    ("{% if nil == blank %}a{% endif %}{% if \" \" == blank %}b{% endif %}", "ab"),
    ("{% if list contains \"A\" %}a{% endif %}{% if hash contains \"a\" %}b{% endif %}", "ab"),
    ("{% if name != 'bob' and number >= 7 %}a{% endif %}", "a"),
    // Defaults.
    ("{{ no | default: 1 }} {{ empty_text | default: 2 }} {{ none | default: 3 }}", "1 2 3"),
    ("{{ no | default: true, allow_false: true }}", "false"),
    ("{{ yes | default: 1 }}", "true"),
    // Case.
    ("{% case number %}{% when 7 %}a{% when 6, 7 %}b{% else %}c{% endcase %}", "ab"),
    ("{% case name %}{% when 'x' or 'ann' %}a{% endcase %}", "a"),
    ("{% case name %} text {% when 'x' %}a{% else %}c{% endcase %}", "c"),
    // Look-ups.
    ("{{ first-name }} {{ 1st }} {{ [\"1st\"] }} {{ hash['a'] }}", "Ann one one x"),
    ("{{ list[0] }}{{ list[-1] }}{{ list[9] }}{{ list.first }}{{ list.last }}", "bcbc"),
    ("{{ name.size }} {{ list.size }} {{ hash.size }}[{{ name.first }}]", "3 3 2[]"),
    ("{{ widgets.http_1.parsed.items[1].id }}", "2"),
    // Hashes are in order, and printed as JSON; lists run together.
    ("{% for pair in hash %}{{ pair[0] }}={{ pair[1] }};{% endfor %}", "a=x;b=1;"),
    ("{{ hash }} {{ list }}", "{\"a\":\"x\",\"b\":1} bAc"),
    ("{\"to\": {\"x\": {{ hash | to_json }}}}", "{\"to\": {\"x\": {\"a\":\"x\",\"b\":1}}}"),
    ("{{ trigger.message.Body | to_json }} {{ missing | json }}", "\"Hi \\\"there\\\"\" null"),
    // Texts.
    ("{{ \"a,b,,\" | split: \",\" | size }} {{ \"abc\" | split: \"\" | join: \"-\" }}", "2 a-b-c"),
    ("{{ \"my GREAT title\" | capitalize }}", "My great title"),
    ("{{ 'x' | upcase }}{{ 'Y' | downcase }}{{ ' z ' | strip }}", "Xyz"),
    ("{{ \"a b&c~*é\" | url_encode }}", "a+b%26c~%2A%C3%A9"),
    ("{{ \"%27Stop%21%27+said+Fred\" | url_decode }}", "'Stop!' said Fred"),
    ("{{ \"Have you read 'James'?\" | escape }}", "Have you read &#39;James&#39;?"),
    ("{{ \"1 < 2 &amp; 3\" | escape_once }}", "1 &lt; 2 &amp; 3"),
    ("{{ \"Ground control to Major Tom.\" | truncate: 20 }}", "Ground control to..."),
    (
        "{{ \"Ground control to Major Tom.\" | truncate: 25, \", and so on\" }}",
        "Ground control, and so on",
    ),
    ("{{ \"Ground control to Major Tom.\" | truncatewords: 3 }}", "Ground control to..."),
    ("{{ \"a<b>c</b><!-- d -->\" | strip_html }}", "ac"),
    ("{{ \"I strained\" | replace: \"n\", \"-\" | replace_first: \"-\", \"+\" }}", "I strai+ed"),
    ("{{ \"one two one\" | remove: \"one\" | strip }}", "two"),
    ("{{ \"one two one\" | remove_first: \"one\" | remove_last: \"one\" | strip }}", "two"),
    ("{{ \"Liquid\" | slice: 2, 5 }} {{ \"Liquid\" | slice: -3, 2 }}", "quid ui"),
    ("{{ \"a\nb\" | newline_to_br }}", "a<br />\nb"),
    ("{{ 'x' | base64_encode | base64_decode }}{{ 'x' | prepend: 'w' }}", "xwx"),
    // Lists.
    ("{{ list | sort | join }} {{ list | sort_natural | join }}", "A b c A b c"),
    ("{{ list | reverse | join: \"\" }}", "cAb"),
    ("{{ people | map: \"name\" | join: \",\" }}", "Bo,al,"),
    ("{{ people | where: \"id\", \"1\" | map: \"name\" }}", "al"),
    ("{{ people | where: \"name\" | size }} {{ people | reject: \"name\" | size }}", "2 1"),
    ("{{ people | sum: \"age\" }} {{ people | map: 'age' | compact | sort | join }}", "13 3 10"),
    ("{{ \"a b a\" | split: \" \" | uniq | concat: list | join: \"\" }}", "abbAc"),
    // Loops.
    ("{% for i in (1..5) limit: 2 offset: 1 %}{{ i }}{% endfor %}", "23"),
    (
        "{% for i in list reversed %}{{ forloop.index }}{{ i }}{% if forloop.last %}.{% endif %}{% endfor %}",
        "1c2A3b.",
    ),
    (
        "{% for i in (1..5) %}{% if i == 2 %}{% continue %}{% elsif i == 4 %}{% break %}{% endif %}{{ i }}{% endfor %}",
        "13",
    ),
    ("{% for i in (1..2) %}{% cycle 'a', 'b' %}{% endfor %}{{ i }}", "ab"),
    (
        "{% for i in (1..2) %}{% for j in (1..2) %}{{ forloop.index }}{% endfor %}{{ forloop.index }}{% endfor %}",
        "121122",
    ),
    // Names of its own.
    (
        "{% assign x = name | upcase %}{{ x }}{% capture y %}<{{ x }}>{% endcapture %}{{ y }}",
        "ANN<ANN>",
    ),
    ("{% increment n %}{% increment n %}{% decrement m %}", "01-1"),
    // Nothing but text.
    ("a{% comment %}{{ b }}{% if %}{% endcomment %}c{% # note %}", "ac"),
    ("{% raw %}{{ a }}{% b %}{% endraw %}", "{{ a }}{% b %}"),
    ("a  {{- name -}}  b {%- if yes -%} c {%- endif %} d", "aannbc d"),
    ("{{ never closed", "{{ never closed"),
    ("{\"a\":{\"b\":\"{{ name }}\"}}", "{\"a\":{\"b\":\"ann\"}}"),
    ("{{ '}}' }}{% echo name %}{{}}", "}}ann"),
    // Dates are in UTC.
    ("{{ \"2024-01-02T23:30:00-05:00\" | date: \"%Y-%m-%d %H:%M\" }}", "2024-01-03 04:30"),
    (
        "{{ \"2024-01-02T03:04:05.678Z\" | date: \"%F %T %L %Z %z\" }}",
        "2024-01-02 03:04:05 678 UTC +0000",
    ),
    ("{{ \"2024-01-02\" | date: \"%a, %b %-d, %y\" }}", "Tue, Jan 2, 24"),
    ("{{ \"2024-01-02 03:04:05 +0100\" | date: \"%H:%M\" }}", "02:04"),
    ("{{ \"Tue, 02 Jan 2024 03:04:05 +0000\" | date: \"%d.%m.%Y\" }}", "02.01.2024"),
    ("{{ \"March 14, 2016\" | date: \"%b %d, %y\" }}", "Mar 14, 16"),
    ("{{ 1700000000 | date: \"%Y\" }} {{ \"1700000000\" | date: \"%Y\" }}", "2023 2023"),
    (
        "{{ \"now\" | date: \"%Y-%m-%dT%H:%M:%S\" }} {{ \"today\" | date: \"%j %u %s\" }}",
        "2026-11-22T10:53:29 326 7 1795344809",
    ),
    ("{{ \"now\" | date: \"%I:%M %p %P %^a %Q %\" }}", "10:53 AM am SUN %Q %"),
    ("{{ \"soon\" | date: \"%Y\" }}[{{ missing | date: \"%Y\" }}]", "soon[]"),
];

#[test]
fn templates_have_their_documented_answers() {
    let wrong: Vec<String> = TABLE
        .iter()
        .map(|(template, answer)| (template, answer, filled(template)))
        .filter(|(_, answer, found)| **answer != found)
        .map(|(template, answer, found)| format!("{template}\n  is {found:?}, not {answer:?}"))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_cannot_be_read_names_its_line() {
    for (text, line, what) in [
        ("a\n{% if x %}", 2, "endif"),
        ("{% if x %}\n\n{% endfor %}", 3, "endfor"),
        ("\n{{ x | }}", 2, "filter"),
        ("{{ x y }}", 1, "y"),
        ("{% endif %}", 1, "ends nothing"),
        ("{% if", 1, "not closed"),
        ("{% for x of y %}{% endfor %}", 1, "in"),
        ("{% raw %}", 1, "endraw"),
        ("{{ 'x }}", 1, "not closed"),
    ] {
        let error = Template::parse(text).unwrap_err();
        assert_eq!(error.line, line, "{text}: {error}");
        assert!(error.what.contains(what), "{text}: {error}");
    }
    let deep = "{% if x %}".repeat(DEPTH_MAX + 1);
    assert!(Template::parse(&deep).unwrap_err().what.contains("deep"));
    let long = format!("{{% if {} x %}}{{% endif %}}", "x and ".repeat(DEPTH_MAX + 1));
    assert!(Template::parse(&long).is_err());
}

#[test]
fn what_nobody_knows_is_named_and_passed_over() {
    let text = "{% assign a = x.y %}{{ a.b | pirate }}{% tablerow %}{{ flow.data['k'] }}\
                {% for i in z %}{{ i }}{{ forloop.index }}{% endfor %}";
    let template = Template::parse(text).unwrap();
    let doubts = template.doubts();
    assert_eq!(doubts.filters, BTreeSet::from(["pirate".to_owned()]));
    assert_eq!(doubts.tags, BTreeSet::from(["tablerow".to_owned()]));
    let pair = |root: &str, name: Option<&str>| (root.to_owned(), name.map(str::to_owned));
    let expected = [pair("flow", Some("data")), pair("x", Some("y")), pair("z", None)];
    assert_eq!(doubts.variables, BTreeSet::from(expected));
    assert_eq!(template.render(&json!({"x": {"y": {"b": 1}}}), NOW).unwrap(), "1");
}

#[test]
fn a_template_makes_no_more_than_it_may() {
    let made = |text: &str| Template::parse(text).unwrap().render(&context(), NOW);
    let loops = "{% for i in (1..200) %}{% for j in (1..200) %}{% endfor %}{% endfor %}";
    assert_eq!(made(loops), Err(TooMuch::Passes));
    let text = "{% for i in (1..9000) %}0123456789{% endfor %}";
    assert_eq!(made(text), Err(TooMuch::Output));
    let text = "{% assign a = '0123456789' %}{% for i in (1..40) %}{% assign a = a | append: a %}{% endfor %}";
    assert_eq!(made(text), Err(TooMuch::Work));
    let lists =
        "{% assign a = list %}{% for i in (1..40) %}{% assign a = a | concat: a %}{% endfor %}";
    assert_eq!(made(lists), Err(TooMuch::Work));
}

proptest! {
    #[test]
    fn any_text_is_a_template_or_refused_and_fills_within_bounds(
        text in "(\\{\\{|\\}\\}|\\{%|%\\}|if|endif|for i in list|endfor|assign|=|a|name|[|:,.'\" \\[\\]()0-9é-]){0,30}",
    ) {
        if let Ok(template) = Template::parse(&text) {
            let once = template.render(&context(), NOW);
            prop_assert_eq!(&once, &template.render(&context(), NOW));
            prop_assert!(once.is_err() || once.unwrap().len() <= OUTPUT_BYTES_MAX);
        }
    }

    #[test]
    fn what_fills_a_place_is_not_read_again(body in "[{}%a |]{0,20}") {
        let template = Template::parse("<{{ body }}>").unwrap();
        let made = template.render(&json!({"body": body}), NOW).unwrap();
        prop_assert_eq!(made, format!("<{body}>"));
    }
}
