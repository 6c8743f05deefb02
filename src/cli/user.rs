//! `roost user`: the administration of people.

use std::io::BufRead;

use anyhow::Context;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use clap::{Args, Subcommand};
use entity::UserId;
use entity::user::Role;

use super::in_words;
use crate::app::App;
use crate::service::admin::{self, Account, Search};
use crate::service::audit::Actor;
use crate::service::page::{End, PageRequest};
use crate::service::user::{self, SignUp};
use crate::service::{deletion, suspension};

#[derive(Subcommand)]
pub enum UserCommand {
    /// List people, latest sign-up first
    List {
        /// Only those whose username or e-mail address begins like this
        prefix: Option<String>,
        /// Only those who are suspended
        #[arg(long)]
        suspended: bool,
        /// How many at most
        #[arg(long, default_value_t = 100)]
        limit: u16,
    },
    /// Make an account
    Create(CreateArgs),
    /// Hide somebody with all that is theirs, and end their sessions
    Suspend {
        /// Username or e-mail address
        name: String,
    },
    /// Bring somebody back with all that is theirs
    Restore {
        /// Username or e-mail address
        name: String,
    },
    /// Delete somebody for good, with all that is theirs; runs on in the background
    Delete {
        /// Username or e-mail address
        name: String,
    },
    /// Make somebody an administrator
    Promote {
        /// Username or e-mail address
        name: String,
    },
    /// Make an administrator a person like everybody else
    Demote {
        /// Username or e-mail address
        name: String,
    },
    /// Give somebody another password, and end their sessions
    ResetPassword {
        /// Username or e-mail address
        name: String,
        #[command(flatten)]
        password: PasswordArgs,
    },
}

#[derive(Args)]
pub struct CreateArgs {
    username: String,
    email: String,
    /// What others call them [default: the username]
    #[arg(long)]
    nickname: Option<String>,
    /// Make them an administrator
    #[arg(long)]
    admin: bool,
    #[command(flatten)]
    password: PasswordArgs,
}

#[derive(Args)]
pub struct PasswordArgs {
    /// Read the password from the first line of the standard input, instead of making one up and printing it
    #[arg(long)]
    password_stdin: bool,
}

/// # Errors
/// When there is no such person, when it cannot be done to them, or whatever the database says.
pub async fn run(app: &App, command: UserCommand) -> anyhow::Result<()> {
    match command {
        UserCommand::List { prefix, suspended, limit } => {
            list(app, &Search { prefix, suspended_only: suspended }, limit).await?;
        }
        UserCommand::Create(args) => create(app, args).await?,
        UserCommand::Suspend { name } => {
            in_words(suspension::suspend(app, Actor::CommandLine, find(app, &name).await?).await)?;
            println!("{name} is suspended");
        }
        UserCommand::Restore { name } => {
            in_words(suspension::restore(app, Actor::CommandLine, find(app, &name).await?).await)?;
            println!("{name} is restored");
        }
        UserCommand::Delete { name } => {
            in_words(deletion::delete(app, Actor::CommandLine, find(app, &name).await?).await)?;
            println!("{name} is gone for everybody; what is left of them is removed in the background");
        }
        UserCommand::Promote { name } => {
            in_words(admin::set_role(app, Actor::CommandLine, find(app, &name).await?, Role::Admin).await)?;
            println!("{name} is an administrator");
        }
        UserCommand::Demote { name } => {
            in_words(admin::set_role(app, Actor::CommandLine, find(app, &name).await?, Role::Person).await)?;
            println!("{name} is no administrator");
        }
        UserCommand::ResetPassword { name, password } => {
            let user = find(app, &name).await?;
            let chosen = password.read()?;
            in_words(admin::reset_password(app, Actor::CommandLine, user, chosen.clone()).await)?;
            println!("The password of {name} is changed, and their sessions are ended");
            password.show(&chosen);
        }
    }
    Ok(())
}

async fn create(app: &App, args: CreateArgs) -> anyhow::Result<()> {
    let CreateArgs { username, email, nickname, admin, password } = args;
    let chosen = password.read()?;
    let typed = SignUp { username, email, password: chosen.clone(), nickname };
    let user = in_words(admin::create(app, Actor::CommandLine, &typed).await)?;
    if admin {
        in_words(admin::set_role(app, Actor::CommandLine, user, Role::Admin).await)?;
    }
    println!("Made {}{}", typed.username.trim().to_lowercase(), if admin { ", an administrator" } else { "" });
    password.show(&chosen);
    Ok(())
}

async fn find(app: &App, name: &str) -> anyhow::Result<UserId> {
    let found = user::by_login(app, name).await?;
    Ok(found.with_context(|| format!("There is nobody named {name}"))?.id)
}

async fn list(app: &App, search: &Search, limit: u16) -> anyhow::Result<()> {
    let request =
        PageRequest { size: usize::from(limit), from: End::Newest, after: None, before: None, look_back: false };
    let page = admin::accounts(app, search, &request).await?;
    for account in &page.rows {
        println!("{:20}  {}{}", account.username, account.email, marks(account));
    }
    if page.has_next {
        println!("and more: --limit shows more of them");
    }
    Ok(())
}

fn marks(account: &Account) -> String {
    let mut marks = String::new();
    if account.role == Role::Admin {
        marks.push_str("  administrator");
    }
    match account.is_leaving {
        Some(true) => marks.push_str("  being deleted"),
        Some(false) => marks.push_str("  suspended"),
        None => (),
    }
    marks
}

impl PasswordArgs {
    fn read(&self) -> anyhow::Result<String> {
        if !self.password_stdin {
            return Ok(URL_SAFE_NO_PAD.encode(rand::random::<[u8; 12]>()));
        }
        let mut line = String::new();
        std::io::stdin().lock().read_line(&mut line).context("The password could not be read")?;
        let end = line.trim_end_matches(['\r', '\n']).len();
        line.truncate(end);
        Ok(line)
    }

    /// The made-up password, this once.
    fn show(&self, password: &str) {
        if !self.password_stdin {
            println!("Password: {password}");
        }
    }
}
