//! Where settings come from, and how a bad one is told.

use std::net::TcpListener;

use tokio::process::Command;

use crate::support::process::{Ended, Place, ended};

/// Runs a command that has to be refused without leaving anything behind; its sentence has to contain a text.
async fn refused(place: &Place, command: &mut Command, expected: &str) {
    let before = place.files();
    let answer = ended(command).await;
    assert!(answer.refused().contains(expected), "{expected}: {answer:?}");
    assert_eq!(place.files(), before, "{answer:?} left something behind");
}

#[tokio::test]
async fn a_taken_port_is_refused_in_one_sentence() {
    let place = Place::embedded();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let sentence = format!("It is not possible to listen on {address}");
    refused(&place, &mut place.roost(&["serve", "--listen", &address]), &sentence).await;
    refused(&place, place.roost(&[]).env("ROOST_LISTEN", &address), &sentence).await;
}

#[tokio::test]
async fn a_folder_that_cannot_be_made_is_refused_in_one_sentence() {
    let place = Place::embedded();
    std::fs::write(place.path("file"), "").unwrap();
    for command in [&["serve"][..], &["worker"], &["migrate"], &["seed"]] {
        for folder in ["file", "file/below"] {
            let args = [&["--data-dir", folder], command].concat();
            refused(&place, &mut place.roost(&args), &format!("The folder {folder} cannot be made")).await;
        }
    }
}

