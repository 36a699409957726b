//! What an endpoint says to a customer's message, as the vendor's markup (rule E.4): messages, and where to go on.
//!
//! `<Message>` with its text or `<Body>` and `<Media>`, `<Sms>` as it was called before, and `<Redirect>`, behind which nothing is done.
//! Of what becomes of a message `statusCallback` hears; `action`, which would be asked what comes next, is not supported.
//! What else there is leads to a warning and is passed over. Text that is no markup is one message.

use std::borrow::Cow;

use quick_xml::Reader;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesStart, Event};
use switchboard_caller::Answer;
use switchboard_domain::incoming::Listener;
use switchboard_domain::process::reply::{REPLIES_MAX, Reply};

/// Elements are in one another this many times at most: a response, a message, its file.
const DEPTH_MAX: usize = 8;

/// The markup cannot be read (error dictionary).
pub(crate) const NOT_MARKUP: u32 = 12_100;
/// Something in it is unknown, and is passed over.
pub(crate) const UNKNOWN: u32 = 12_200;
/// It is no kind of text that is read.
pub(crate) const CONTENT_TYPE: u32 = 12_300;
/// More messages than are sent.
pub(crate) const TOO_MANY: u32 = 14_109;

/// What is said.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Document {
    /// The messages, in order.
    pub(crate) replies: Vec<Reply>,
    /// Where it goes on, and how that is asked.
    pub(crate) redirect: Option<(String, String)>,
    /// What was passed over.
    pub(crate) warnings: Vec<(u32, String)>,
}

/// Why nothing can be made of it: the published code, and what exactly.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Unreadable(pub(crate) u32, pub(crate) String);

/// Reads an answer. One without a body says nothing, whatever its type.
pub(crate) fn read(answer: &Answer) -> Result<Document, Unreadable> {
    let body = answer.body.as_deref();
    let body = body.ok_or_else(|| Unreadable(NOT_MARKUP, "too long, or cut short".to_owned()))?;
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(Document::default());
    }
    let text = std::str::from_utf8(body);
    let text = text.map_err(|_| Unreadable(NOT_MARKUP, "it is not UTF-8".to_owned()))?;
    match answer.content_type.as_deref() {
        Some("text/xml" | "application/xml" | "text/html") => document(text),
        Some("text/plain") => {
            let said = Reply { body: text.to_owned(), ..Reply::default() };
            Ok(Document { replies: vec![said], ..Document::default() })
        }
        other => {
            let other = other.unwrap_or("none").to_owned();
            Err(Unreadable(CONTENT_TYPE, format!("content type {other}")))
        }
    }
}

/// An element with what is in it.
#[derive(Debug, Default)]
struct Element {
    name: String,
    attributes: Vec<(String, String)>,
    text: String,
    children: Vec<Element>,
}

impl Element {
    fn of(start: &BytesStart<'_>) -> Result<Self, quick_xml::Error> {
        let mut attributes = Vec::new();
        for attribute in start.attributes() {
            let attribute = attribute?;
            let name = String::from_utf8_lossy(attribute.key.as_ref()).into_owned();
            let value = String::from_utf8_lossy(&attribute.value).into_owned();
            let value = quick_xml::escape::unescape(&value).map(Cow::into_owned)?;
            attributes.push((name, value));
        }
        let name = String::from_utf8_lossy(start.name().as_ref()).into_owned();
        Ok(Self { name, attributes, ..Self::default() })
    }

    fn attribute(&self, name: &str) -> Option<&String> {
        self.attributes.iter().find(|(known, _)| known == name).map(|(_, value)| value)
    }
}

fn document(text: &str) -> Result<Document, Unreadable> {
    let root = tree(text).map_err(|why| Unreadable(NOT_MARKUP, why))?;
    if root.name != "Response" {
        let why = format!("<{}> is where <Response> has to be", root.name);
        return Err(Unreadable(NOT_MARKUP, why));
    }
    let mut document = Document::default();
    for verb in &root.children {
        match verb.name.as_str() {
            _ if document.redirect.is_some() => {
                document.warns(UNKNOWN, format!("<{}> comes after <Redirect>", verb.name));
            }
            "Message" | "Sms" => document.message(verb),
            "Redirect" => document.goes_on(verb),
            other => document.warns(UNKNOWN, format!("<{other}> is no verb for messages")),
        }
    }
    Ok(document)
}

