//! A deployment's tables, queues, key and bucket, lent to one of its functions that runs in a process of its own: what it asks is held
//! against its role, counted and noted as if it ran here.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use anyhow::{Context, Result};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::aws::deployment::Deployment;
use crate::aws::functions::local;
use crate::aws::trace::{INVOCATION, Notes};
use crate::aws::wire::serve;
use crate::lock::lock;

/// What a function gets that runs elsewhere; it is taken back when this is dropped.
pub(crate) struct Lent {
    /// Its environment.
    pub(crate) environment: BTreeMap<String, String>,
    notes: Arc<Mutex<Notes>>,
    serving: JoinHandle<Result<()>>,
}

impl Lent {
    /// How many messages it has sent, by queue without the stack's name.
    pub(crate) fn sent(&self) -> BTreeMap<String, usize> {
        lock(&self.notes).sent.clone()
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Deployment {
    /// Lends tables and queues to a function; its carriers are at `carrier_url`.
    ///
    /// # Errors
    /// If there is no such function, or no port.
    pub(crate) async fn lend(&self, function: &str, carrier_url: &str) -> Result<Lent> {
        let declared = self.template.functions.get(function);
        let declared = declared.with_context(|| format!("there is no function {function}"))?;
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let mut environment = local(&declared.environment, carrier_url);
        let (seconds, memory) = (declared.timeout.as_secs(), declared.memory_mb);
        for (name, value) in [
            ("AWS_ENDPOINT_URL", format!("http://{}", listener.local_addr()?)),
            ("AWS_REGION", "us-east-1".to_owned()),
            ("AWS_ACCESS_KEY_ID", "local".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "local".to_owned()),
            ("AWS_LAMBDA_FUNCTION_NAME", function.to_owned()),
            ("AWS_LAMBDA_FUNCTION_TIMEOUT", seconds.to_string()),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", memory.to_string()),
        ] {
            environment.insert(name.to_owned(), value);
        }
        let notes: Arc<Mutex<Notes>> = Arc::default();
        let (services, function) = (self.services.clone(), Arc::<str>::from(function));
        let noted = Arc::clone(&notes);
        let serving = tokio::spawn(serve(listener, move |asked| {
            let (services, function) = (services.clone(), Arc::clone(&function));
            INVOCATION.scope(Arc::clone(&noted), async move {
                let (operation, body) = (&asked.operation, &asked.body);
                match asked.service.as_str() {
                    "AmazonSQS" => {
                        services.queues.answer(&function, operation, &asked.bytes, body).await
                    }
                    "TrentService" => services.keys.answer(&function, operation, body),
                    "" => services.objects.answer(&function, &asked.object).await,
                    _ => services.tables.answer(&function, operation, body).await,
                }
            })
        }));
        Ok(Lent { environment, notes, serving })
    }
}
