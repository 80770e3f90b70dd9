//! What identifies a client: tokens and certificates.
