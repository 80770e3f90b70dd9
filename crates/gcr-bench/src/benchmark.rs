//! Names the benchmarks, as the command line selects them.

use clap::ValueEnum;

/// A benchmark, or the group of all that measure many namespaces.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Benchmark {
    /// `--help`, compared with kubectl and a process that does nothing
    Start,
    /// A kubeconfig of 500 contexts, compared with kubectl
    Kubeconfig,
    /// One namespace, compared with the tutorial's commands
    One,
    /// `setup` against a fake Google, compared with gcloud
    Setup,
    /// `rotate` of the key in 1,000 namespaces, compared with `create` over the same Secrets
    Rotate,
    /// `verify` of 1,000 Secrets with one credential, beside kubectl's list of them
    Verify,
    /// `doctor` of 2,000 pods, 200 of them stuck, beside kubectl's list of them
    Doctor,
    /// scale-both, scale-secrets and scale-again; with --whole, all of scale-…
    #[value(alias = "fleet")]
    Scale,
    /// Secret and ServiceAccount of 1,000 namespaces, compared with the tutorial's loop and a replay
    #[value(alias = "fleet-both")]
    ScaleBoth,
    /// 1,000 Secrets, compared with one bulk apply by kubectl
    #[value(alias = "fleet-secrets")]
    ScaleSecrets,
    /// A second run over 1,000 namespaces that has nothing to change
    #[value(alias = "fleet-again")]
    ScaleAgain,
    /// 1,000 namespaces of servers at several distances, compared with a replay
    #[value(alias = "fleet-latency")]
    ScaleLatency,
    /// 100, 1,000 and 10,000 namespaces: time, CPU, memory, requests
    #[value(alias = "fleet-sizes")]
    ScaleSizes,
    /// 10,000 namespaces of a server that rejects requests above a limit
    #[value(alias = "fleet-shedding")]
    ScaleShedding,
    /// The list of the Secrets of 10,000 namespaces, compared with kubectl
    List,
}