/// The elements of a text. The one of them that is not in another is returned.
fn tree(text: &str) -> Result<Element, String> {
    let mut reader = Reader::from_str(text);
    let mut open: Vec<Element> = Vec::new();
    let mut root = None;
    loop {
        let event = reader.read_event().map_err(|error| error.to_string())?;
        let closed = match &event {
            Event::Start(start) => {
                if open.len() >= DEPTH_MAX {
                    return Err("its elements are too deep in one another".to_owned());
                }
                open.push(Element::of(start).map_err(|error| error.to_string())?);
                None
            }
            Event::Empty(start) => Some(Element::of(start).map_err(|error| error.to_string())?),
            Event::End(_) => open.pop(),
            Event::Eof => break,
            event => {
                let said = said(event)?;
                match open.last_mut() {
                    Some(element) => element.text.push_str(&said),
                    None if said.trim().is_empty() => {}
                    None => return Err("there is text outside of it".to_owned()),
                }
                None
            }
        };
        let Some(closed) = closed else { continue };
        match open.last_mut() {
            Some(parent) => parent.children.push(closed),
            None if root.is_none() => root = Some(closed),
            None => return Err("there are two of it".to_owned()),
        }
    }
    match open.last() {
        Some(element) => Err(format!("<{}> does not end", element.name)),
        None => root.ok_or_else(|| "there is no element".to_owned()),
    }
}

/// The text of what is no element.
fn said(event: &Event<'_>) -> Result<String, String> {
    let wrong = |error: &dyn std::fmt::Display| error.to_string();
    match event {
        Event::Text(text) => text.xml10_content().map(Cow::into_owned).map_err(|it| wrong(&it)),
        Event::CData(text) => text.xml10_content().map(Cow::into_owned).map_err(|it| wrong(&it)),
        Event::GeneralRef(name) => {
            if let Some(letter) = name.resolve_char_ref().map_err(|it| wrong(&it))? {
                return Ok(letter.to_string());
            }
            let name = name.decode().map_err(|it| wrong(&it))?;
            let known = resolve_predefined_entity(&name).map(str::to_owned);
            known.ok_or_else(|| format!("nobody knows &{name};"))
        }
        Event::DocType(_) => Err("a document type is not read".to_owned()),
        Event::Decl(_) | Event::PI(_) | Event::Comment(_) => Ok(String::new()),
        Event::Start(_) | Event::Empty(_) | Event::End(_) | Event::Eof => Ok(String::new()),
    }
}

impl Document {
    fn warns(&mut self, code: u32, what: String) {
        self.warnings.push((code, what));
    }

    fn message(&mut self, verb: &Element) {
        if self.replies.len() >= REPLIES_MAX {
            self.warns(TOO_MANY, format!("no more than {REPLIES_MAX} messages are sent"));
            return;
        }
        for (name, _) in &verb.attributes {
            if !matches!(name.as_str(), "to" | "from" | "statusCallback") {
                self.warns(UNKNOWN, format!("{name} of <{}> is not supported", verb.name));
            }
        }
        let (mut body, mut media) = (verb.text.trim().to_owned(), Vec::new());
        for part in &verb.children {
            match part.name.as_str() {
                "Body" => body.push_str(part.text.trim()),
                "Media" => media.push(part.text.trim().to_owned()),
                other => self.warns(UNKNOWN, format!("<{other}> is no part of a message")),
            }
        }
        let text = |name: &str| verb.attribute(name).cloned();
        let status_callback = text("statusCallback").filter(|url| !url.trim().is_empty());
        let status_callback = status_callback
            .map(|url| Listener { url: url.trim().to_owned(), method: "POST".to_owned() });
        self.replies.push(Reply {
            to: text("to"),
            from: text("from"),
            body,
            media,
            status_callback,
        });
    }

