//! Receives Ctrl-C and SIGTERM.

/// A request to end the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// Ctrl-C.
    Interrupt,
    /// SIGTERM.
    Terminate,
}

#[cfg(not(unix))]
pub use other::Signals;
#[cfg(unix)]
pub use unix::Signals;

#[cfg(unix)]
mod unix {
    use tokio::signal::unix::{Signal as Source, SignalKind, signal};

    use super::Signal;

    /// The signals that arrive from now on.
    pub struct Signals {
        interrupt: Option<Source>,
        terminate: Option<Source>,
    }

    impl Signals {
        /// Handles the signals from now on. If that is not possible, they still end the process.
        pub fn listen() -> Self {
            Self {
                interrupt: signal(SignalKind::interrupt()).ok(),
                terminate: signal(SignalKind::terminate()).ok(),
            }
        }

        /// Waits for the next signal.
        pub async fn next(&mut self) -> Signal {
            // SIGTERM wins if both have arrived: a supervisor expects its exit code.
            tokio::select! {
                biased;
                () = receive(&mut self.terminate) => Signal::Terminate,
                () = receive(&mut self.interrupt) => Signal::Interrupt,
            }
        }
    }

    async fn receive(source: &mut Option<Source>) {
        let received = match source {
            Some(source) => source.recv().await,
            None => None,
        };
        if received.is_none() {
            std::future::pending::<()>().await;
        }
    }
}

#[cfg(not(unix))]
mod other {
    use super::Signal;

    /// Ctrl-C that arrives from now on.
    pub struct Signals;

    impl Signals {
        /// Handles Ctrl-C from now on.
        pub fn listen() -> Self {
            Self
        }

        /// Waits for the next signal.
        pub async fn next(&mut self) -> Signal {
            if tokio::signal::ctrl_c().await.is_err() {
                std::future::pending::<()>().await;
            }
            Signal::Interrupt
        }
    }
}