#[tokio::test]
async fn where_there_is_no_database_nothing_is_looked_after_and_none_is_made() {
    let place = Place::embedded();
    std::fs::write(place.path("file"), "").unwrap();
    std::fs::create_dir(place.path("empty")).unwrap();
    std::fs::create_dir(place.path("foreign")).unwrap();
    std::fs::write(place.path("foreign/roost.db"), "").unwrap();
    for command in [
        &["feed", "verify"][..],
        &["feed", "verify", "--repair"],
        &["feed", "promote"],
        &["feed", "sweep"],
        &["counters", "verify"],
        &["counters", "repair"],
        &["media", "sweep"],
        &["queue", "list"],
        &["queue", "retry"],
        &["queue", "drop"],
    ] {
        for folder in ["nowhere", "empty", "foreign", "file"] {
            let args = [&["--data-dir", folder], command].concat();
            let sentence = format!("There is no database of roost at sqlite://{folder}/roost.db");
            refused(&place, &mut place.roost(&args), &sentence).await;
            let made = std::fs::read_dir(place.path("empty")).unwrap().count();
            assert_eq!(made, 0, "{command:?}");
        }
    }
    // On a server it is there, but nothing is in it.
    let place = Place::empty();
    refused(&place, &mut place.roost(&["feed", "verify"]), "There is no database of roost at ").await;
    place.run(&["migrate"]).await.ok();
    place.run(&["feed", "verify"]).await.ok();
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused_in_one_sentence() {
    let place = Place::embedded();
    std::fs::create_dir(place.path("data")).unwrap();
    std::fs::write(
        place.path("data/roost.db"),
        "this is no database, but it is long enough to be read as one".repeat(99),
    )
    .unwrap();
    refused(&place, &mut place.roost(&["serve"]), "cannot be used").await;
    refused(&place, &mut place.roost(&["queue", "list"]), "cannot be used").await;
    std::fs::remove_file(place.path("data/roost.db")).unwrap();
    std::fs::create_dir(place.path("data/roost.db")).unwrap();
    refused(&place, &mut place.roost(&["serve"]), "cannot be used").await;
}

#[tokio::test]
async fn a_bad_configuration_file_is_refused_in_one_sentence() {
    let place = Place::embedded();
    for (file, expected) in [
        ("feed_batch = 0", "feed_batch has to be at least 1, but it is 0."),
        ("argon2_memory_kib = 4294967295", "argon2_memory_kib has to be at most 4194304, but it is 4294967295."),
        ("argon2_passes = 101", "argon2_passes has to be at most 100, but it is 101."),
        ("feed_batch = \"many\"", "feed_batch: invalid type"),
        ("feed_batch = 5000000000", "feed_batch"),
        ("feed_bach = 5", "feed_bach"),
        ("listen = \"localhost\"", "listen: invalid socket address"),
        ("public_url = \"ftp://example.org\"", "public_url has to begin with http:// or https://"),
        ("database_url = \"oracle://x\"", "database_url has to begin with sqlite://"),
        ("database_replica_url = \"postgres://x/y\"", "database_replica_url has to be the URL of a server"),
        ("redis_url = \"http://localhost\"", "redis_url cannot be used"),
        ("log = \"a=b=c\"", "is not a log filter"),
        ("feed_batch = 5 5", "line 1, column 16"),
        ("[feed]\nbatch = 5", "feed"),
        ("allowed_origins = [\"https://app.example/page\"]", "allowed_origins has to hold origins"),
        ("allowed_origins = [\"*\"]", "allowed_origins has to hold origins"),
        ("trusted_documents_mode = \"enforce\"", "set trusted_documents"),
        ("trusted_documents_mode = \"perhaps\"", "trusted_documents_mode"),
        ("request_seconds = 0", "request_seconds has to be at least 1"),
        ("answer_errors = 0", "answer_errors has to be at least 1"),
    ] {
        std::fs::write(place.path("roost.toml"), file).unwrap();
        refused(&place, &mut place.roost(&["serve"]), expected).await;
        refused(&place, &mut place.roost(&["migrate"]), expected).await;
    }
}

#[tokio::test]
async fn a_configuration_file_that_cannot_be_read_is_refused_in_one_sentence() {
    let place = Place::embedded();
    std::fs::write(place.path("latin.toml"), b"log = \"\xe9\"").unwrap();
    refused(&place, &mut place.roost(&["--config", "latin.toml", "serve"]), "latin.toml").await;
    std::fs::create_dir(place.path("folder")).unwrap();
    for missing in ["folder", "nowhere.toml"] {
        let sentence = format!("There is no configuration file at {missing}.");
        refused(&place, &mut place.roost(&["--config", missing, "serve"]), &sentence).await;
        refused(&place, place.roost(&["serve"]).env("ROOST_CONFIG", missing), &sentence).await;
    }
}

#[tokio::test]
async fn a_bad_variable_is_refused_in_one_sentence() {
    let place = Place::embedded();
    refused(&place, place.roost(&["serve"]).env("ROOST_LISTEN", "here"), "listen: invalid socket address").await;
    refused(&place, place.roost(&["serve"]).env("ROOST_FEED_BATCH", "0"), "feed_batch has to be at least 1").await;
}

#[tokio::test]
async fn more_memory_for_a_hash_than_there_is_is_told_by_the_name_of_the_setting() {
    let place = Place::embedded();
    std::fs::write(place.path("roost.toml"), "argon2_memory_kib = 4194304").unwrap();
    // No more than a gigabyte may be taken, whatever the machine has.
    let limited = format!("ulimit -v 1000000 && exec {} migrate", env!("CARGO_BIN_EXE_roost"));
    let mut command = Command::new("sh");
    let answer = ended(command.args(["-c", &limited]).current_dir(place.path(""))).await;
    let sentence = answer.refused();
    assert!(sentence.contains("argon2_memory_kib = 4194304") && !sentence.contains("database"), "{sentence}");
}

#[tokio::test]
async fn unknown_flags_and_commands_are_refused() {
    let place = Place::embedded();
    for args in [&["--port", "80"][..], &["serve", "--worker"], &["swerve"], &["feed", "verify", "--fix"], &["queue"]] {
        let answer = place.run(args).await;
        assert_eq!((answer.code, answer.stdout.as_str()), (Some(2), ""), "{answer:?}");
        let named = answer.stderr.contains(args[args.len() - 1]) || answer.stderr.contains(args[0]);
        assert!(named, "{answer:?}");
    }
    assert_eq!(place.files(), ["roost.toml"]);
}

#[tokio::test]
async fn an_unknown_variable_is_one_warning_and_roost_starts() {
    let place = Place::embedded();
    let mut command = place.roost(&["serve"]);
    let server = place.start(command.env("ROOST_FEED_BACH", "5").env("ROOST_LOG", "warn")).await;
    let log = place.log();
    assert_eq!(log.lines().count(), 1, "{log}");
    assert!(log.contains("WARN") && log.contains("ROOST_FEED_BACH is no setting of roost"), "{log}");
    assert!(!log.contains('\x1b'), "colours in a file: {log}");
    assert!(server.ready.starts_with("roost is ready"));
}

/// The value of a setting as `roost config` prints it.
fn printed<'a>(config: &'a Ended, key: &str) -> Option<&'a str> {
    config.ok().lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(" = "))
}

