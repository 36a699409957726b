//! The least that a function can be: what `.ci/start` measures the others beside.

use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::{Value, json};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let hello = async |_: LambdaEvent<Value>| Ok::<_, Error>(json!({ "hello": "world" }));
    lambda_runtime::run(service_fn(hello)).await
}
