//! The pull Secret as a resource: one server-side apply, or a deletion and an apply where `--recreate` needs them.

mod apply;
mod change_detection;
mod decide;
mod observe;
mod recreate;
mod replace;

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::managed_fields;
use super::namespace_target::NamespaceTarget;
use super::rbac_hint::{Permissions, explain_forbidden};
use super::resource_error::ResourceError;
use crate::domain::names::SecretName;
use crate::domain::pull_secret::{Preconditions, PullSecret};
use crate::engine::{
    Context, Decision, Finished, ObjectError, ObjectId, ObjectKind, Outcome, Resource, State,
    StepResult, WriteTracker,
};
use crate::request::{DesiredSecret, ExecutionOptions, Manifest};
use apply::Writer;
pub use observe::ObservedSecret;

/// The kind of a Secret.
pub const SECRET: ObjectKind = ObjectKind {
    rank: 100,
    singular: "secret",
    kind: "Secret",
    unchanged: "unchanged",
};
/// The Secret did not exist and was created.
pub const CREATED: Outcome = Outcome::changed(100, "created");
/// The Secret existed and was changed.
pub const CONFIGURED: Outcome = Outcome::changed(101, "configured");
/// The Secret was deleted and created again.
pub const REPLACED: Outcome = Outcome::changed(102, "replaced");

/// Returns the id of the Secret called `name`.
pub fn id(name: &SecretName) -> ObjectId {
    ObjectId::new(&SECRET, name.as_str())
}

/// The Secret before an apply: the apply's outcome depends on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PriorState {
    /// It did not exist.
    Absent,
    /// It existed.
    Present {
        /// `metadata.resourceVersion`.
        resource_version: String,
        /// When our field manager last changed it, in whole seconds, if known.
        last_applied_at: Option<jiff::Timestamp>,
    },
}

/// A change of the Secret.
#[derive(Debug)]
pub enum SecretAction {
    /// Apply it.
    Apply(SecretApply),
    /// Delete the observed Secret, wait until it is gone, and apply the new one.
    Replace {
        /// The uid and resourceVersion of the Secret to delete.
        preconditions: Preconditions,
        /// The apply that creates the new Secret.
        apply: SecretApply,
    },
    /// Print the Secret without having read it: a client dry run.
    Print,
}

/// A server-side apply of the Secret.
pub struct SecretApply {
    /// The request body.
    pub body: Bytes,
    /// Whether to take over fields of other managers.
    pub force: bool,
    /// The Secret before the apply, which distinguishes created, configured and unchanged.
    pub prior_state: PriorState,
    /// Whether to remove the last-applied annotation, which contains an earlier key.
    pub drop_last_applied: bool,
    /// Whether an earlier apply of this run got no response and may have created the stored Secret.
    pub may_have_applied: bool,
    /// The warning to print if the apply succeeds: hosts that it removes from the Secret.
    pub dropped_hosts: Option<String>,
    /// Whether the body contains a resourceVersion: a conflict then means that the observation is stale, not an error.
    pub has_preconditions: bool,
}

impl std::fmt::Debug for SecretApply {
    /// Omits the body, which contains a key.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("SecretApply")
            .field("force", &self.force)
            .field("prior_state", &self.prior_state)
            .finish_non_exhaustive()
    }
}

/// The pull Secret of one namespace.
pub struct SecretResource<'a> {
    id: ObjectId,
    target: &'a NamespaceTarget,
    desired: &'a DesiredSecret,
    execution: &'a ExecutionOptions,
    manifest: Manifest,
    /// What a list of the cluster contained, until the first round has used it.
    listed: Mutex<Option<Option<ObjectMeta>>>,
}

impl<'a> SecretResource<'a> {
    /// Returns the resource. `listed` is what a list of the cluster contained: `None` if no list covered the namespace.
    pub fn new(
        target: &'a NamespaceTarget,
        desired: &'a DesiredSecret,
        execution: &'a ExecutionOptions,
        manifest: Manifest,
        listed: Option<Option<ObjectMeta>>,
    ) -> Self {
        Self {
            id: id(&desired.name),
            target,
            desired,
            execution,
            manifest,
            listed: Mutex::new(listed),
        }
    }

    fn take_listed(&self) -> Option<Option<ObjectMeta>> {
        self.listed
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }

    /// Returns the Secret for `-o json|yaml`, if objects are printed.
    fn printed(&self, with_namespace: bool, masked: bool) -> Option<serde_json::Value> {
        let DesiredSecret {
            name,
            credential,
            config,
            ..
        } = self.desired;
        let namespace = with_namespace.then_some(&self.target.namespace);
        let manifest = || PullSecret::new(name, credential, config).manifest(namespace, masked);
        self.execution.return_objects.then(manifest)
    }

    /// Returns the verbs that the request needs. The server checks `create` for an apply with the name too (apiserver
    /// `endpoints/handlers/patch.go`), so that a rule can be limited to this Secret.
    fn verbs(&self) -> &'static [&'static str] {
        let reads = self.desired.merge || self.desired.recreate;
        match (reads, self.desired.recreate) {
            (_, true) => &["get", "patch", "create", "delete"],
            (true, false) => &["get", "patch", "create"],
            (false, false) => &["patch", "create"],
        }
    }
}

impl Resource for SecretResource<'_> {
    type Observed = ObservedSecret;
    type Action = SecretAction;
    type Error = ResourceError;
    type Unconfirmed = PriorState;

    fn id(&self) -> &ObjectId {
        &self.id
    }

    async fn observe(&self, _: &Context) -> Result<ObservedSecret, ResourceError> {
        let listed = self.take_listed();
        observe::observe(self.target, self.execution, self.desired, listed)
            .await
            .map_err(|error| decide::classify_apply_error(error, self.desired))
    }

    fn decide(
        &self,
        observed: ObservedSecret,
        state: &State<'_, PriorState>,
        warnings: &mut Vec<String>,
    ) -> Decision<SecretAction, ResourceError> {
        decide::decide(
            self.execution,
            self.desired,
            observed,
            state.unconfirmed,
            warnings,
        )
    }

    async fn execute(
        &self,
        cx: &Context,
        action: SecretAction,
        tracker: &Arc<WriteTracker>,
    ) -> StepResult<ResourceError, PriorState> {
        let writer = Writer {
            resource: self,
            tracker,
        };
        match action {
            SecretAction::Print => StepResult::Finished(self.preview(action)),
            SecretAction::Apply(apply) => writer.apply(apply, CREATED).await,
            SecretAction::Replace {
                preconditions,
                apply,
            } => writer.replace(&preconditions, apply, cx.deadline).await,
        }
    }

    fn preview(&self, _: SecretAction) -> Finished<ResourceError> {
        let Manifest {
            with_namespace,
            masked,
        } = self.manifest;
        Finished::success(CREATED, self.printed(with_namespace, masked))
    }

    async fn explain(&self, error: ResourceError) -> ObjectError {
        let permissions = Permissions {
            resource: "secrets",
            name: self.desired.name.as_str(),
            verbs: self.verbs(),
        };
        explain_forbidden(self.target, permissions, error)
            .await
            .into()
    }

    fn skip_reason(&self, error: &ResourceError) -> Option<String> {
        self.target.skip_note(error.namespace_gone())
    }
}
