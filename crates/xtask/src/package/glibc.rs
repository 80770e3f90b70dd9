//! The glibc that a program wants, read out of the program: a promise in an archive's name is held before it is packed.
//! Runs nothing.

use gcr_test_support::{Error, Result};

use super::target::Target;

/// That a program asks for no newer glibc than the target has. The versions it asks for stand in it as words.
pub(super) fn check(binary: &str, program: &[u8], target: &Target) -> Result<()> {
    let Some((major, minor)) = target.glibc() else {
        return Ok(());
    };
    match newest(program) {
        Some(found) if found <= (major, minor) => Ok(()),
        Some((is, it)) => Err(Error::new(format!(
            "{binary} asks for glibc {is}.{it}, and {} has {major}.{minor}",
            target.name()
        ))),
        None => Err(Error::new(format!("{binary} names no version of glibc"))),
    }
}

/// The newest glibc that a program asks for; `None` where it asks for none.
pub(super) fn newest(program: &[u8]) -> Option<(u32, u32)> {
    const MARK: &[u8] = b"GLIBC_";
    let starts = program
        .windows(MARK.len())
        .enumerate()
        .filter(|(_, window)| *window == MARK);
    let versions = starts.filter_map(|(at, _)| {
        let after = &program[at + MARK.len()..];
        let end = after
            .iter()
            .position(|byte| !byte.is_ascii_digit() && *byte != b'.')?;
        let mut parts = std::str::from_utf8(&after[..end]).ok()?.split('.');
        Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
    });
    versions.max()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_glibc_is_seen() {
        let program = b"\0GLIBC_2.2.5\0GLIBC_2.17\0GLIBC_2.9\0GLIBC_PRIVATE\0";
        assert_eq!(newest(program), Some((2, 17)));
        let old = Target::parse("x86_64-unknown-linux-gnu.2.17").unwrap();
        assert!(check("x", program, &old).is_ok());
        assert!(check("x", b"\0GLIBC_2.34\0", &old).is_err());
        assert!(check("x", b"static", &old).is_err());
        let host = Target::parse("x86_64-unknown-linux-gnu").unwrap();
        assert!(check("x", b"\0GLIBC_2.34\0", &host).is_ok());
    }
}
