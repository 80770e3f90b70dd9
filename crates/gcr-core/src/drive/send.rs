//! Holds at compile time that the futures of the pipe are `Send`.
//!
//! A controller's runtime moves what it reconciles between threads, and is to call the same [`super::drive`]. One lock
//! guard or `Rc` held across an `.await` would take that away unseen; here it does not compile.

use tokio::time::Instant;

use crate::apply;
use crate::cluster::exchange::Call;
use crate::ledger::{Entry, Ledger};
use crate::observe::{Sight, observe};
use crate::plan::{AccountStep, SecretStep};
use crate::progress::Progress;
use crate::request::{Wanted, WantedSecret};
use crate::target::Target;

/// Never called: to compile is all it does.
fn _futures_are_send(
    target: &Target,
    wanted: &Wanted,
    secret: &WantedSecret,
    progress: &Progress,
    (ledger, entry): (&Ledger, &Entry),
    (step, account_step): (SecretStep, AccountStep),
    call: &Call,
) {
    fn send<T: Send>(_: T) {}

    let now = Instant::now();
    send(super::drive(
        target,
        super::Turn::default(),
        Sight::default(),
        wanted,
        now,
        ledger,
    ));
    send(observe(target, wanted, progress, &mut Sight::default()));
    send(apply::secret::carry_out(
        target, wanted, secret, step, now, entry,
    ));
    if let Ok(name) = crate::request::DEFAULT_ACCOUNT.parse() {
        send(apply::account::carry_out(
            target,
            wanted,
            &name,
            account_step,
            entry,
        ));
    }
    send(target.cluster.exchange(call, Some(entry)));
}
