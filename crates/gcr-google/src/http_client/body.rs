//! Reads the body of a response up to a maximum size.

use std::time::Duration;

use bytes::{Bytes, BytesMut};

use super::http_error::HttpErrorKind;

/// The maximum size of a response, in bytes. The largest used response, a list of locations, has about 20 KiB.
pub const MAX_BODY: usize = 4 * 1024 * 1024;

/// Returns the body.
///
/// # Errors
/// Fails if the connection breaks, and as soon as the body exceeds [`MAX_BODY`], without reading the rest.
pub(super) async fn read(
    mut response: reqwest::Response,
    timeout: Duration,
) -> Result<Bytes, HttpErrorKind> {
    let announced = response.content_length().unwrap_or(0);
    if announced > MAX_BODY as u64 {
        return Err(HttpErrorKind::TooLarge);
    }
    let mut body = BytesMut::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) if body.len() + chunk.len() > MAX_BODY => {
                return Err(HttpErrorKind::TooLarge);
            }
            Ok(Some(chunk)) => body.extend_from_slice(&chunk),
            Ok(None) => return Ok(body.freeze()),
            Err(error) => return Err(HttpErrorKind::of(&error, timeout)),
        }
    }
}
