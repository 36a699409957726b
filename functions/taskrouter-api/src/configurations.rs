//! Configurations of workflows as they are given: read, and held against what is there.

use switchboard_domain::routing::workflow;
use switchboard_domain::sid::WorkspaceSid;
use switchboard_rest::{ApiError, Call, Params};
use switchboard_store::{Key, key};

use crate::fields::invalid;

/// The largest configuration that fits into one item of the table beside everything else in it.
const CONFIGURATION_BYTES_MAX: usize = 380_000;

/// Refuses a configuration that names queues, activities or workers that are not there.
pub(crate) async fn check_named(
    call: &Call<'_>,
    workspace: WorkspaceSid,
    text: &str,
) -> Result<(), ApiError> {
    let configuration = parsed(text)?;
    let (queues, activities, workers) =
        (configuration.queues(), configuration.activities(), configuration.workers());
    let queues =
        queues.iter().map(|sid| (key::task_queue(workspace, *sid), format!("queue {sid}")));
    let activities =
        activities.iter().map(|sid| (key::activity(workspace, *sid), format!("activity {sid}")));
    let workers = workers.iter().map(|sid| (key::worker(workspace, *sid), format!("worker {sid}")));
    let named: Vec<(Key, String)> = queues.chain(activities).chain(workers).collect();
    let keys: Vec<Key> = named.iter().map(|(key, _)| key.clone()).collect();
    let found = call.on.store.get_all(&keys).await?;
    match named.iter().find(|(key, _)| !found.contains_key(key)) {
        Some((_, what)) => {
            Err(invalid("Configuration", &format!("{what} is not in this workspace")))
        }
        None => Ok(()),
    }
}

/// A configuration that can be read.
pub(crate) fn configuration(form: &Params) -> Result<Option<String>, ApiError> {
    const NAME: &str = "Configuration";
    let Some(text) = form.get(NAME) else {
        return Ok(None);
    };
    if text.len() > CONFIGURATION_BYTES_MAX {
        return Err(invalid(NAME, &format!("is longer than {CONFIGURATION_BYTES_MAX} bytes")));
    }
    parsed(text)?;
    Ok(Some(text.to_owned()))
}

fn parsed(text: &str) -> Result<workflow::Configuration, ApiError> {
    workflow::Workflow::parse(text).map_err(|error| invalid("Configuration", &error.to_string()))
}
