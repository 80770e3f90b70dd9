//! Pieces of work side by side, a few at a time: nearly all of their time is waiting, and the rest must not become a fault
//! of its own on a small machine.

use std::sync::Mutex;
use std::thread;

const AT_A_TIME: usize = 8;

/// The results of `count` pieces of work, in order.
pub(crate) fn run_concurrently<T: Send>(count: usize, work: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let next = Mutex::new(0..count);
    let mut results: Vec<(usize, T)> = thread::scope(|scope| {
        let workers = (0..AT_A_TIME).map(|_| {
            scope.spawn(|| {
                let take = || next.lock().expect("nobody panics here").next();
                std::iter::from_fn(take)
                    .map(|at| (at, work(at)))
                    .collect::<Vec<_>>()
            })
        });
        let workers: Vec<_> = workers.collect();
        let done = workers
            .into_iter()
            .map(|worker| worker.join().expect("a run"));
        done.flatten().collect()
    });
    results.sort_by_key(|(at, _)| *at);
    results.into_iter().map(|(_, result)| result).collect()
}
