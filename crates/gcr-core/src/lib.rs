//! What the kubectl gcr-secret plugins share.

pub mod credential_file;
pub mod domain;
pub mod process;
