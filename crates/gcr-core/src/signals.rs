//! Ctrl-C and SIGTERM, as a stream.

/// A wish that the process should end.
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

    /// The signals, from now on.
    pub struct Signals {
        interrupt: Option<Source>,
        terminate: Option<Source>,
    }

    impl Signals {
        /// Takes the signals over. Where that is not possible they end the process as ever.
        pub fn listen() -> Self {
            Self {
                interrupt: signal(SignalKind::interrupt()).ok(),
                terminate: signal(SignalKind::terminate()).ok(),
            }
        }

        /// The next one.
        pub async fn next(&mut self) -> Signal {
            // Of two that came together: who is told to go, goes.
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

    /// Ctrl-C, from now on.
    pub struct Signals;

    impl Signals {
        /// Takes Ctrl-C over.
        pub fn listen() -> Self {
            Self
        }

        /// The next one.
        pub async fn next(&mut self) -> Signal {
            if tokio::signal::ctrl_c().await.is_err() {
                std::future::pending::<()>().await;
            }
            Signal::Interrupt
        }
    }
}
