//! Where pictures are worked on: off the async threads, and only so many at a time.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use tokio::{sync::Semaphore, task::spawn_blocking, time::timeout};

use super::{MediaError, MediaLimits, Photo, Picture, clean};

/// How long a picture waits for its turn.
const PATIENCE: Duration = Duration::from_secs(10);

/// Runs [`photo`](super::photo) and [`avatar`](super::avatar) for async callers. Clones share the same seats.
#[derive(Debug, Clone)]
pub struct Darkroom {
    limits: MediaLimits,
    seats: Arc<Semaphore>,
}

impl Darkroom {
    /// `seats` pictures are worked on at once, at least one. Each may take a processor and, at the worst (a progressive
    /// JPEG of as many pixels as `limits` allow), eleven bytes a pixel.
    pub fn new(limits: MediaLimits, seats: usize) -> Self {
        Self { limits, seats: Arc::new(Semaphore::new(seats.max(1))) }
    }

    /// [`photo`](super::photo), in its turn.
    ///
    /// # Errors
    /// Those of `photo`, and `Busy` if no seat came free within ten seconds.
    pub async fn photo(&self, bytes: Bytes) -> Result<Photo, MediaError> {
        self.run(move |limits| clean::photo(&bytes, limits)).await
    }

    /// [`avatar`](super::avatar), in its turn.
    ///
    /// # Errors
    /// Those of `avatar`, and `Busy` if no seat came free within ten seconds.
    pub async fn avatar(&self, bytes: Bytes) -> Result<Picture, MediaError> {
        self.run(move |limits| clean::avatar(&bytes, limits)).await
    }

    async fn run<T, F>(&self, work: F) -> Result<T, MediaError>
    where
        T: Send + 'static,
        F: FnOnce(&MediaLimits) -> Result<T, MediaError> + Send + 'static,
    {
        let seat = timeout(PATIENCE, Arc::clone(&self.seats).acquire_owned());
        let Ok(Ok(seat)) = seat.await else { return Err(MediaError::Busy) };
        let limits = self.limits.clone();
        // The seat goes along: a caller who hangs up frees it only when the work, which nothing can stop, is done.
        let task = spawn_blocking(move || {
            let _seat = seat;
            work(&limits)
        });
        task.await.map_err(|panic| MediaError::Failed(Box::new(panic)))?
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn who_waits_too_long_is_told_busy() {
        let darkroom = Darkroom::new(MediaLimits::default(), 1);
        let _seat = darkroom.seats.acquire().await.unwrap();
        assert!(matches!(darkroom.photo(Bytes::new()).await, Err(MediaError::Busy)));
    }

    #[tokio::test]
    async fn a_seat_stays_taken_until_the_work_is_done() {
        let darkroom = Darkroom::new(MediaLimits::default(), 1);
        let (go, wait) = std::sync::mpsc::channel::<()>();
        let (started, start) = tokio::sync::oneshot::channel();
        let work = darkroom.run(move |_| {
            started.send(()).unwrap();
            wait.recv().unwrap();
            Ok(())
        });
        tokio::select! {
            _ = work => unreachable!("nobody has let it go on"),
            _ = start => {} // here `work` is dropped, as by a client who hangs up
        }
        assert_eq!(darkroom.seats.available_permits(), 0);
        go.send(()).unwrap();
        let _seat = darkroom.seats.acquire().await.unwrap();
    }

    #[tokio::test]
    #[expect(clippy::panic, reason = "that is what is tested")]
    async fn a_panic_is_an_error_and_gives_the_seat_back() {
        let darkroom = Darkroom::new(MediaLimits::default(), 1);
        let result = darkroom.run(|_| -> Result<(), _> { panic!("on purpose") }).await;
        assert!(matches!(result, Err(MediaError::Failed(_))));
        assert_eq!(darkroom.seats.available_permits(), 1);
    }
}
