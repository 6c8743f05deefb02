//! `roost seed`: people who follow each other, tweet, comment and like; the same ones for the same numbers.

use clap::{Args, ValueEnum};
use entity::{Subject, UserId, tweet};
use indicatif::{ProgressBar, ProgressStyle};

use crate::app::App;
use crate::error::{Error, Result};
use crate::service::plan::{Plan, Sizes};
use crate::service::user::NewUser;
use crate::service::{bulk, comment, follow, like, user};
use crate::{service, worker};

const PASSWORD: &str = "roost-seed";
/// After how many rows a line is logged where no bar is shown.
const TOLD: u64 = 100_000;

#[derive(Args)]
pub struct SeedArgs {
    /// How many people
    #[arg(long, default_value_t = 20)]
    people: u16,
    /// How many others each follows
    #[arg(long, default_value_t = 8)]
    follows: u16,
    /// How many tweets each writes
    #[arg(long, default_value_t = 5)]
    tweets: u16,
    /// How many comments each tweet gets
    #[arg(long, default_value_t = 2)]
    comments: u16,
    /// How many likes each tweet gets
    #[arg(long, default_value_t = 3)]
    likes: u16,
    /// Another number makes other people
    #[arg(long, default_value_t = 42)]
    seed: u64,
    /// Write the rows many at a time, into an empty database, instead of doing one thing after the other
    #[arg(long)]
    bulk: bool,
    /// A workload of known sizes, in bulk; the other sizes do not count
    #[arg(long)]
    preset: Option<Preset>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Preset {
    /// The benchmark's: 2,000 people, 102,000 follows, 40,000 tweets, 120,000 comments, 200,000 likes
    SocialS,
    /// The same with ten times as many people: 20,000, and 28 million rows in all
    SocialM,
}

impl Preset {
    fn people(self) -> usize {
        match self {
            Self::SocialS => 2_000,
            Self::SocialM => 20_000,
        }
    }
}

impl SeedArgs {
    fn sizes(&self) -> Sizes {
        match self.preset {
            Some(preset) => Sizes {
                people: preset.people(),
                follows: 50,
                has_star: true,
                tweets: 20,
                comments: 3,
                likes: 5,
                length: 120,
                seed: self.seed,
            },
            None => Sizes {
                people: self.people.into(),
                follows: self.follows.into(),
                has_star: false,
                tweets: self.tweets.into(),
                comments: self.comments.into(),
                likes: self.likes.into(),
                length: 1,
                seed: self.seed,
            },
        }
    }
}

/// # Errors
/// When these people are there already, or whatever the database says.
pub async fn seed(app: &App, args: &SeedArgs) -> anyhow::Result<()> {
    let sizes = args.sizes();
    let limit = app.config.following_limit;
    // Whoever follows the star as well follows one more.
    let most = (sizes.follows + usize::from(sizes.has_star)).min(sizes.people.saturating_sub(1));
    if i64::try_from(most).is_ok_and(|most| most > limit) {
        anyhow::bail!(
            "Everybody is to follow {most} others, but following_limit is {limit}. Choose fewer with --follows."
        );
    }
    let plan = Plan::new(&sizes);
    let bar = ProgressBar::new(plan.len() as u64);
    bar.set_style(ProgressStyle::with_template("{msg:10} {bar:40} {pos}/{len}  {elapsed}")?);
    let made = if args.bulk || args.preset.is_some() {
        in_bulk(app, &plan, &bar).await
    } else {
        one_by_one(app, &plan, &bar).await
    };
    match made {
        Ok(()) => bar.finish_and_clear(),
        Err(Error::User(faults)) => anyhow::bail!(
            "{} Choose another --seed, or an empty --data-dir.",
            faults.iter().map(|fault| fault.message.as_str()).collect::<Vec<_>>().join(" ")
        ),
        Err(other) => return Err(other.into()),
    }
    println!(
        "Made {} people, {} follows, {} tweets, {} comments, {} likes.",
        plan.usernames.len(),
        plan.follows.len(),
        plan.tweets.len(),
        plan.comments.len(),
        plan.likes.len()
    );
    let names: Vec<&str> = plan.usernames.iter().take(2).map(String::as_str).collect();
    println!("Log in as {}, password {PASSWORD}", names.join(" or "));
    Ok(())
}

async fn in_bulk(app: &App, plan: &Plan, bar: &ProgressBar) -> Result<()> {
    let hash = app.passwords.hash(PASSWORD.to_owned()).await?;
    bar.set_message("rows");
    // Counters, notifications and feed entries are rows as well: the bar grows with them.
    bulk::carry_out(app, plan, &hash, |rows| {
        let before = bar.position();
        bar.inc(rows as u64);
        bar.set_length(bar.length().unwrap_or(0).max(bar.position()));
        // Without a terminal there is no bar.
        if bar.is_hidden() && before / TOLD != bar.position() / TOLD {
            tracing::info!("{} rows so far", bar.position());
        }
    })
    .await
}

async fn one_by_one(app: &App, plan: &Plan, bar: &ProgressBar) -> Result<()> {
    let hash = app.passwords.hash(PASSWORD.to_owned()).await?;
    let new = |username: &String| {
        let email = format!("{username}@example.org");
        NewUser { username: username.clone(), email, nickname: None }
    };
    // All are looked for before the first is made: some of them would be in the way of the next try.
    for NewUser { username, email, .. } in plan.usernames.iter().map(new) {
        user::free(app.db.read(), Some(&username), Some(&email)).await?;
    }
    bar.set_message("people");
    let mut people: Vec<UserId> = Vec::new();
    for username in &plan.usernames {
        people.push(user::create(app, &new(username), &hash).await?.id);
        bar.inc(1);
    }
    let person = |place: usize| people.get(place).copied().unwrap_or_default();
    bar.set_message("follows");
    for (follower, followee) in &plan.follows {
        follow::follow(app, person(*follower), person(*followee)).await?;
        bar.inc(1);
    }
    bar.set_message("tweets");
    let mut tweets: Vec<tweet::Model> = Vec::new();
    for text in &plan.tweets {
        let new = service::tweet::NewTweet { content: text.content.clone(), ..Default::default() };
        tweets.push(service::tweet::create(app, person(text.author), &new).await?);
        bar.inc(1);
    }
    let tweet = |place: usize| tweets.get(place).map(|tweet| tweet.id).unwrap_or_default();
    bar.set_message("comments");
    for text in &plan.comments {
        let (tweet, content) = (Ok(tweet(text.tweet)), text.content.clone());
        let new = comment::NewComment { tweet, content, idempotency_key: None };
        comment::create(app, person(text.author), &new).await?;
        bar.inc(1);
    }
    bar.set_message("likes");
    for (place, user) in &plan.likes {
        like::like(app, person(*user), Subject::Tweet(tweet(*place))).await?;
        bar.inc(1);
    }
    bar.set_message("delivering");
    worker::drain(app).await
}
