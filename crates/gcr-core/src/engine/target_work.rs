//! The work on one target: its known resources, and how to find the others.

use futures_util::future::BoxFuture;

use super::object::ObjectId;
use super::object_error::ObjectError;
use super::open_resource::OpenResource;
use super::resource::Context;
use super::target::TargetName;

/// The work on one target.
pub struct TargetWork<'a> {
    /// The target.
    pub target: TargetName,
    /// The resources that are known in advance.
    pub resources: Vec<OpenResource<'a>>,
    /// Finds the others.
    pub discovery: Option<Box<dyn Discovery<'a> + 'a>>,
}

/// Finds the resources of a target that only the target itself can name.
pub trait Discovery<'a>: Send + Sync {
    /// Returns the object as which the target counts until its resources are known, and under which an error is reported.
    fn placeholder(&self) -> ObjectId;

    /// Lists the resources.
    fn discover<'r>(&'r self, cx: &'r Context) -> BoxFuture<'r, Discovered<'a>>;
}

/// The result of a discovery.
pub enum Discovered<'a> {
    /// The resources, and a note for the user.
    Found(Vec<OpenResource<'a>>, Option<String>),
    /// The target is no longer part of the run. The note states why.
    Skipped(String),
    /// The resources cannot be listed.
    Failed(ObjectError),
}
