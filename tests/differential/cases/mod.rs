//! The test table. A case declares the input and what both programs must do. If the plugin differs on purpose, the case
//! also declares the reason and what the plugin must do.

mod contexts;
mod credentials;
mod exec_plugins;
mod kubeconfig;
mod oidc;
mod oidc_issuer;
mod proxies;
mod reasons;
mod responses;
mod tls;
mod vendor_kubeconfigs;

use crate::case::Case;

/// Returns all cases.
pub(crate) fn all() -> Vec<Case> {
    let topics = [
        // First, because the retries of the plugin take seconds.
        responses::cases(),
        kubeconfig::cases(),
        contexts::cases(),
        credentials::cases(),
        exec_plugins::cases(),
        oidc::cases(),
        oidc_issuer::cases(),
        tls::cases(),
        proxies::cases(),
        vendor_kubeconfigs::cases(),
    ];
    topics.into_iter().flatten().collect()
}