#[tokio::test]
async fn flags_go_before_variables_before_the_file_before_defaults() {
    let place = Place::embedded();
    std::fs::write(place.path("roost.toml"), "").unwrap();
    let key = "data_dir";
    assert_eq!(printed(&place.run(&["config"]).await, key), Some("\"data\""));
    std::fs::write(place.path("roost.toml"), "data_dir = \"of the file\"\nfeed_batch = 7").unwrap();
    assert_eq!(printed(&place.run(&["config"]).await, key), Some("\"of the file\""));
    let mut command = place.roost(&["config"]);
    let config = ended(command.env("ROOST_DATA_DIR", "of the variable").env("ROOST_FEED_BATCH", "8")).await;
    assert_eq!((printed(&config, key), printed(&config, "feed_batch")), (Some("\"of the variable\""), Some("8")));
    let mut command = place.roost(&["config", "--data-dir", "of the flag"]);
    let config = ended(command.env("ROOST_DATA_DIR", "of the variable")).await;
    assert_eq!((printed(&config, key), printed(&config, "feed_batch")), (Some("\"of the flag\""), Some("7")));
    assert_eq!(place.files(), ["roost.toml"], "config touches nothing");
}

#[tokio::test]
async fn a_list_in_the_environment_has_commas() {
    let place = Place::new();
    for (variable, expected) in [
        ("https://a.example, http://b.example:8080", r#"["https://a.example","http://b.example:8080"]"#),
        ("https://a.example", r#"["https://a.example"]"#),
        ("", "[]"),
    ] {
        let mut command = place.roost(&["config"]);
        let config = ended(command.env("ROOST_ALLOWED_ORIGINS", variable)).await;
        assert_eq!(printed(&config, "allowed_origins"), Some(expected), "{variable}");
    }
}

#[tokio::test]
async fn the_listen_flag_goes_before_the_variable() {
    let place = Place::embedded();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let mut command = place.roost(&["serve", "--listen", "127.0.0.1:0"]);
    let server = place.start(command.env("ROOST_LISTEN", &address)).await;
    assert_ne!(server.address().to_string(), address);
}

#[tokio::test]
async fn a_file_in_a_folder_above_is_not_read() {
    let place = Place::embedded();
    std::fs::create_dir(place.path("below")).unwrap();
    std::fs::write(place.path("roost.toml"), "feed_batch = 7").unwrap();
    let config = ended(place.roost(&["config"]).current_dir(place.path("below"))).await;
    assert_eq!(printed(&config, "feed_batch"), Some("1000"));
}

#[tokio::test]
async fn the_printed_configuration_hides_passwords_and_can_be_read_back() {
    let place = Place::embedded();
    std::fs::write(place.path("roost.toml"), "database_url = \"sqlite://me:secret@host/x.db\"").unwrap();
    let mut command = place.roost(&["config"]);
    let config = ended(command.env("ROOST_LOG", "roost=debug,warn").env("ROOST_DATA_DIR", "a \"b\" \\c é")).await;
    assert!(!config.ok().contains("secret"), "{config:?}");
    assert_eq!(printed(&config, "database_url"), Some("\"sqlite://me:****@host/x.db\""));
    std::fs::write(place.path("again.toml"), config.ok()).unwrap();
    let again = place.run(&["--config", "again.toml", "config"]).await;
    assert_eq!(again.ok(), config.ok());
}
