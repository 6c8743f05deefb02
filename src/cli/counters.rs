//! `roost counters`: the counters, held against what counting gives.

use std::process::ExitCode;

use clap::Subcommand;

use crate::app::App;
use crate::service::counters::{self, COUNTERS, Finding};

/// How many findings are printed one by one.
const SHOWN: usize = 20;

#[derive(Subcommand)]
pub enum CountersCommand {
    /// Recount everything; exits with 1 if a counter is wrong
    Verify,
    /// The same, and set right what is wrong
    Repair,
}

/// # Errors
/// Whatever the database says.
pub async fn run(app: &App, command: &CountersCommand) -> anyhow::Result<ExitCode> {
    let mut findings = counters::verify(app).await?;
    print(&findings);
    if let (CountersCommand::Repair, false) = (command, findings.is_empty()) {
        counters::repair(app, &findings).await?;
        println!("Mended. Counting again:");
        findings = counters::verify(app).await?;
        print(&findings);
    }
    Ok(if findings.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

fn print(findings: &[Finding]) {
    if findings.is_empty() {
        println!("nothing is wrong; {} kinds of counters were recounted", COUNTERS.len());
        return;
    }
    println!("{} counters are wrong", findings.len());
    for Finding { counter, id, stored, counted } in findings.iter().take(SHOWN) {
        let stored = stored.map_or("no row".to_owned(), |stored| stored.to_string());
        println!("{counter} {id}: {stored}, counted {counted}");
    }
}
