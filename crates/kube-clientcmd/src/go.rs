//! Go's textual rules, which kubectl's users see: durations, error texts, quoting, times and URLs.

pub mod duration;
pub mod errors;
pub mod quote;
pub mod time;
pub mod url;
