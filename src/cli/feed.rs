//! `roost feed`: proof and care of the home feeds.

use std::process::ExitCode;

use anyhow::Context;
use clap::Subcommand;

use crate::app::App;
use crate::service::feed::verify::{self, Finding, Report};
use crate::service::feed::{sweep, threshold};
use crate::service::user;
use crate::worker;

/// How many findings are printed one by one.
const SHOWN: usize = 20;

#[derive(Subcommand)]
pub enum FeedCommand {
    /// Compare the feeds with their definition; exits with 1 if one differs
    Verify {
        /// Mend what is found
        #[arg(long)]
        repair: bool,
        /// Only this person's feed [default: all]
        #[arg(long, value_name = "NAME")]
        user: Option<String>,
    },
    /// Push to followers again whose authors have become small enough
    Promote,
    /// Delete entries that nobody is shown
    Sweep,
}

/// # Errors
/// When there is no such user, or whatever the database says.
pub async fn run(app: &App, command: FeedCommand) -> anyhow::Result<ExitCode> {
    match command {
        FeedCommand::Verify { repair, user } => return verify(app, repair, user.as_deref()).await,
        FeedCommand::Promote => println!("{} edges will be filled and pushed", threshold::promote(app).await?),
        FeedCommand::Sweep => println!("{} entries deleted", sweep::sweep(app).await?),
    }
    Ok(ExitCode::SUCCESS)
}

async fn verify(app: &App, repair: bool, name: Option<&str>) -> anyhow::Result<ExitCode> {
    let only = match name {
        Some(name) => {
            let found = user::by_username(app.db.read(), name).await?;
            Some(found.with_context(|| format!("There is nobody named {name}"))?)
        }
        None => None,
    };
    let report = verify::verify(app, only).await?;
    print(&report);
    if !repair || (report.faults.is_empty() && report.remarks.is_empty()) {
        return Ok(code(&report));
    }
    verify::repair(app, &report).await?;
    worker::drain(app).await?;
    println!("Mended. Looking again:");
    let report = verify::verify(app, only).await?;
    print(&report);
    Ok(code(&report))
}

fn code(report: &Report) -> ExitCode {
    if report.faults.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(1) }
}

fn print(report: &Report) {
    let verdict = if report.faults.is_empty() {
        "nothing is wrong".to_owned()
    } else {
        format!("{} faults", report.faults.len())
    };
    println!("{verdict}; the feeds of {} readers were compared with their definition", report.readers);
    if report.waiting > 0 {
        println!("{} messages are waiting: what they have yet to do may show as missing", report.waiting);
    }
    for finding in report.faults.iter().take(SHOWN) {
        print_finding("fault ", finding);
    }
    for finding in report.remarks.iter().take(SHOWN) {
        print_finding("remark", finding);
    }
}

fn print_finding(kind: &str, finding: &Finding) {
    let other = finding.other.map_or(String::new(), |other| format!(" and {other}"));
    println!("{kind}  {}: user {}{other}, {} rows", finding.check, finding.user, finding.count);
}
