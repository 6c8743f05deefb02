//! What somebody has been told, held against the list of deeds.
//!
//! The worker alone tells and withdraws, by what stands at that moment: who stands is told once, for good; what stands no
//! longer is withdrawn as long as it is unread. When the queue is empty all of it has been done.

use std::collections::HashSet;

use entity::notification;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};
use serde_json::{Value, json};

use super::deeds::{Deed, Deeds};
use crate::support::{Person, TestApp};

const INBOX: &str = "{ viewer { unreadNotificationCount notifications(first: 100) { edges { cursor node {
    id isRead actor { username } subject { ... on Tweet { id } ... on Comment { id } } comment { id } } } }
    unread: notifications(first: 100, unreadOnly: true) { nodes { id } } } }";
const MARK: &str = "mutation ($input: MarkNotificationsReadInput!) {
    markNotificationsRead(input: $input) { markedCount userErrors { code message field } } }";

/// What the worker has had the time for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Worked {
    Not,
    Some,
    /// No message is left.
    All,
}

#[derive(Clone, Debug)]
struct Row {
    deed: Deed,
    is_read: bool,
    is_withdrawn: bool,
    /// Marked as unread again after the deed had been undone: no message will come that withdraws it.
    is_revived: bool,
}

/// One person's notifications as they were at the last look, by their numbers: the first is number 1.
#[derive(Default)]
pub struct Inbox {
    rows: Vec<Row>,
}

impl Inbox {
    /// Asserts that what has changed since the last look may have changed, and that what must have changed has.
    pub async fn check(&mut self, app: &TestApp, people: &[Person], n: usize, deeds: &Deeds, worked: Worked) {
        let found = self.read(app, people, n).await;
        let stand = deeds.concerning(n);
        assert!(found.len() >= self.rows.len(), "a notification is gone");
        for (known, now) in self.rows.iter().zip(&found) {
            assert_eq!((known.deed, known.is_read), (now.deed, now.is_read), "changed by nobody");
            let may_go = worked != Worked::Not && !known.is_read && !stand.contains(&known.deed);
            let must_go = may_go && worked == Worked::All && !known.is_revived;
            match (known.is_withdrawn, now.is_withdrawn) {
                (true, now) => assert!(now, "told again: {known:?}"),
                (false, true) => assert!(may_go, "withdrawn for no reason: {known:?}"),
                (false, false) => assert!(!must_go, "not withdrawn: {known:?}"),
            }
        }
        let mut told: HashSet<Deed> = self.rows.iter().map(|row| row.deed).collect();
        for new in &found[self.rows.len()..] {
            assert!(worked != Worked::Not && stand.contains(&new.deed), "told of what does not stand: {new:?}");
            assert!(told.insert(new.deed), "told twice: {new:?}");
            assert!(!new.is_read && !new.is_withdrawn, "{new:?}");
        }
        if worked == Worked::All {
            assert!(stand.is_subset(&told), "not told: {:?}", stand.difference(&told));
        }
        self.rows = found;
        if deeds.is_active(n) {
            self.check_list(app, people, n, deeds).await;
        }
    }

    /// The rows of the table, whose numbers have no gap.
    async fn read(&self, app: &TestApp, people: &[Person], n: usize) -> Vec<Row> {
        let all = notification::Entity::find().filter(notification::Column::RecipientId.eq(people[n].id));
        let all = all.order_by_asc(notification::Column::Seq).all(app.app.db.read()).await.unwrap();
        let numbers: Vec<i64> = all.iter().map(|row| row.seq).collect();
        let last = app.number("SELECT last_seq FROM inbox WHERE user_id = ?", [people[n].id.into()]).await;
        assert_eq!(numbers, (1..=last).collect::<Vec<_>>());
        let row = |(place, row): (usize, &notification::Model)| Row {
            deed: deed(people, row),
            is_read: row.is_read,
            is_withdrawn: row.is_withdrawn,
            is_revived: self.rows.get(place).is_some_and(|known| known.is_revived),
        };
        all.iter().enumerate().map(row).collect()
    }

    /// Which rows the person is shown, newest first.
    pub fn shown(&self, deeds: &Deeds) -> Vec<usize> {
        let is_shown = |row: &Row| !row.is_withdrawn && deeds.is_active(row.deed.2);
        (0..self.rows.len()).rev().filter(|place| is_shown(&self.rows[*place])).collect()
    }

