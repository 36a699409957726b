//! The program, as a shell runs it.

use std::io::{BufRead as _, BufReader, Lines};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::PATIENCE;
use crate::restarts::Folder;

const ACCOUNT: &str = "AC00000000000000000000000000000001";
const MESSAGES: &str = "/api/2010-04-01/Accounts/AC00000000000000000000000000000001/Messages";
const TOKEN: &str = "local-auth-token";
/// `ACCOUNT:TOKEN`.
const BASIC: &str = "QUMwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMTpsb2NhbC1hdXRoLXRva2Vu";

fn run(arguments: &[&str]) -> (Option<i32>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_switchboard"));
    let Output { status, stdout, stderr } = command.args(arguments).output().unwrap();
    (status.code(), String::from_utf8([stdout, stderr].concat()).unwrap())
}

/// A running process that serves on a free port.
struct Serving {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    base: String,
    /// What it said before it was ready, and until the demo began.
    greeting: Vec<String>,
}

impl Serving {
    fn start(arguments: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_switchboard"))
            .args(["--port", "0", "--no-demo"])
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut greeting = Vec::new();
        for line in lines.by_ref() {
            let line = line.unwrap();
            let is_last = line == "Ctrl-C stops it";
            greeting.push(line);
            if is_last {
                break;
            }
        }
        let base = greeting.iter().find_map(|line| line.strip_prefix("ready on "));
        let base = base.expect("it starts").to_owned();
        Self { child, lines, base, greeting }
    }

    async fn post(&self, path: &str, form: &str) -> (u16, Value) {
        let request = reqwest::Client::new()
            .post(format!("{}{path}", self.base))
            .basic_auth(ACCOUNT, Some(TOKEN))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form.to_owned());
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), serde_json::from_str(&answer.text().await.unwrap()).unwrap())
    }

    /// Buys a number and sends a message from it.
    async fn sends(&self) -> Value {
        let number = format!("/api/2010-04-01/Accounts/{ACCOUNT}/IncomingPhoneNumbers.json");
        let (status, bought) = self.post(&number, "PhoneNumber=%2B15550100001").await;
        assert_eq!(status, 201, "{bought}");
        let form = "From=%2B15550100001&To=%2B15550199999&Body=hi";
        let (status, message) = self.post(&format!("{MESSAGES}.json"), form).await;
        assert_eq!(status, 201, "{message}");
        message
    }

    /// Reads what it prints until a line has this in it.
    fn prints(&mut self, part: &str) -> String {
        let mut lines = self.lines.by_ref().map(Result::unwrap);
        lines.find(|line| line.contains(part)).unwrap_or_else(|| panic!("it never says {part}"))
    }

    fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([name, &self.child.id().to_string()]).status();
        assert!(sent.unwrap().success());
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn it_knows_its_version() {
    let (code, said) = run(&["--version"]);
    assert_eq!((code, said.trim()), (Some(0), concat!("switchboard ", env!("CARGO_PKG_VERSION"))));
}

#[test]
fn an_option_that_makes_no_sense_is_refused_by_its_own_name() {
    for (option, junk) in [
        ("--account-sid", ""),
        ("--account-sid", "ACME"),
        ("--auth-token", ""),
        ("--port", "70000"),
        ("--carrier-url", ""),
        ("--carrier-url", "carrier.example"),
        ("--public-url", "ftp://example.com"),
        ("--dynamodb-endpoint", "localhost:8000"),
        ("--sqs-endpoint", "http://"),
    ] {
        let (code, said) = run(&["--no-demo", option, junk]);
        assert_eq!(code, Some(2), "{option} {junk:?}: {said}");
        assert!(said.contains(option), "{option} {junk:?}: {said}");
        assert!(!said.contains("environment variable"), "{option} {junk:?}: {said}");
    }
}

