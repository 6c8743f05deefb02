//! The command line, as a process of its own.

mod backup;
mod bulk;
mod configuration;
mod ends;
mod feed;
mod gate;
mod logs;
mod processes;
mod queue;
mod seed;
mod user;

use crate::support::process::{Ended, Place};

impl Ended {
    /// The standard output of a command that succeeded.
    #[track_caller]
    fn ok(&self) -> &str {
        assert_eq!(self.code, Some(0), "{self:?}");
        &self.stdout
    }

    /// The one plain sentence of a command that was refused.
    #[track_caller]
    fn refused(&self) -> &str {
        assert_eq!((self.code, self.stdout.as_str()), (Some(2), ""), "{self:?}");
        assert!(!self.stderr.contains("panicked"), "{self:?}");
        let sentence = self.stderr.strip_prefix("roost: ").unwrap_or_default();
        assert_eq!(sentence.trim_end().lines().count(), 1, "{self:?}");
        sentence.trim_end()
    }
}

#[tokio::test]
async fn help_names_every_command() {
    let help = Place::new().run(&["--help"]).await;
    for command in
        ["serve", "worker", "migrate", "schema", "config", "seed", "feed", "queue", "user", "gate", "backup", "restore"]
    {
        assert!(help.ok().lines().any(|line| line.trim_start().starts_with(command)), "{command}: {help:?}");
    }
    let user = ["list", "create", "suspend", "restore", "delete", "promote", "demote", "reset-password"];
    for (group, commands) in [
        ("feed", &["verify", "promote", "sweep"][..]),
        ("queue", &["list", "retry", "drop"]),
        ("gate", &["list", "show", "set"]),
        ("user", &user),
    ] {
        let help = Place::new().run(&[group, "--help"]).await;
        for command in commands {
            assert!(help.ok().lines().any(|line| line.trim_start().starts_with(command)), "{command}: {help:?}");
        }
    }
}

#[tokio::test]
async fn schema_prints_the_whole_schema_and_touches_nothing() {
    let place = Place::new();
    std::fs::write(place.path("roost.toml"), "this is no configuration").unwrap();
    let schema = place.run(&["schema"]).await;
    assert_eq!(schema.ok(), roost::graphql::sdl());
    assert!(schema.stdout.contains("type Query"));
    assert_eq!(place.files(), ["roost.toml"]);
}

#[tokio::test]
async fn migrate_makes_the_database_and_may_be_repeated() {
    let place = Place::empty();
    assert_eq!(place.run(&["migrate"]).await.ok(), "The database is up to date.\n");
    assert_eq!(place.run(&["migrate"]).await.ok(), "The database is up to date.\n");
    let app = place.open().await;
    assert_eq!(app.number("SELECT COUNT(*) FROM users", []).await, 0);
    assert_eq!(app.number("SELECT COUNT(*) FROM node", []).await, 1, "a command kept its node number");
}

#[tokio::test]
async fn a_folder_may_have_any_name() {
    let place = Place::embedded();
    for folder in ["two words", "what?mode=memory", "100%41", "a#b", "é/ü"] {
        place.run(&["--data-dir", folder, "migrate"]).await.ok();
        assert!(place.path(folder).join("roost.db").is_file(), "{folder}: {:?}", place.files());
    }
}
