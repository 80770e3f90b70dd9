//! The eviction of pods that cannot pull and must be replaced. Their controller creates the new pod, with the pull
//! secrets that its ServiceAccount lists now.

mod discovery;
mod evict;
mod kind;
mod resource;

pub use discovery::{RestartContext, StuckPodDiscovery};
pub use evict::{Eviction, evict};
pub use kind::{EVICTED, POD, id};
pub use resource::PodEviction;
