//! Random histories: whatever people do, and however the queue behaves, what anybody sees is right.
//!
//! After every step a feed holds nothing that its definition does not (soundness), loses nothing that could be seen and
//! still should be (no flicker), and has one's own tweets and the past of somebody just followed at once; counters equal
//! what counting gives; comments, likes and notifications are those of the plain list of deeds. Once the queue is empty, the
//! feed equals its definition, in pages of every size, from both ends, and everybody has been told of what stands. Two
//! processes with clocks apart share the database, or one reads from memory as much as it can; caches lose what they know now and
//! then; messages are handled late, out of order and more than once.

mod deeds;
mod society;
mod told;
mod world;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::support::database::share;
use world::World;

/// People, tweets and subjects are named by numbers, which count round and round among those that there are.
#[derive(Clone, Debug)]
pub enum Step {
    SignUp,
    Follow(usize, usize),
    /// Of one whom they follow, or of just anybody.
    Unfollow(usize, usize),
    Tweet(usize),
    Delete(usize),
    Comment(usize, usize),
    /// By its author, or by that of the tweet.
    DeleteComment(usize, bool),
    Like(usize, usize),
    /// Of what they like, or of just anything.
    Unlike(usize, usize),
    /// One of those who have been told something reads it all.
    Read(usize),
    /// The same up to one of them.
    ReadUpTo(usize, usize),
    /// One notification is marked: the other way round, or once more as it is.
    Mark(usize, usize),
    Suspend(usize),
    Restore(usize),
    /// The worker handles so many messages.
    Work(u32),
    /// Messages that wait are put into another order.
    Shuffle,
    /// A message that was posted at some time arrives once more.
    Repeat(usize),
    Promote,
    Sweep,
    Drain,
    /// The caches lose some of what they know.
    Forget(usize),
}

/// What the history happens in.
#[derive(Clone, Copy)]
pub struct House {
    /// Authors with more followers are pulled.
    limit: i64,
    batch: u32,
    /// Two processes, whose clocks are apart, take turns.
    is_shared: bool,
    is_cached: bool,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let (one, two) = (0..6_usize, (0..6_usize, 0..6_usize));
    let (some, with_some) = (0..200_usize, (0..6_usize, 0..200_usize));
    let step = prop_oneof![
        1 => Just(Step::SignUp),
        6 => two.prop_map(|(a, b)| Step::Follow(a, b)),
        4 => with_some.clone().prop_map(|(a, n)| Step::Unfollow(a, n)),
        6 => one.clone().prop_map(Step::Tweet),
        2 => some.clone().prop_map(Step::Delete),
        4 => with_some.clone().prop_map(|(a, n)| Step::Comment(a, n)),
        2 => (some.clone(), any::<bool>()).prop_map(|(n, own)| Step::DeleteComment(n, own)),
        6 => with_some.clone().prop_map(|(a, n)| Step::Like(a, n)),
        4 => with_some.clone().prop_map(|(a, n)| Step::Unlike(a, n)),
        2 => some.clone().prop_map(Step::Read),
        1 => with_some.clone().prop_map(|(a, n)| Step::ReadUpTo(a, n)),
        3 => with_some.prop_map(|(a, n)| Step::Mark(a, n)),
        1 => one.clone().prop_map(Step::Suspend),
        2 => one.prop_map(Step::Restore),
        8 => (1..4_u32).prop_map(Step::Work),
        1 => Just(Step::Shuffle),
        2 => some.prop_map(Step::Repeat),
        1 => Just(Step::Promote),
        1 => Just(Step::Sweep),
        1 => Just(Step::Drain),
        3 => (0..10_usize).prop_map(Step::Forget),
    ];
    proptest::collection::vec(step, 20..70)
}

fn run(cases: u32, house: House) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let config = Config { cases: share(cases), max_shrink_iters: 300, failure_persistence: None, ..Config::default() };
    let tested = TestRunner::new(config).run(&steps(), |steps| {
        runtime.block_on(async {
            let mut world = World::new(house).await;
            for step in &steps {
                let worked = world.take(step).await;
                world.look(worked).await;
            }
            world.settle().await;
        });
        Ok(())
    });
    tested.unwrap_or_else(|fault| panic!("{fault}"));
}

#[test]
fn all_is_right_when_people_cross_the_limit_all_the_time() {
    run(18, House { limit: 2, batch: 2, is_shared: true, is_cached: true });
}

#[test]
fn all_is_right_when_everybody_is_pushed() {
    run(9, House { limit: 100, batch: 1, is_shared: true, is_cached: true });
}

#[test]
fn all_is_right_when_nearly_everybody_is_pulled() {
    run(9, House { limit: 1, batch: 3, is_shared: true, is_cached: true });
}

#[test]
fn all_is_right_in_one_process_from_memory() {
    run(12, House { limit: 2, batch: 2, is_shared: false, is_cached: true });
}

#[test]
fn all_is_right_in_one_process_from_memory_when_everybody_is_pushed() {
    run(8, House { limit: 100, batch: 1, is_shared: false, is_cached: true });
}

#[test]
fn all_is_right_without_memory() {
    run(4, House { limit: 2, batch: 2, is_shared: true, is_cached: false });
}
