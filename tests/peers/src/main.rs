//! The load for what is measured side by side: signed webhooks and tasks, over connections that stay open.
//!
//! Everything is signed and written out before the clock starts, so that the driver takes next to nothing of the
//! processors that it shares with what it drives: its own share is among the figures. Each command prints one line of
//! JSON. `.ci/profile` and `.ci/peers` run it.
#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, reason = "figures are for whoever asked")]

mod endpoint;
mod http;
mod messages;
mod rest;
mod sample;
mod scheduled;
mod tasks;
mod verify;
mod waiting;

use std::error::Error;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, Subcommand};

/// What goes wrong is told and ends the command: a figure beside an error would be none.
pub(crate) type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// Drives a bundle, or a peer that takes the same webhooks.
#[derive(Debug, Parser)]
struct Arguments {
    /// Where it listens on loopback.
    #[arg(long)]
    port: u16,
    /// The account.
    #[arg(long, default_value = "AC00000000000000000000000000000001")]
    account: String,
    /// Its token.
    #[arg(long, default_value = "local-auth-token")]
    token: String,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Has customers' first messages open a conversation, and nobody called.
    Address,
    /// Customers write.
    Messages {
        /// How many messages.
        #[arg(long)]
        count: usize,
        /// How many customers take turns.
        #[arg(long)]
        customers: usize,
        /// How many messages are under way at once.
        #[arg(long, default_value_t = 1)]
        at_once: usize,
        /// The number of the first customer, so that a second run has others.
        #[arg(long, default_value_t = 0)]
        first: usize,
    },
    /// Verifies and reads webhooks, in this process.
    Verify {
        /// How many.
        #[arg(long)]
        count: usize,
    },
    /// Prints the webhooks that are verified.
    Webhooks,
    /// Counts the messages of all conversations.
    Stored,
    /// Starts a program on the port, and ends it when its first webhook was answered.
    First {
        /// The program.
        program: PathBuf,
        /// What it is told.
        #[arg(last = true)]
        arguments: Vec<String>,
    },
    /// A workspace with idle workers and a queue for each skill, whose reservations are accepted by callback.
    Workspace {
        /// How many workers.
        #[arg(long)]
        workers: usize,
        /// How many skills.
        #[arg(long)]
        skills: usize,
        /// Where the callbacks are to arrive: the port of `tasks`.
        #[arg(long)]
        callback: u16,
    },
    /// A workspace with many workers of whom none is available, and many tasks that wait.
    Waiting {
        /// How many workers.
        #[arg(long)]
        workers: usize,
        /// How many tasks.
        #[arg(long)]
        tasks: usize,
    },
    /// Schedules messages that are due one after the other, with customers who write meanwhile.
    Scheduled {
        /// How many messages.
        #[arg(long)]
        count: usize,
        /// Within how many seconds they are due.
        #[arg(long, default_value_t = 60)]
        seconds: u64,
    },
    /// Makes tasks, has their callbacks accepted, and completes them.
    Tasks {
        /// The workspace and the workflow, as `workspace` printed them.
        #[arg(long)]
        workspace: String,
        /// The workflow.
        #[arg(long)]
        workflow: String,
        /// How many tasks.
        #[arg(long)]
        count: usize,
        /// How many skills there are.
        #[arg(long)]
        skills: usize,
        /// How many are made each second; all at once without it.
        #[arg(long)]
        rate: Option<u32>,
        /// Where the callbacks arrive.
        #[arg(long)]
        callback: u16,
    },
}

fn main() -> Outcome<()> {
    let Arguments { port, account, token, command } = Arguments::parse();
    let api = rest::Api::new(port, &account, &token);
    let figures = match command {
        Command::Address => api.address(messages::BUSINESS)?,
        Command::Messages { count, customers, at_once, first } => {
            let load = messages::Load { port, count, customers, at_once, first };
            messages::write(&load, &account, &token)?
        }
        Command::Verify { count } => verify::measure(count, &account, &token)?,
        Command::Webhooks => verify::print(&account, &token)?,
        Command::Stored => api.stored()?,
        Command::First { program, arguments } => {
            let load = messages::Load { port, count: 1, customers: 1, at_once: 1, first: 0 };
            messages::first(&load, &account, &token, &program, &arguments)?
        }
        Command::Workspace { workers, skills, callback } => {
            tasks::set_up(&api, workers, skills, callback)?
        }
        Command::Waiting { workers, tasks } => {
            waiting::measure(&api, &waiting::Load { workers, tasks })?
        }
        Command::Scheduled { count, seconds } => {
            let load = messages::Load { port, count, customers: 0, at_once: 0, first: 0 };
            let within = Duration::from_secs(seconds);
            scheduled::measure(&api, &load, (&account, &token), within)?
        }
        Command::Tasks { workspace, workflow, count, skills, rate, callback } => {
            let load = tasks::Load { workspace, workflow, count, skills, rate, callback };
            tasks::run(&api, &load)?
        }
    };
    println!("{figures}");
    Ok(())
}