    /// The list that the person sees, and the number of unread ones.
    async fn check_list(&self, app: &TestApp, people: &[Person], n: usize, deeds: &Deeds) {
        let answer = app.as_user(&people[n]).gql(INBOX, json!({})).await;
        let viewer = &answer.ok()["viewer"];
        let edges = viewer["notifications"]["edges"].as_array().unwrap();
        let shown = self.shown(deeds);
        assert_eq!(edges.len(), shown.len(), "{edges:?} {:?}", self.rows);
        for (edge, place) in edges.iter().zip(&shown) {
            let Row { deed: (kind, subject, actor), is_read, .. } = self.rows[*place];
            let node = &edge["node"];
            assert_eq!((&node["isRead"], &node["actor"]["username"]), (&json!(is_read), &json!(people[actor].name)));
            // What is gone or hidden is not named any more.
            let about = if kind == notification::NotificationKind::Commented { "comment" } else { "subject" };
            let named = node[about]["id"].as_str().map(ToOwned::to_owned);
            assert_eq!(named, deeds.seen(subject), "{node}");
        }
        let ids = |unread: &Value| unread["id"].clone();
        let unread: Vec<Value> = viewer["unread"]["nodes"].as_array().unwrap().iter().map(ids).collect();
        let expected = edges.iter().map(|edge| &edge["node"]).filter(|node| node["isRead"] == false).map(ids);
        assert_eq!(unread, expected.collect::<Vec<_>>());
        // Those by suspended people are counted, and hidden.
        let count = self.rows.iter().filter(|row| !row.is_withdrawn && !row.is_read).count();
        assert_eq!(viewer["unreadNotificationCount"], count);
    }

    /// Marks all as read.
    pub async fn read_all(&mut self, app: &TestApp, person: &Person) {
        let last = self.rows.len();
        self.mark_first(app, person, json!({}), last).await;
    }

    /// Marks as read up to one of those that are shown.
    pub async fn read_up_to(&mut self, app: &TestApp, person: &Person, deeds: &Deeds, which: usize) {
        let shown = self.shown(deeds);
        let which = which % shown.len();
        let edge = edge(app, person, which).await;
        self.mark_first(app, person, json!({ "upTo": edge["cursor"] }), shown[which] + 1).await;
    }

    async fn mark_first(&mut self, app: &TestApp, person: &Person, input: Value, count: usize) {
        let mut marked = 0;
        for row in self.rows[..count].iter_mut().filter(|row| !row.is_withdrawn && !row.is_read) {
            row.is_read = true;
            marked += 1;
        }
        assert_eq!(mark(app, person, input).await, marked);
    }

    /// Marks one of those that are shown: the other way round, or now and then as it is.
    pub async fn mark(&mut self, app: &TestApp, person: &Person, n: usize, deeds: &Deeds, which: usize) {
        let shown = self.shown(deeds);
        let is_no_change = which.is_multiple_of(4);
        let which = which % shown.len();
        let edge = edge(app, person, which).await;
        let row = &mut self.rows[shown[which]];
        let read = row.is_read == is_no_change;
        let changes = i64::from(row.is_read != read);
        row.is_read = read;
        row.is_revived |= !read && !deeds.concerning(n).contains(&row.deed);
        let input = json!({ "notificationIds": [edge["node"]["id"]], "read": read });
        assert_eq!(mark(app, person, input).await, changes);
    }
}

/// One of those that are shown, newest first.
async fn edge(app: &TestApp, person: &Person, which: usize) -> Value {
    let answer = app.as_user(person).gql(INBOX, json!({})).await;
    answer.ok()["viewer"]["notifications"]["edges"][which].clone()
}

/// Returns how many changed.
async fn mark(app: &TestApp, person: &Person, input: Value) -> i64 {
    let answer = app.as_user(person).gql(MARK, json!({ "input": input })).await;
    answer.changed("markNotificationsRead")["markedCount"].as_i64().unwrap()
}

fn deed(people: &[Person], row: &notification::Model) -> Deed {
    let actor = people.iter().position(|person| person.id == row.actor_id).unwrap();
    let subject = if row.kind == notification::NotificationKind::Followed { 0 } else { row.subject_id };
    (row.kind, subject, actor)
}
