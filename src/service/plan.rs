//! A made-up society: who follows whom, who tweets, comments and likes. The same numbers make the same society.
//!
//! It is carried out through the services, one deed after the other, or in bulk (`service::bulk`); both end in the same
//! tables, but for ids and times.

use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};

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

/// How large a society.
#[derive(Clone, Copy, Debug)]
pub struct Sizes {
    pub people: usize,
    /// How many others each follows, drawn at random.
    pub follows: usize,
    /// Whether besides everybody follows the first person.
    pub has_star: bool,
    /// Tweets a person.
    pub tweets: usize,
    /// Comments a tweet.
    pub comments: usize,
    /// Likes a tweet.
    pub likes: usize,
    /// The least length of a tweet, in bytes.
    pub length: usize,
    pub seed: u64,
}

/// Every deed by the places of those concerned in the lists.
#[derive(Clone, Debug)]
pub struct Plan {
    pub usernames: Vec<String>,
    /// Follower and followee.
    pub follows: Vec<(usize, usize)>,
    pub tweets: Vec<Text>,
    pub comments: Vec<Text>,
    /// Tweet and user.
    pub likes: Vec<(usize, usize)>,
}

#[derive(Clone, Debug)]
pub struct Text {
    pub author: usize,
    pub content: String,
    /// The tweet that a comment stands under; a tweet's own place.
    pub tweet: usize,
}

impl Plan {
    pub fn new(sizes: &Sizes) -> Self {
        let mut dice = StdRng::seed_from_u64(sizes.seed);
        let people: Vec<usize> = (0..sizes.people).collect();
        let mut plan = Self {
            usernames: people.iter().map(|number| username(sizes.seed, *number)).collect(),
            follows: Vec::new(),
            tweets: Vec::new(),
            comments: Vec::new(),
            likes: Vec::new(),
        };
        for person in &people {
            let candidates: Vec<usize> = people.iter().copied().filter(|other| other != person).collect();
            let mut followees: Vec<usize> = candidates.sample(&mut dice, sizes.follows).copied().collect();
            if sizes.has_star && *person != 0 && !followees.contains(&0) {
                followees.push(0);
            }
            plan.follows.extend(followees.into_iter().map(|followee| (*person, followee)));
        }
        for _ in 0..sizes.tweets {
            for author in &people {
                let tweet = plan.tweets.len();
                plan.tweets.push(Text { author: *author, content: words(&mut dice, sizes.length), tweet });
            }
        }
        for tweet in 0..plan.tweets.len() {
            for _ in 0..sizes.comments {
                let author = dice.random_range(0..sizes.people);
                plan.comments.push(Text { author, content: words(&mut dice, 1), tweet });
            }
            plan.likes.extend(people.sample(&mut dice, sizes.likes).map(|user| (tweet, *user)));
        }
        plan
    }

    /// How many deeds there are.
    pub fn len(&self) -> usize {
        self.usernames.len() + self.follows.len() + self.tweets.len() + self.comments.len() + self.likes.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// `ada`, `grace`, …, `ada2`, …; for another seed with its number in it.
fn username(seed: u64, number: usize) -> String {
    let name = NAMES.get(number % NAMES.len()).unwrap_or(&"somebody");
    let round = number / NAMES.len() + 1;
    let round = if round == 1 { String::new() } else { round.to_string() };
    if seed == 42 { format!("{name}{round}") } else { format!("{name}{round}_{}", seed % 10_000) }
}

/// Sentences until there are so many bytes of them.
fn words(dice: &mut StdRng, length: usize) -> String {
    let mut text = String::new();
    while text.len() < length {
        let opening = OPENINGS.choose(dice).unwrap_or(&"Hello,");
        let thing = THINGS.choose(dice).unwrap_or(&"world");
        let space = if text.is_empty() { "" } else { " " };
        text.push_str(&format!("{space}{opening} {thing}."));
    }
    text
}
