//! The table. A case says what goes in and what both must do; where ours is to differ, why, and what ours does.

mod contexts;
mod credentials;
mod exec;
mod kubeconfig;
mod oidc;
mod oidc_issuer;
mod proxies;
mod reasons;
mod replies;
mod shapes;
mod tls;

use crate::case::Case;

/// All of them.
pub(crate) fn all() -> Vec<Case> {
    let themes = [
        // First: what ours repeats takes its seconds.
        replies::cases(),
        kubeconfig::cases(),
        contexts::cases(),
        credentials::cases(),
        exec::cases(),
        oidc::cases(),
        oidc_issuer::cases(),
        tls::cases(),
        proxies::cases(),
        shapes::cases(),
    ];
    themes.into_iter().flatten().collect()
}
