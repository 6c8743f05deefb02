//! What people have done, as plain lists: the oracle of all that is counted, listed and told.

use std::collections::HashSet;

use base64::Engine;
use entity::notification::NotificationKind;

pub struct Tweet {
    pub author: usize,
    pub gid: String,
}

pub struct Comment {
    pub author: usize,
    pub tweet: String,
    pub gid: String,
}

/// What makes a notification one of a kind for its recipient: what was done, to what, by whom.
pub type Deed = (NotificationKind, i64, usize);

/// What stands: whatever was undone or deleted is gone from here. People are numbers.
#[derive(Default)]
pub struct Deeds {
    pub tweets: Vec<Tweet>,
    pub comments: Vec<Comment>,
    /// What is liked, and who likes it.
    pub likes: Vec<(String, usize)>,
    /// Follower and followee.
    pub follows: Vec<(usize, usize)>,
    pub suspended: HashSet<usize>,
}

impl Deeds {
    pub fn is_active(&self, person: usize) -> bool {
        !self.suspended.contains(&person)
    }

    /// The global ids of all tweets and comments.
    pub fn subjects(&self) -> Vec<String> {
        let tweets = self.tweets.iter().map(|tweet| tweet.gid.clone());
        tweets.chain(self.comments.iter().map(|comment| comment.gid.clone())).collect()
    }

    /// Whether anybody sees a tweet or comment.
    pub fn is_seen(&self, gid: &str) -> bool {
        if let Some(tweet) = self.tweets.iter().find(|tweet| tweet.gid == gid) {
            return self.is_active(tweet.author);
        }
        let comment = self.comments.iter().find(|comment| comment.gid == gid);
        comment.is_some_and(|comment| self.is_active(comment.author) && self.is_seen(&comment.tweet))
    }

    /// The global id of what is seen and has this number.
    pub fn seen(&self, id: i64) -> Option<String> {
        self.subjects().into_iter().find(|gid| number(gid) == id && self.is_seen(gid))
    }

    pub fn author(&self, gid: &str) -> usize {
        let tweets = self.tweets.iter().map(|tweet| (&tweet.gid, tweet.author));
        let mut all = tweets.chain(self.comments.iter().map(|comment| (&comment.gid, comment.author)));
        all.find(|(id, _)| *id == gid).unwrap().1
    }

    /// What somebody is to be told of. Nobody is told of their own deeds.
    pub fn concerning(&self, recipient: usize) -> HashSet<Deed> {
        let mut deeds = HashSet::new();
        for (subject, actor) in self.likes.iter().filter(|(subject, _)| self.author(subject) == recipient) {
            deeds.insert((NotificationKind::Liked, number(subject), *actor));
        }
        for comment in self.comments.iter().filter(|comment| self.author(&comment.tweet) == recipient) {
            deeds.insert((NotificationKind::Commented, number(&comment.gid), comment.author));
        }
        for (follower, _) in self.follows.iter().filter(|(_, followee)| *followee == recipient) {
            // What was done is done to oneself: the number is the recipient's, which the caller knows.
            deeds.insert((NotificationKind::Followed, 0, *follower));
        }
        deeds.retain(|(_, _, actor)| *actor != recipient);
        deeds
    }

    pub fn like(&mut self, subject: &str, person: usize) {
        if !self.likes.contains(&(subject.to_owned(), person)) {
            self.likes.push((subject.to_owned(), person));
        }
    }

    /// With all that hangs on it.
    pub fn delete_tweet(&mut self, gid: &str) {
        let under: Vec<&Comment> = self.comments.iter().filter(|comment| comment.tweet == gid).collect();
        let under: Vec<String> = under.into_iter().map(|comment| comment.gid.clone()).collect();
        for comment in under {
            self.delete_comment(&comment);
        }
        self.tweets.retain(|tweet| tweet.gid != gid);
        self.likes.retain(|(subject, _)| subject != gid);
    }

    /// With its likes.
    pub fn delete_comment(&mut self, gid: &str) {
        self.comments.retain(|comment| comment.gid != gid);
        self.likes.retain(|(subject, _)| subject != gid);
    }
}

/// The number inside a global id.
fn number(gid: &str) -> i64 {
    let text = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(gid).unwrap();
    String::from_utf8(text).unwrap().rsplit(':').next().unwrap().parse().unwrap()
}
