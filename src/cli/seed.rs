//! `roost seed`: people who follow each other and tweet, the same ones for the same numbers, made through the services.

use clap::Args;
use entity::UserId;
use indicatif::{ProgressBar, ProgressStyle};
use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;

use crate::app::App;
use crate::error::{Error, Result};
use crate::service::user::NewUser;
use crate::service::{follow, tweet, user};
use crate::worker;

const PASSWORD: &str = "roost-seed";

const NAMES: [&str; 12] =
    ["ada", "grace", "alan", "edsger", "barbara", "donald", "margaret", "dennis", "radia", "ken", "frances", "tony"];
const THINGS: [&str; 10] = [
    "a kettle that whistles in tune",
    "the first frost of the year",
    "a very patient cat",
    "bread with too much rosemary",
    "an empty train at night",
    "somebody else's umbrella",
    "a proof on half a page",
    "the smell of old libraries",
    "rain on a tin roof",
    "a bug that was a moth",
];
const OPENINGS: [&str; 6] = [
    "Today I met",
    "Nobody told me about",
    "I keep thinking of",
    "In praise of",
    "Overheard:",
    "There is nothing like",
];

#[derive(Args)]
pub struct SeedArgs {
    /// How many people
    #[arg(long, default_value_t = 20)]
    people: u32,
    /// How many others each follows
    #[arg(long, default_value_t = 8)]
    follows: u32,
    /// How many tweets each writes
    #[arg(long, default_value_t = 5)]
    tweets: u32,
    /// Another number makes other people
    #[arg(long, default_value_t = 42)]
    seed: u64,
}

/// # Errors
/// When these people are there already, or whatever the database says.
pub async fn seed(app: &App, args: &SeedArgs) -> anyhow::Result<()> {
    let follows = args.follows.min(args.people.saturating_sub(1));
    let steps = u64::from(args.people) * u64::from(1 + follows + args.tweets);
    let bar = ProgressBar::new(steps);
    bar.set_style(ProgressStyle::with_template("{msg:10} {bar:40} {pos}/{len}  {eta}")?);
    match make(app, args, follows, &bar).await {
        Ok(()) => (),
        Err(Error::User(faults)) => anyhow::bail!(
            "These people are there already ({}). Choose another --seed, or an empty --data-dir.",
            faults.iter().map(|fault| fault.message.as_str()).collect::<Vec<_>>().join(" ")
        ),
        Err(other) => return Err(other.into()),
    }
    bar.set_message("delivering");
    worker::drain(app).await?;
    bar.finish_and_clear();
    println!("Made {} people, {} follows, {} tweets.", args.people, args.people * follows, args.people * args.tweets);
    println!("Log in as {} or {}, password {PASSWORD}", username(args.seed, 0), username(args.seed, 1));
    Ok(())
}

async fn make(app: &App, args: &SeedArgs, follows: u32, bar: &ProgressBar) -> Result<()> {
    let mut dice = StdRng::seed_from_u64(args.seed);
    let hash = app.passwords.hash(PASSWORD.to_owned()).await?;
    bar.set_message("people");
    let mut people = Vec::new();
    for number in 0..args.people {
        let username = username(args.seed, number);
        let email = format!("{username}@example.org");
        people.push(user::create(app, &NewUser { username, email, nickname: None }, &hash).await?.id);
        bar.inc(1);
    }
    bar.set_message("follows");
    for person in &people {
        let others: Vec<UserId> = people.iter().copied().filter(|other| other != person).collect();
        for other in others.sample(&mut dice, follows as usize) {
            follow::follow(app, *person, *other).await?;
            bar.inc(1);
        }
    }
    bar.set_message("tweets");
    for _ in 0..args.tweets {
        for person in &people {
            let opening = OPENINGS.choose(&mut dice).unwrap_or(&"Hello,");
            let thing = THINGS.choose(&mut dice).unwrap_or(&"world");
            let new = tweet::NewTweet { content: format!("{opening} {thing}."), ..Default::default() };
            tweet::create(app, *person, &new).await?;
            bar.inc(1);
        }
    }
    Ok(())
}

/// `ada`, `grace`, …, `ada2`, …; for another seed with its number in it.
fn username(seed: u64, number: u32) -> String {
    let name = NAMES.get(number as usize % NAMES.len()).unwrap_or(&"somebody");
    let round = number as usize / NAMES.len() + 1;
    let round = if round == 1 { String::new() } else { round.to_string() };
    if seed == 42 { format!("{name}{round}") } else { format!("{name}{round}_{}", seed % 10_000) }
}