#[test]
fn an_invocation_that_fails_fails_the_command() {
    let events = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../events");
    let typical = events.join("autocreation/typical.json");
    let (code, said) = run(&["invoke", "autocreation", typical.to_str().unwrap()]);
    assert_eq!(code, Some(0), "{said}");
    // What the API gateway delivers is nothing that this function takes.
    let foreign = events.join("flex-api/typical.json");
    let (code, said) = run(&["invoke", "autocreation", foreign.to_str().unwrap()]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("autocreation: the function failed"), "{said}");
}

#[tokio::test]
async fn without_a_carrier_a_stub_takes_replies_also_without_the_demo() {
    let serving = Serving::start(&[]);
    let stub = serving.greeting.iter().find(|line| line.contains("a stub of the carrier is on"));
    assert!(stub.is_some_and(|line| line.contains("http://127.0.0.1:")), "{:?}", serving.greeting);
    let message = serving.sends().await;
    let url = format!("{}{MESSAGES}/{}.json", serving.base, message["sid"].as_str().unwrap());
    let delivered = async {
        loop {
            let request = reqwest::Client::new().get(&url).basic_auth(ACCOUNT, Some(TOKEN));
            let text = request.send().await.unwrap().text().await.unwrap();
            let message: Value = serde_json::from_str(&text).unwrap();
            if message["status"] == "delivered" {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(PATIENCE, delivered).await.expect("the stub delivers");
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_to_be_tried_again_say_why() {
    // Nobody listens there.
    let mut serving = Serving::start(&["--carrier-url", "http://127.0.0.1:9"]);
    serving.sends().await;
    let line = serving.prints("to be tried again");
    let (_, why) = line.split_once("to be tried again: ").unwrap_or_else(|| panic!("{line}"));
    assert!(line.contains("outbound-message") && why.contains("not sent: "), "{line}");
    assert!(!line.contains("+1555"), "an address in {line}");
    let form = "From=%2B15550100001&To=nobody&Body=hi";
    let (status, refused) = serving.post(&format!("{MESSAGES}.json"), form).await;
    assert!((400..500).contains(&status), "{refused}");
    let line = serving.prints(&format!("{status}"));
    assert!(line.contains(&format!("{status}: code {}", refused["code"])), "{line}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_told_to_end_first_answers_requests_under_way() {
    let folder = Folder::new("terminated");
    let path = folder.0.to_str().unwrap().to_owned();
    for signal in ["-TERM", "-INT"] {
        let mut serving = Serving::start(&["--data", &path]);
        let address = serving.base.strip_prefix("http://").unwrap();
        let mut stream = TcpStream::connect(address).await.unwrap();
        let body = "FriendlyName=kept";
        let (first, rest) = body.split_at(5);
        let head = format!(
            "POST /taskrouter/v1/Workspaces HTTP/1.1\r\nhost: {address}\r\nauthorization: Basic {BASIC}\r\n\
             content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n{first}",
            body.len()
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        // The request is half there when the process is told to end.
        tokio::time::sleep(Duration::from_millis(200)).await;
        serving.signal(signal);
        serving.prints("stopping");
        stream.write_all(rest.as_bytes()).await.unwrap();
        let mut answer = String::new();
        timeout(PATIENCE, stream.read_to_string(&mut answer)).await.unwrap().unwrap();
        assert!(answer.starts_with("HTTP/1.1 201"), "{signal}: {answer}");
        let status = serving.child.wait().unwrap();
        assert_eq!(status.code(), Some(0), "{signal}");
    }
    let kept = Serving::start(&["--data", &path]);
    let request = reqwest::Client::new()
        .get(format!("{}/taskrouter/v1/Workspaces", kept.base))
        .basic_auth(ACCOUNT, Some(TOKEN));
    let text = request.send().await.unwrap().text().await.unwrap();
    let all: Value = serde_json::from_str(&text).unwrap();
    // Names are not unique, so what both processes acknowledged is there.
    assert_eq!(all["workspaces"].as_array().unwrap().len(), 2, "{all}");
}
