//! Completion through kubectl: what to offer for the word under the cursor.

mod shim;

pub use shim::shim;
