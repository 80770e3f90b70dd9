//! What a process that holds a key settles about itself, once, before it reads one.
//!
//! Knows no key and no cluster. Each plugin's `main` calls [`install_crypto_provider`] first thing; who reads a credential
//! calls [`forbid_core_dumps`] between opening its file and reading it.

/// Keeps this process's memory out of core files, and out of reach of debuggers of the same user.
///
/// The limit on core files ends the writing of one to a directory; a kernel that pipes cores to a program ignores
/// that limit for the pipe, which is why Linux is told as well that the process is not dumpable. As a side effect
/// `/proc/self/fd` can then be opened by root only: a credential named that way must be open before.
///
/// A refusal is not an error: the process can do its work as before, and there is nothing its user could do. Outside
/// Unix this does nothing: Windows writes no core files by itself.
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

/// Makes ring the one source of cryptography of this process.
///
/// Without it two clients with different defaults panic when the first of them is built. A second call changes
/// nothing.
pub fn install_crypto_provider() {
    let _ = rustls::crypto::ring::default_provider().install_default();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_provider_can_be_asked_for_again() {
        install_crypto_provider();
        install_crypto_provider();
        assert!(rustls::crypto::CryptoProvider::get_default().is_some());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn no_core_is_left() {
        use rustix::process::{DumpableBehavior, Resource, dumpable_behavior, getrlimit};
        forbid_core_dumps();
        assert_eq!(getrlimit(Resource::Core).current, Some(0));
        assert_eq!(dumpable_behavior(), Ok(DumpableBehavior::NotDumpable));
    }
}
