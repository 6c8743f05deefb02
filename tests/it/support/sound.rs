//! What has to be true of a database on which nothing is left to do, whatever was done to it and to those who worked on it.

use roost::service::counters;
use roost::service::feed::verify;

use super::process::until;
use super::{Person, TestApp};

impl TestApp {
    /// Waits for others to have worked everything off, as long as they get on with it.
    pub async fn settled(&self) {
        let mut left = self.left().await;
        while left > 0 {
            until("there is less to do", async || self.left().await < left).await;
            left = self.left().await;
        }
    }

    /// How many messages are still to be handled.
    async fn left(&self) -> i64 {
        self.number("SELECT COUNT(*) FROM outbox", []).await
    }

    /// Feeds are what their definition says, counters what counting gives, and nothing was given up or left half done.
    pub async fn assert_sound(&self, people: &[Person]) {
        for reader in people {
            assert_eq!(self.home_feed(reader).await, self.oracle_feed(reader).await, "{}", reader.name);
        }
        for (what, wrong) in [
            ("dead letters", "SELECT COUNT(*) FROM dead_letter"),
            (
                "inboxes",
                "SELECT COUNT(*) FROM inbox i WHERE
                 last_seq <> (SELECT COUNT(*) FROM notification WHERE recipient_id = i.user_id)
                 OR unread <> (SELECT COUNT(*) FROM notification
                               WHERE recipient_id = i.user_id AND NOT is_withdrawn AND NOT is_read)",
            ),
            (
                "people made by halves",
                "SELECT COUNT(*) FROM users u WHERE 3 <> (SELECT COUNT(*) FROM profile WHERE user_id = u.id)
                 + (SELECT COUNT(*) FROM user_stats WHERE user_id = u.id)
                 + (SELECT COUNT(*) FROM inbox WHERE user_id = u.id)",
            ),
            ("tweets that are deleted and still there", "SELECT COUNT(*) FROM tweet WHERE deleted_at IS NOT NULL"),
        ] {
            assert_eq!(self.number(wrong, []).await, 0, "{what}");
        }
        assert_eq!(counters::verify(&self.app).await.unwrap(), []);
        let report = verify::verify(&self.app, None).await.unwrap();
        assert!(report.faults.is_empty() && report.waiting == 0, "{report:?}");
    }

    /// Rows of texts, sorted.
    pub async fn texts<const N: usize>(&self, text: &str) -> Vec<[String; N]> {
        let rows = self.rows(text, []).await;
        let mut texts: Vec<_> =
            rows.iter().map(|row| std::array::from_fn(|column| row.try_get_by_index(column).unwrap())).collect();
        texts.sort();
        texts
    }

    /// Who follows whom.
    pub async fn edges(&self) -> Vec<[String; 2]> {
        let text = "SELECT a.username, b.username FROM follow f
                    JOIN users a ON a.id = f.follower_id JOIN users b ON b.id = f.followee_id";
        self.texts(text).await
    }

    /// Who wrote what.
    pub async fn tweets(&self) -> Vec<[String; 2]> {
        self.texts("SELECT u.username, t.content FROM tweet t JOIN users u ON u.id = t.author_id").await
    }
}
