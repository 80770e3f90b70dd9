//! Splits text into the shortest pieces that are redacted.

/// Length of the shortest redacted piece, in bytes: as many as a `u128` has.
pub(super) const WINDOW: usize = 16;

/// Yields each run of [`WINDOW`] bytes as a number, with its offset.
pub(super) fn windows_of(bytes: &[u8]) -> impl Iterator<Item = (usize, u128)> {
    let mut last = 0;
    let rolling = bytes.iter().map(move |byte| {
        last = last << 8 | u128::from(*byte);
        last
    });
    rolling.skip(WINDOW - 1).enumerate()
}
