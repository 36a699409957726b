//! The same seed in two processes at once: what both tell of it, down to the traces of the functions and the content of
//! each request, is the same to the last byte.

use std::io::Write;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::runs::{by_seed, simulated};

/// The seeds that are told: callbacks and a long day are among them.
const SEEDS: [u64; 2] = [3, 8];
/// Where a process writes what it tells.
const TO: &str = "SIMULATION_TOLD_TO";

/// Where traces go.
#[derive(Debug, Clone, Default)]
struct Page(Arc<Mutex<Vec<u8>>>);

impl Write for Page {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Whether traces of that origin are ours: those of the SDK show hash maps, whose order differs from process to process, and
/// numbers that it draws for itself.
fn is_ours(target: &str) -> bool {
    const OTHERS: [&str; 10] = [
        "aws_",
        "hyper",
        "h2",
        "mio",
        "reqwest",
        "rustls",
        "tokio",
        "tower",
        "want",
        "lambda_http",
    ];
    !OTHERS.iter().any(|other| target.starts_with(other))
}

/// All that is to be seen of a seed.
fn told(seed: u64) -> Vec<u8> {
    let page = Page::default();
    let writer = page.clone();
    let traces = tracing_subscriber::fmt::layer()
        .without_time()
        .with_ansi(false)
        .with_writer(move || writer.clone());
    let ours = tracing_subscriber::filter::filter_fn(|trace| is_ours(trace.target()));
    let guard = tracing_subscriber::registry().with(ours).with(traces).set_default();
    let outcome = simulated(by_seed(seed));
    drop(guard);
    let mut told = std::mem::take(&mut *page.0.lock().unwrap_or_else(PoisonError::into_inner));
    assert!(!told.is_empty(), "functions trace what they do");
    write!(told, "{outcome}{:x} {:?}", outcome.hash, outcome.met).expect("memory takes it");
    told
}

#[test]
fn a_process_tells_all_that_it_sees() {
    let all: Vec<u8> = SEEDS.iter().flat_map(|seed| told(*seed)).collect();
    match std::env::var_os(TO) {
        Some(file) => std::fs::write(file, all).expect("the file can be written"),
        None => {
            let text = String::from_utf8_lossy(&all);
            assert!(text.contains("TRACE") || text.contains("DEBUG"), "traces are in it");
            assert!(text.contains("▶ task-assignment"), "and what happens");
            assert!(text.contains(" = "), "and what requests contain");
        }
    }
}

/// This very test in a process of its own.
fn process(file: &Path) -> Child {
    let program = std::env::current_exe().expect("this program");
    let mut command = Command::new(program);
    command.args(["--exact", "twice::a_process_tells_all_that_it_sees"]);
    command.env(TO, file).env("SEED", "0").stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().expect("this program can be run")
}

#[test]
fn the_same_seed_in_two_processes_tells_the_same_to_the_last_byte() {
    let folder = std::env::temp_dir().join(format!("simulation-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder for both");
    let files = [folder.join("one"), folder.join("another")];
    for mut child in files.each_ref().map(|file| process(file)) {
        assert!(child.wait().expect("it ends").success(), "a process fails");
    }
    let [one, another] = files.map(|file| std::fs::read(file).expect("it was written"));
    std::fs::remove_dir_all(&folder).expect("the folder is ours");
    let line = |bytes: &[u8], place: usize| {
        let text = String::from_utf8_lossy(bytes);
        text.lines().nth(place).unwrap_or("the end").to_owned()
    };
    let lines = String::from_utf8_lossy(&one).lines().count();
    let differs =
        (0..=lines).find(|place| one != another && line(&one, *place) != line(&another, *place));
    if let Some(place) = differs {
        panic!("line {place}: {:?} and {:?}", line(&one, place), line(&another, place));
    }
    assert_eq!(one.len(), another.len());
}
