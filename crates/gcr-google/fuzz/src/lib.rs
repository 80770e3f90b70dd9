//! Defines the properties that the fuzz targets check, one module per target. A check panics if a property does not hold.
//!
//! The fuzz targets and `tests/corpus.rs` of gcr-google share this code.

pub mod api_error;
pub mod challenge;
pub mod credential_file;
pub mod keyring;
