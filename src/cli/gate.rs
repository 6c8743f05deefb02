//! `roost gate`: features that are on for a share of the users.

use anyhow::Context;
use chrono::{SecondsFormat, TimeZone, Utc};
use clap::{Args, Subcommand};
use entity::UserId;
use entity::audit::{self, Origin};

use super::in_words;
use crate::app::App;
use crate::service::audit::Actor;
use crate::service::gate::{self, Gate, GateChange};
use crate::service::page::{End, PageRequest};
use crate::service::user;

/// How much of a gate's history is printed.
const SHOWN: usize = 100;

#[derive(Subcommand)]
pub enum GateCommand {
    /// Every gate with its percentage
    List,
    /// One gate with everybody it names, and its history
    Show { name: String },
    /// Change a gate, which is made if it is not there; acts in every process within seconds
    Set(SetArgs),
}

#[derive(Args)]
pub struct SetArgs {
    name: String,
    /// For how many of a hundred users it is open; who is in stays in when it is raised
    #[arg(long)]
    percent: Option<i32>,
    /// What it is about
    #[arg(long)]
    description: Option<String>,
    /// Open it for this person, whatever the percentage
    #[arg(long, value_name = "USER")]
    allow: Vec<String>,
    /// Close it for this person, whatever the percentage
    #[arg(long, value_name = "USER")]
    deny: Vec<String>,
    /// Let the percentage decide for this person again
    #[arg(long, value_name = "USER")]
    unlist: Vec<String>,
}

/// # Errors
/// When there is no such gate or person, when it cannot be set so, or whatever the database says.
pub async fn run(app: &App, command: GateCommand) -> anyhow::Result<()> {
    match command {
        GateCommand::List => {
            for gate in gate::read(app.db.read()).await?.all() {
                println!("{}", line(gate));
            }
        }
        GateCommand::Show { name } => {
            let gates = gate::read(app.db.read()).await?;
            let gate = gates.get(&name).with_context(|| format!("There is no gate named {name}"))?;
            show(app, gate).await?;
        }
        GateCommand::Set(args) => {
            let change = GateChange {
                percent: args.percent,
                description: args.description,
                allow: find(app, &args.allow).await?,
                deny: find(app, &args.deny).await?,
                unlist: find(app, &args.unlist).await?,
            };
            let gate = in_words(gate::set(app, Actor::CommandLine, &args.name, &change).await)?;
            println!("{}", line(&gate));
        }
    }
    Ok(())
}

async fn find(app: &App, names: &[String]) -> anyhow::Result<Vec<UserId>> {
    let mut users = Vec::new();
    for name in names {
        let found = user::by_login(app, name).await?;
        users.push(found.with_context(|| format!("There is nobody named {name}"))?.id);
    }
    Ok(users)
}

fn line(gate: &Gate) -> String {
    let Gate { name, percent, description, allowed, denied } = gate;
    let (allowed, denied) = (allowed.len(), denied.len());
    format!("{name}  {percent} %  {allowed} allowed  {denied} denied  {description}").trim_end().to_owned()
}

async fn show(app: &App, gate: &Gate) -> anyhow::Result<()> {
    println!("{}", line(gate));
    for (word, users) in [("allowed", &gate.allowed), ("denied", &gate.denied)] {
        for user in users {
            println!("{word}  {}", name_of(app, Some(*user)).await?);
        }
    }
    let request = PageRequest { size: SHOWN, from: End::Newest, after: None, before: None, look_back: false };
    for entry in crate::service::audit::page(app, Some(&gate.name), &request).await?.rows {
        println!("{}", told(app, &entry).await?);
    }
    Ok(())
}

/// When, who, what, and what it was before.
async fn told(app: &App, entry: &audit::Model) -> anyhow::Result<String> {
    let at = Utc.timestamp_millis_opt(entry.created_at).single().unwrap_or_default();
    let at = at.to_rfc3339_opts(SecondsFormat::Secs, true);
    let who = match entry.origin {
        Origin::CommandLine => "the command line".to_owned(),
        Origin::Api => name_of(app, entry.actor_id).await?,
    };
    let value = |value: &Option<String>| value.clone().unwrap_or_else(|| "nothing".to_owned());
    let whom = match entry.action {
        audit::Action::GateListChanged => format!("{}: ", name_of(app, entry.user_id).await?),
        _ => String::new(),
    };
    Ok(format!("{at}  {who}  {whom}{} -> {}", value(&entry.old_value), value(&entry.new_value)))
}

async fn name_of(app: &App, user: Option<UserId>) -> anyhow::Result<String> {
    let found = match user {
        Some(user) => user::by_ids(app.db.read(), &[user]).await?.pop(),
        None => None,
    };
    Ok(found.map_or("somebody deleted".to_owned(), |(user, _)| user.username))
}
