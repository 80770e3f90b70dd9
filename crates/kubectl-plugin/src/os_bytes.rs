//! Converts command-line arguments to bytes and back, so that they can be split at `=`. On Unix, a file name need not be
//! UTF-8.

use std::borrow::Cow;
use std::ffi::{OsStr, OsString};

#[cfg(unix)]
pub(crate) fn as_bytes(arg: &OsStr) -> Cow<'_, [u8]> {
    use std::os::unix::ffi::OsStrExt as _;
    Cow::Borrowed(arg.as_bytes())
}

#[cfg(unix)]
pub(crate) fn from_bytes(bytes: &[u8]) -> OsString {
    use std::os::unix::ffi::OsStringExt as _;
    OsString::from_vec(bytes.to_vec())
}

#[cfg(not(unix))]
pub(crate) fn as_bytes(arg: &OsStr) -> Cow<'_, [u8]> {
    Cow::Owned(arg.to_string_lossy().into_owned().into_bytes())
}

#[cfg(not(unix))]
pub(crate) fn from_bytes(bytes: &[u8]) -> OsString {
    String::from_utf8_lossy(bytes).into_owned().into()
}