    fn goes_on(&mut self, verb: &Element) {
        let method = verb.attribute("method").map_or("POST", String::as_str).to_ascii_uppercase();
        if !matches!(method.as_str(), "GET" | "POST") {
            self.warns(UNKNOWN, format!("{method} is no method of <Redirect>"));
            return;
        }
        // An empty one leads back to where it stands.
        self.redirect = Some((verb.text.trim().to_owned(), method));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(kind: &str, body: &str) -> Answer {
        let content_type = Some(kind.to_owned()).filter(|kind| !kind.is_empty());
        Answer { content_type, body: Some(body.as_bytes().to_vec()), ..Answer::default() }
    }

    fn xml(verbs: &str) -> Document {
        let text =
            format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response>{verbs}</Response>");
        read(&answer("text/xml", &text)).unwrap()
    }

    fn bodies(document: &Document) -> Vec<&str> {
        document.replies.iter().map(|reply| reply.body.as_str()).collect()
    }

    #[test]
    fn messages_are_read_in_both_forms_with_their_files() {
        let document = xml("<Message>plain</Message>
            <Message to=\"+14155550111\" from=\"+18005550111\">
              <Body>a &amp; b &#x2713;</Body>
              <Media>https://f.example/1.png</Media><Media>https://f.example/2.png</Media>
            </Message>
            <Sms><![CDATA[<old>]]></Sms><!-- said -->");
        assert_eq!(bodies(&document), ["plain", "a & b ✓", "<old>"]);
        let second = &document.replies[1];
        assert_eq!(second.media, ["https://f.example/1.png", "https://f.example/2.png"]);
        assert_eq!(second.to.as_deref(), Some("+14155550111"));
        assert_eq!(second.from.as_deref(), Some("+18005550111"));
        assert_eq!((document.redirect, document.warnings), (None, vec![]));
    }

    #[test]
    fn nothing_is_done_behind_a_redirect() {
        let document = xml(
            "<Message>one</Message><Redirect method=\"get\"> ../next?a=1&amp;b=2 </Redirect><Message>two</Message>",
        );
        assert_eq!(bodies(&document), ["one"]);
        assert_eq!(document.redirect, Some(("../next?a=1&b=2".to_owned(), "GET".to_owned())));
        assert_eq!(document.warnings.len(), 1);
        assert_eq!(xml("<Redirect/>").redirect, Some((String::new(), "POST".to_owned())));
        assert_eq!(xml("<Redirect method=\"PUT\">/a</Redirect>").redirect, None);
    }

    #[test]
    fn what_is_unknown_is_passed_over_with_a_warning() {
        let document = xml(
            "<Say>hello</Say><message>small</message><Message action=\"/a\" statusCallback=\"/b\">x<Play/></Message>",
        );
        assert_eq!(bodies(&document), ["x"]);
        let codes: Vec<u32> = document.warnings.iter().map(|(code, _)| *code).collect();
        assert_eq!(codes, [UNKNOWN; 4]);
        let heard = document.replies[0].status_callback.as_ref().unwrap();
        assert_eq!((heard.url.as_str(), heard.method.as_str()), ("/b", "POST"));
        let many = xml(&"<Message>x</Message>".repeat(REPLIES_MAX + 2));
        assert_eq!((many.replies.len(), many.warnings[0].0), (REPLIES_MAX, TOO_MANY));
    }

    #[test]
    fn text_is_one_message_and_nothing_is_none() {
        let said = read(&answer("text/plain", "thanks <b>")).unwrap();
        assert_eq!(bodies(&said), ["thanks <b>"]);
        for kind in ["text/xml", "application/json", ""] {
            assert_eq!(read(&answer(kind, " \n")).unwrap(), Document::default());
        }
        assert_eq!(xml(""), Document::default());
    }

    #[test]
    fn what_cannot_be_read_says_why_by_its_published_code() {
        let deep = format!("<Response>{}{}</Response>", "<a>".repeat(9), "</a>".repeat(9));
        let entity = "<!DOCTYPE r [<!ENTITY a \"b\">]><Response>&a;</Response>";
        for (kind, body, code) in [
            ("application/json", "{}", CONTENT_TYPE),
            ("", "<Response/>", CONTENT_TYPE),
            ("text/xml", "thanks", NOT_MARKUP),
            ("text/xml", "<Response>", NOT_MARKUP),
            ("text/xml", "<Response></Message>", NOT_MARKUP),
            ("text/xml", "<Response><Message a=b/></Response>", NOT_MARKUP),
            ("text/xml", "<Response>&nbsp;</Response>", NOT_MARKUP),
            ("text/xml", "<response/>", NOT_MARKUP),
            ("text/html", "<html><body>sign in</body></html>", NOT_MARKUP),
            ("text/xml", "<Response/><Response/>", NOT_MARKUP),
            ("text/xml", deep.as_str(), NOT_MARKUP),
            ("text/xml", entity, NOT_MARKUP),
        ] {
            let Unreadable(found, why) = read(&answer(kind, body)).unwrap_err();
            assert_eq!(found, code, "{body}: {why}");
        }
        let bytes = Answer { body: Some(vec![0xff]), ..answer("text/xml", "") };
        assert_eq!(read(&bytes).unwrap_err().0, NOT_MARKUP);
        let cut = Answer { body: None, ..answer("text/xml", "") };
        assert_eq!(read(&cut).unwrap_err().0, NOT_MARKUP);
    }
}
