//! The line between processes: one channel of Redis, on which everybody speaks and listens.
//!
//! Redis delivers at most once. So messages carry numbers (`peers`), and whoever misses one, or does not hear even itself,
//! has its listeners look for themselves.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use redis::AsyncCommands;
use tokio::sync::mpsc;
use tokio::time::{interval, sleep, timeout};
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

use super::peers::{Frame, Peers};
use super::{Event, Live};
use crate::redis::Redis;

/// How often a process says how much it has told.
const BEAT: Duration = Duration::from_millis(200);
/// After such a silence a process counts as gone; and we as cut off, if it is ourselves whom we do not hear.
const SILENCE: Duration = Duration::from_millis(700);
/// For so long what is in memory is believed after we have heard ourselves: what others change is not shown for a second.
const BELIEVED: Duration = Duration::from_millis(600);
/// How many events may wait to be told. More are told by their number alone: the others then look for themselves.
const BACKLOG: usize = 4_096;
/// Between two tries to listen.
const PAUSE: Duration = Duration::from_millis(250);
/// To connect, and to say the last things.
const PATIENCE: Duration = Duration::from_secs(1);

#[derive(Clone)]
pub struct Link {
    events: mpsc::Sender<Event>,
    /// Events for which there was no room.
    skipped: Arc<AtomicU64>,
    is_up: Arc<AtomicBool>,
    others: Others,
    tasks: TaskTracker,
    stop: CancellationToken,
    /// With the last clone the tasks end.
    _end: Arc<DropGuard>,
}

impl Link {
    pub fn start(redis: Redis, local: Live) -> Self {
        let (events, told) = mpsc::channel(BACKLOG);
        let (skipped, is_up) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        let from = rand::random();
        let speaker = Speaker { redis: redis.clone(), from, told: 0, skipped: Arc::clone(&skipped) };
        tasks.spawn(speaker.speak(told, stop.clone()));
        let others = Others::default();
        let listener = Listener { redis, from, local, is_up: Arc::clone(&is_up), others: others.clone() };
        tokio::spawn(listener.listen(stop.clone()));
        tasks.close();
        let end = Arc::new(stop.clone().drop_guard());
        Self { events, skipped, is_up, others, tasks, stop, _end: end }
    }

    pub fn send(&self, event: Event) {
        if self.events.try_send(event).is_err() {
            self.skipped.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Whether everything that others tell gets here.
    pub fn is_up(&self) -> bool {
        self.is_up.load(Ordering::Relaxed)
    }

    /// Whether there are more processes than are heard. One that cannot speak may change something all the same; one that was
    /// killed counts until its lease has run out.
    pub fn somebody_is_unheard(&self, count: usize) -> bool {
        self.others.there.store(count, Ordering::Relaxed);
        self.others.are_unheard()
    }

    /// Says the last things.
    pub async fn close(&self) {
        self.stop.cancel();
        drop(timeout(PATIENCE, self.tasks.wait()).await);
    }
}

/// Who else is on the line.
#[derive(Clone, Default)]
struct Others {
    heard: Arc<AtomicUsize>,
    /// As far as the database knows.
    there: Arc<AtomicUsize>,
}

impl Others {
    fn are_unheard(&self) -> bool {
        self.there.load(Ordering::Relaxed) > self.heard.load(Ordering::Relaxed)
    }
}

fn channel(redis: &Redis) -> String {
    redis.key("live")
}

struct Speaker {
    redis: Redis,
    from: u64,
    told: u64,
    skipped: Arc<AtomicU64>,
}

impl Speaker {
    async fn speak(mut self, mut events: mpsc::Receiver<Event>, stop: CancellationToken) {
        let mut beat = interval(BEAT);
        loop {
            let mut batch = Vec::new();
            tokio::select! {
                _ = events.recv_many(&mut batch, 256) => (),
                _ = beat.tick() => (),
                () = stop.cancelled() => break,
            }
            self.say(batch, false).await;
        }
        let mut rest = Vec::new();
        while let Ok(event) = events.try_recv() {
            rest.push(event);
        }
        self.say(rest, true).await;
    }

    /// What does not arrive is missed by the others at the next number that they hear.
    async fn say(&mut self, events: Vec<Event>, bye: bool) {
        self.told += events.len() as u64 + self.skipped.swap(0, Ordering::Relaxed);
        let frame = Frame { from: self.from, told: self.told, events, bye };
        let Ok(text) = serde_json::to_string(&frame) else { return };
        let channel = channel(&self.redis);
        let said = |mut redis: redis::aio::ConnectionManager| async move { redis.publish(channel, text).await };
        let _receivers: Option<i64> = self.redis.ask(said).await;
    }
}

struct Listener {
    redis: Redis,
    from: u64,
    local: Live,
    is_up: Arc<AtomicBool>,
    others: Others,
}

impl Listener {
    async fn listen(self, stop: CancellationToken) {
        loop {
            tokio::select! {
                ended = self.hear() => {
                    self.local.caches.close();
                    if self.is_up.swap(false, Ordering::Relaxed) {
                        tracing::warn!(why = ended, "cut off from the other processes; listeners look once a second");
                        self.local.gap();
                    }
                }
                () = stop.cancelled() => return,
            }
            tokio::select! {
                () = sleep(PAUSE) => (),
                () = stop.cancelled() => return,
            }
        }
    }

    /// Passes on what is said, until the line is dead. Returns why it is.
    async fn hear(&self) -> &'static str {
        let Ok(Ok(mut line)) = timeout(PATIENCE, self.redis.listener()).await else { return "no connection" };
        if !matches!(timeout(PATIENCE, line.subscribe(channel(&self.redis))).await, Ok(Ok(()))) {
            return "no subscription";
        }
        let mut messages = line.on_message();
        let (mut peers, mut beat, mut missed) = (Peers::default(), interval(BEAT), false);
        let mut heard_myself = Instant::now();
        loop {
            tokio::select! {
                message = messages.next() => {
                    let Some(message) = message else { return "the connection ended" };
                    let payload = message.get_payload_bytes();
                    let Ok(frame) = serde_json::from_slice::<Frame>(payload) else { missed = true; continue };
                    if frame.from == self.from {
                        heard_myself = Instant::now();
                        if !self.others.are_unheard() {
                            self.local.caches.open(Some(BELIEVED));
                        }
                        missed |= !self.is_up.swap(true, Ordering::Relaxed);
                        continue;
                    }
                    missed |= !peers.hear(&frame, Instant::now());
                    self.others.heard.store(peers.count(), Ordering::Relaxed);
                    frame.events.into_iter().for_each(|event| self.local.hear(event));
                }
                // Several things missed within a beat are one reason to look.
                _ = beat.tick() => {
                    let before = peers.count();
                    if !peers.forget_silent(SILENCE, Instant::now()) {
                        missed = true;
                        self.others.heard.store(peers.count(), Ordering::Relaxed);
                        // It is there until it is known to be gone.
                        self.others.there.fetch_max(before, Ordering::Relaxed);
                        self.local.caches.close();
                    }
                    if std::mem::take(&mut missed) {
                        self.local.gap();
                    }
                    if heard_myself.elapsed() > SILENCE {
                        return "silence";
                    }
                }
            }
        }
    }
}
