//! The pull Secret as a resource: one server-side apply, or a deletion and an apply where `--recreate` needs them.

mod action;
mod apply;
mod change_detection;
mod content;
mod decide;
mod kind;
mod observe;
mod previous_key;
mod recreate;
mod replace;
mod replacement;
mod resource;
mod spec;

pub(super) use action::{PriorState, SecretAction};
pub(super) use apply::Writer;
pub use content::describes_data;
pub(super) use decide::decide;
pub use kind::{CONFIGURED, CREATED, REPLACED, SECRET, id};
pub(super) use observe::ObservedSecret;
pub use previous_key::remove_previous_key;
pub use resource::SecretResource;
pub(super) use spec::SecretSpec;
