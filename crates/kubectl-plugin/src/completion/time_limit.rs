//! Limits the time of a completion, and keeps it silent.

use std::sync::mpsc;
use std::time::Duration;

/// The time limit of a completion, including all waiting for the cluster, the network and exec plugins.
pub const TIME_LIMIT: Duration = Duration::from_secs(2);

/// Runs `list` on a thread of its own, and returns its values, or none if it takes longer than [`TIME_LIMIT`]. The limit
/// therefore also applies to calls that cannot be cancelled, such as a hanging exec plugin.
///
/// Standard input and standard error of the process refer to `/dev/null` afterwards, so that neither this process nor an
/// exec plugin, which inherits them, can prompt the user or print messages.
pub fn within_time_limit(list: impl FnOnce() -> Vec<String> + Send + 'static) -> Vec<String> {
    detach_terminal();
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let _ = sender.send(list());
    });
    receiver.recv_timeout(TIME_LIMIT).unwrap_or_default()
}

fn detach_terminal() {
    #[cfg(unix)]
    {
        use std::fs::File;
        if let Ok(null) = File::options().read(true).write(true).open("/dev/null") {
            let _ = rustix::stdio::dup2_stdin(&null);
            let _ = rustix::stdio::dup2_stderr(&null);
        }
    }
}
