//! Work that was started.

use std::fmt;
use std::panic::{catch_unwind, resume_unwind, AssertUnwindSafe};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use meed_engine::EngineError;

/// What came of a stage, and how long the engine was at it.
type Outcome<T> = Result<(T, Duration), EngineError>;

/// A stage that an engine has started.
#[must_use = "a stage that nobody waits for may not be finished"]
pub struct Pending<T>(Box<dyn FnOnce() -> Outcome<T> + Send>);

impl<T> fmt::Debug for Pending<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pending")
    }
}

impl<T: Send + 'static> Pending<T> {
    /// From what waits for it: returns the result and how long the engine was at it.
    pub fn new(wait: impl FnOnce() -> Outcome<T> + Send + 'static) -> Self {
        Self(Box::new(wait))
    }

    /// Waits until it is over. A thread of a rayon pool does other work of the pool meanwhile.
    ///
    /// # Errors
    /// [`EngineError`]: why there is no result.
    ///
    /// # Panics
    /// If the stage did.
    pub fn wait(self) -> Outcome<T> {
        (self.0)()
    }

    /// The same stage with another result.
    pub fn map<U: Send + 'static>(self, f: impl FnOnce(T) -> U + Send + 'static) -> Pending<U> {
        Pending::new(move || self.wait().map(|(value, time)| (f(value), time)))
    }

    /// Starts work in the current rayon pool. It is left out if nobody waits for it any more when its
    /// turn comes.
    pub(super) fn spawn(work: impl FnOnce() -> Result<T, EngineError> + Send + 'static) -> Self {
        let slot = Arc::new(Slot { result: Mutex::new(None), ready: Condvar::new() });
        let to = Arc::downgrade(&slot);
        rayon::spawn(move || {
            if to.strong_count() == 0 {
                return;
            }
            let start = Instant::now();
            let result = catch_unwind(AssertUnwindSafe(work));
            let result = result.map(|value| value.map(|value| (value, start.elapsed())));
            if let Some(slot) = to.upgrade() {
                slot.put(result);
            }
        });
        Self::new(move || slot.take().unwrap_or_else(|panic| resume_unwind(panic)))
    }
}

/// Where a result is put.
struct Slot<T> {
    result: Mutex<Option<thread::Result<Outcome<T>>>>,
    ready: Condvar,
}

impl<T> Slot<T> {
    fn put(&self, result: thread::Result<Outcome<T>>) {
        // Nobody panics while holding the lock.
        *self.result.lock().unwrap_or_else(PoisonError::into_inner) = Some(result);
        self.ready.notify_all();
    }

    fn take(&self) -> thread::Result<Outcome<T>> {
        loop {
            let mut result = self.result.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(result) = result.take() {
                return result;
            }
            if rayon::current_thread_index().is_none() {
                drop(self.ready.wait(result).unwrap_or_else(PoisonError::into_inner));
                continue;
            }
            // Perhaps the only thread of the pool, and then the work waits for this very one.
            drop(result);
            if rayon::yield_now() == Some(rayon::Yield::Idle) {
                let result = self.result.lock().unwrap_or_else(PoisonError::into_inner);
                if result.is_none() {
                    let brief = Duration::from_micros(200);
                    drop(self.ready.wait_timeout(result, brief));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[test]
    fn work_is_waited_for_outside_and_inside_of_a_pool() {
        let sum = || {
            let parts: Vec<_> = (0..20u64).map(|i| Pending::spawn(move || Ok(i))).collect();
            parts.into_iter().map(|part| part.map(|i| 2 * i).wait().unwrap().0).sum::<u64>()
        };
        assert_eq!(sum(), 380);
        for threads in [1, 2, 5] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            assert_eq!(pool.install(sum), 380);
        }
    }

    #[test]
    fn errors_and_panics_reach_who_waits() {
        let error = EngineError::Base { index: 3 };
        let failed = Pending::<u8>::spawn(|| Err(EngineError::Base { index: 3 }));
        assert_eq!(failed.wait().unwrap_err(), error);
        let work = || -> Result<u8, EngineError> { resume_unwind(Box::new("no")) };
        let panicked = Pending::spawn(work);
        assert!(catch_unwind(AssertUnwindSafe(|| panicked.wait())).is_err());
    }

    #[test]
    fn what_nobody_waits_for_is_left_out() {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
        let count = Arc::new(AtomicUsize::new(0));
        pool.install(|| {
            for _ in 0..5 {
                let count = Arc::clone(&count);
                drop(Pending::spawn(move || Ok(count.fetch_add(1, Ordering::SeqCst))));
            }
            Pending::spawn(|| Ok(())).wait().unwrap();
        });
        drop(pool);
        assert_eq!(count.load(Ordering::SeqCst), 0);
    }
}
