//! Defines the properties that the fuzz targets check, one module per target. A check panics if a property does not hold.
//!
//! The fuzz targets and `tests/corpus.rs` of gcr-core share this code.

pub mod docker_config;
pub mod image_reference;
pub mod key_file;
