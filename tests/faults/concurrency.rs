//! Runs tasks concurrently, a few at a time. The tasks mostly wait, but too many at once could cause timeouts on a
//! small machine.

use std::sync::Mutex;
use std::thread;

const WORKERS: usize = 8;

/// Runs `work(0..count)` and returns the results in order.
pub(crate) fn run_concurrently<T: Send>(count: usize, work: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let indices = Mutex::new(0..count);
    let mut results: Vec<(usize, T)> = thread::scope(|scope| {
        let workers = (0..WORKERS).map(|_| {
            scope.spawn(|| {
                let next_index = || {
                    indices
                        .lock()
                        .expect("no panic while the lock is held")
                        .next()
                };
                std::iter::from_fn(next_index)
                    .map(|index| (index, work(index)))
                    .collect::<Vec<_>>()
            })
        });
        let workers: Vec<_> = workers.collect();
        let all_results = workers
            .into_iter()
            .map(|worker| worker.join().expect("the worker does not panic"));
        all_results.flatten().collect()
    });
    results.sort_by_key(|(index, _)| *index);
    results.into_iter().map(|(_, result)| result).collect()
}
