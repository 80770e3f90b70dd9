//! Reads the glibc version that a program requires from its bytes, without running it. A program in an archive that is
//! named after an old glibc must not require a newer one.

use gcr_test_support::{Error, Result};

use super::target::Target;

/// Checks that a program requires no newer glibc than the target has. The program contains the required versions as
/// text.
pub(super) fn check(binary: &str, program: &[u8], target: &Target) -> Result<()> {
    let Some((major, minor)) = target.glibc() else {
        return Ok(());
    };
    match newest(program) {
        Some(found) if found <= (major, minor) => Ok(()),
        Some((major_found, minor_found)) => Err(Error::new(format!(
            "{binary} requires glibc {major_found}.{minor_found}, but {} has {major}.{minor}",
            target.name()
        ))),
        None => Err(Error::new(format!("{binary}: contains no glibc version"))),
    }
}

/// Returns the newest glibc version that a program requires; `None` if it requires none.
pub(super) fn newest(program: &[u8]) -> Option<(u32, u32)> {
    const PREFIX: &[u8] = b"GLIBC_";
    let starts = program
        .windows(PREFIX.len())
        .enumerate()
        .filter(|(_, window)| *window == PREFIX);
    let versions = starts.filter_map(|(at, _)| {
        let after = &program[at + PREFIX.len()..];
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
    fn check_with_newer_glibc_than_the_target_fails() {
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
