//! Checks at compile time that the futures of [`super::reconcile`] are `Send`.
//!
//! A controller on a multi-threaded runtime moves tasks between threads and must be able to use the same function. A lock
//! guard or an `Rc` held across an `.await` is a compile error here.

use tokio::time::Instant;

use crate::apply;
use crate::kubernetes::api_request::ApiRequest;
use crate::ledger::{Ledger, WriteTracker};
use crate::observe::{TargetSnapshot, observe};
use crate::plan::{AccountStep, SecretStep};
use crate::request::{Desired, DesiredSecret};
use crate::target::Target;
use crate::target_state::TargetState;

/// Never called; only compiled.
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
