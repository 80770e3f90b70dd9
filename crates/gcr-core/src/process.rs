//! Settings of a process that holds a key.
//!
//! Each plugin's `main` calls [`install_crypto_provider`] first. Code that reads a credential file calls
//! [`forbid_core_dumps`] after it opened the file and before it reads it.

/// Keeps this process's memory out of core files, and away from debuggers of the same user.
///
/// The limit on core files applies to cores that the kernel writes to a file. It does not apply to cores that the kernel
/// pipes to a program; on Linux the process is therefore also marked as not dumpable. After that only root can open
/// `/proc/self/fd`, so that a credential given by such a path must be opened before.
///
/// Errors are ignored: the plugin still works, and the user could not do anything about them. Outside Unix this does
/// nothing: Windows writes no core files by default.
pub fn forbid_core_dumps() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, setrlimit};
        let none = Rlimit {
            current: Some(0),
            maximum: Some(0),
        };
        let _ = setrlimit(Resource::Core, none);
    }
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{DumpableBehavior, set_dumpable_behavior};
        let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    }
}

/// Raises the soft limit on open files to the hard limit, as Go's runtime does: a run over many clusters holds hundreds of
/// connections, and the soft limit may be 256. Programs that this process starts inherit the limit.
///
/// Errors are ignored: requests that cannot connect for this reason are retried. Outside Unix this does nothing.
pub fn raise_open_file_limit() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
        /// macOS accepts no higher soft limit if the hard limit is unlimited (`OPEN_MAX`).
        const OPEN_MAX: u64 = 10_240;
        let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
        let raised = |current| setrlimit(Resource::Nofile, Rlimit { current, maximum });
        if current != maximum
            && raised(maximum).is_err()
            && current.is_some_and(|current| current < OPEN_MAX)
        {
            let _ = raised(Some(OPEN_MAX));
        }
    }
}

/// Makes ring the process-wide rustls crypto provider. Later calls do nothing.
///
/// Without a process-wide provider, rustls panics when a client is built if several providers are compiled in.
pub fn install_crypto_provider() {
    let _ = rustls::crypto::ring::default_provider().install_default();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crypto_provider_can_be_installed_twice() {
        install_crypto_provider();
        install_crypto_provider();
        assert!(rustls::crypto::CryptoProvider::get_default().is_some());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn open_file_limit_is_raised_to_hard_limit() {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
        let maximum = getrlimit(Resource::Nofile).maximum;
        let current = Some(256);
        setrlimit(Resource::Nofile, Rlimit { current, maximum }).unwrap();
        raise_open_file_limit();
        assert_eq!(getrlimit(Resource::Nofile).current, maximum);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn process_is_not_dumpable_after_core_dumps_are_forbidden() {
        use rustix::process::{DumpableBehavior, Resource, dumpable_behavior, getrlimit};
        forbid_core_dumps();
        assert_eq!(getrlimit(Resource::Core).current, Some(0));
        assert_eq!(dumpable_behavior(), Ok(DumpableBehavior::NotDumpable));
    }
}
