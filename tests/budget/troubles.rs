//! What one call of a table or a queue costs when it goes wrong: how many requests, and how long the function waits,
//! which is paid for as well. Time is simulated, and every pause as long as it can be.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use switchboard::{Call, Deployment, Fault, Faults, Options};
use switchboard_tests::cost::Trouble;
use tokio::time::Instant;

/// What goes wrong: how, and how many times in a row.
const TROUBLES: [(&str, Fault, usize); 4] = [
    ("throttled once", Fault::Throttled, 1),
    ("silent once", Fault::Hung, 1),
    ("throttled for good", Fault::Throttled, usize::MAX),
    ("silent for good", Fault::Hung, usize::MAX),
];

/// Lets the next requests of everybody go wrong.
#[derive(Debug)]
struct Next {
    fault: Mutex<Fault>,
    left: AtomicUsize,
    requests: AtomicUsize,
}

impl Faults for Next {
    fn before(&self, _: &Call<'_>) -> Option<Fault> {
        self.requests.fetch_add(1, Ordering::SeqCst);
        let less = |left: usize| left.checked_sub(1);
        let struck = self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, less).is_ok();
        struck.then(|| *self.fault.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Asks for every function, with each trouble.
pub(crate) fn met() -> BTreeMap<String, BTreeMap<String, Trouble>> {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = builder.enable_all().start_paused(true).build().expect("a runtime");
    runtime.block_on(async {
        let next = Arc::new(Next {
            fault: Mutex::new(Fault::Throttled),
            left: AtomicUsize::new(0),
            requests: AtomicUsize::new(0),
        });
        let options = Options {
            is_driven: false,
            faults: Some(Arc::clone(&next) as _),
            entropy: Some(Arc::new(|| [7; 16])),
            ..Options::default()
        };
        let deployment = Deployment::start(options).await.expect("the bundle starts");
        let mut met = BTreeMap::new();
        for (name, fault, times) in TROUBLES {
            let mut rows = BTreeMap::new();
            for function in deployment.template().functions.keys() {
                let arm = || {
                    *next.fault.lock().unwrap_or_else(PoisonError::into_inner) = fault;
                    next.left.store(times, Ordering::SeqCst);
                    next.requests.store(0, Ordering::SeqCst);
                    Instant::now()
                };
                let count = |began: Instant| Trouble {
                    requests: next.requests.load(Ordering::SeqCst),
                    waited_ms: milliseconds(began.elapsed()),
                };
                let began = arm();
                let answer = deployment.dynamodb(function).list_tables().send().await;
                let is_done = is_answered(answer);
                let table = count(began);
                assert_eq!(is_done, times == 1, "{function}, {name}");
                let began = arm();
                let answer = deployment.sqs_client(function).list_queues().send().await;
                let is_done = is_answered(answer);
                assert_eq!(is_done, times == 1, "{function}, {name}");
                assert_eq!(table, count(began), "tables and queues are waited for alike");
                rows.insert(function.clone(), table);
            }
            met.insert(name.to_owned(), rows);
        }
        next.left.store(0, Ordering::SeqCst);
        met
    })
}

/// Whether the service was heard, if only to say that the function may not ask for this.
fn is_answered<T, E: ProvideErrorMetadata>(answer: Result<T, SdkError<E>>) -> bool {
    answer.map_or_else(|error| error.code() == Some("AccessDeniedException"), |_| true)
}

/// Timers of the runtime are a millisecond late, so whole tens say all there is to say.
fn milliseconds(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).expect("a short time") / 10 * 10
}
