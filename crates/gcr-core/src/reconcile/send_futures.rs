//! Holds at compile time that the futures of the pipe are `Send`.
//!
//! A controller's runtime moves what it reconciles between threads, and is to request the same [`super::reconcile`]. One lock
//! guard or `Rc` held across an `.await` would take that away unseen; here it does not compile.

use tokio::time::Instant;

use crate::apply;
use crate::kubernetes::api_request::ApiRequest;
use crate::ledger::{Ledger, WriteTracker};
use crate::observe::{TargetSnapshot, observe};
use crate::plan::{AccountStep, SecretStep};
use crate::request::{Desired, DesiredSecret};
use crate::target::Target;
use crate::target_state::TargetState;

/// Never called: to compile is all it does.
fn _futures_are_send(
    target: &Target,
    desired: &Desired,
    secret: &DesiredSecret,
    state: &TargetState,
    (ledger, tracker): (&Ledger, &WriteTracker),
    (step, account_step): (SecretStep, AccountStep),
    request: &ApiRequest,
) {
    fn send<T: Send>(_: T) {}

    let now = Instant::now();
    send(super::reconcile(
        target,
        super::TargetPermit::default(),
        TargetSnapshot::default(),
        desired,
        now,
        ledger,
    ));
    send(observe(
        target,
        desired,
        state,
        &mut TargetSnapshot::default(),
    ));
    send(apply::secret::execute(
        target, desired, secret, step, now, tracker,
    ));
    if let Ok(name) = crate::request::DEFAULT_ACCOUNT.parse() {
        send(apply::account::execute(
            target,
            desired,
            &name,
            account_step,
            tracker,
        ));
    }
    send(target.cluster.send(request, Some(tracker)));
}
