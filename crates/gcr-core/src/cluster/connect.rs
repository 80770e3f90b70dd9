//! From connection flags and kubeconfig to a connection: which cluster, as whom, how.
//!
//! Sends nothing. Never falls back to another cluster than the one that was asked for.

use std::path::PathBuf;
use std::time::Duration;

use kube::config::{
    AuthInfo, Cluster, Context, KubeConfigOptions, Kubeconfig, KubeconfigError, NamedAuthInfo,
    NamedCluster, NamedContext,
};

use super::patience;
use crate::domain::printable::printable;

/// kubectl's connection flags, as given (cli-runtime `ConfigFlags`).
#[derive(Debug, Clone, Default)]
pub struct ConnectionOptions {
    /// `--kubeconfig`
    pub kubeconfig: Option<PathBuf>,
    /// `--context`
    pub context: Option<String>,
    /// `--cluster`
    pub cluster: Option<String>,
    /// `--user`
    pub user: Option<String>,
    /// `-s, --server`
    pub server: Option<String>,
    /// `--token`
    pub token: Option<secrecy::SecretString>,
    /// `--certificate-authority`
    pub certificate_authority: Option<String>,
    /// `--client-certificate`
    pub client_certificate: Option<String>,
    /// `--client-key`
    pub client_key: Option<String>,
    /// `--insecure-skip-tls-verify`
    pub insecure_skip_tls_verify: bool,
    /// `--tls-server-name`
    pub tls_server_name: Option<String>,
    /// `--proxy-url`
    pub proxy_url: Option<String>,
    /// `--as`
    pub impersonate: Option<String>,
    /// `--as-uid`
    pub impersonate_uid: Option<String>,
    /// `--as-group`
    pub impersonate_groups: Vec<String>,
    /// `--as-user-extra`, as `key=value`
    pub impersonate_user_extra: Vec<(String, String)>,
    /// `--disable-compression`
    pub disable_compression: bool,
    /// `--request-timeout`: `None` not given, `Some(None)` given as 0, for no limit.
    pub request_timeout: Option<Option<Duration>>,
    /// `User-Agent` of every request.
    pub user_agent: String,
}

/// A connection that can be made, any number of times.
#[derive(Clone)]
pub struct Connection {
    config: kube::Config,
    /// `HOST:PORT` as in the server's address.
    pub server: String,
    /// The limit of one try.
    pub request_timeout: Option<Duration>,
    /// The context's namespace, where it names one.
    pub namespace: Option<String>,
    key_may_not_travel: Option<String>,
}

impl Connection {
    /// Reads the kubeconfig, lays the flags over it and resolves the result.
    ///
    /// # Errors
    /// The line to print.
    pub async fn resolve(options: &ConnectionOptions) -> Result<Self, String> {
        let chosen = Chosen::from_kubeconfig(load(options)?, options)?.overridden(options);
        let Some(chosen) = chosen.or_in_cluster()? else {
            let mut config =
                kube::Config::incluster().map_err(|error| format!("error: {error}"))?;
            let namespace = Some(config.default_namespace.clone());
            tune(&mut config, options);
            return Ok(Self::new(config, namespace, None, options));
        };
        let namespace = chosen
            .context
            .namespace
            .clone()
            .filter(|namespace| !namespace.is_empty());
        let insecure = chosen.cluster.insecure_skip_tls_verify == Some(true);
        let mut config = chosen.into_config().await?;
        let key_may_not_travel = key_may_not_travel(&config, insecure, options);
        if config.cluster_url.scheme_str() == Some("http") {
            // As client-go: no credential over a connection that anybody can read.
            config.auth_info = AuthInfo::default();
        }
        tune(&mut config, options);
        Ok(Self::new(config, namespace, key_may_not_travel, options))
    }

    fn new(
        config: kube::Config,
        namespace: Option<String>,
        key_may_not_travel: Option<String>,
        options: &ConnectionOptions,
    ) -> Self {
        let server = config
            .cluster_url
            .authority()
            .map(ToString::to_string)
            .unwrap_or_default();
        let request_timeout = options
            .request_timeout
            .unwrap_or(Some(patience::REQUEST_TIMEOUT));
        Self {
            config,
            server,
            request_timeout,
            namespace,
            key_may_not_travel,
        }
    }

    /// A client on this connection. Runs the credential plugin, where there is one.
    ///
    /// # Errors
    /// The line to print.
    pub fn client(&self) -> Result<kube::Client, String> {
        super::transport::client(&self.config).map_err(|error| match error {
            kube::Error::Auth(cause) => {
                format!("error: {}", super::fault::credential_trouble(&cause))
            }
            other => format!("error: {}", printable(&other.to_string())),
        })
    }

    /// Whether making the client anew may bring another credential.
    pub fn can_refresh(&self) -> bool {
        let user = &self.config.auth_info;
        user.exec.is_some() || user.token_file.is_some() || user.auth_provider.is_some()
    }

    /// Whether a key may be sent over this connection.
    ///
    /// # Errors
    /// The line that says why not and what to do.
    pub fn may_carry_a_key(&self) -> Result<(), String> {
        self.key_may_not_travel.clone().map_or(Ok(()), Err)
    }
}

/// Why a key may not travel: a connection is not trusted with it just because a kubeconfig says so (CLI.md).
fn key_may_not_travel(
    config: &kube::Config,
    insecure: bool,
    options: &ConnectionOptions,
) -> Option<String> {
    let url = &config.cluster_url;
    if url.scheme_str() == Some("http") {
        let host = url.host().unwrap_or_default().trim_matches(['[', ']']);
        let loopback = host == "localhost"
            || host
                .parse()
                .is_ok_and(|ip: std::net::IpAddr| ip.is_loopback());
        return (!loopback && options.server.is_none()).then(|| {
            format!("error: the kubeconfig reaches {url} over plain HTTP, and a key would travel readable: give --server={url} to send it all the same")
        });
    }
    (insecure && !options.insecure_skip_tls_verify).then(|| {
        format!("error: the kubeconfig switches certificate verification off for {url}, and a key would go to whoever answers there: give --insecure-skip-tls-verify to send it all the same")
    })
}

fn tune(config: &mut kube::Config, options: &ConnectionOptions) {
    if let Ok(agent) = options.user_agent.parse() {
        config.headers.push((http::header::USER_AGENT, agent));
    }
}

fn load(options: &ConnectionOptions) -> Result<Kubeconfig, String> {
    match &options.kubeconfig {
        Some(path) => Kubeconfig::read_from(path).map_err(|error| match error {
            KubeconfigError::ReadConfig(cause, path)
                if cause.kind() == std::io::ErrorKind::NotFound =>
            {
                format!(
                    "error: stat {}: no such file or directory",
                    printable(&path.to_string_lossy())
                )
            }
            error => unusable(&error),
        }),
        None => match Kubeconfig::read() {
            Ok(kubeconfig) => Ok(kubeconfig),
            Err(KubeconfigError::FindPath) => Ok(Kubeconfig::default()),
            Err(KubeconfigError::ReadConfig(cause, _))
                if cause.kind() == std::io::ErrorKind::NotFound =>
            {
                Ok(Kubeconfig::default())
            }
            Err(error) => Err(unusable(&error)),
        },
    }
}

/// A kubeconfig's error without any of its text, which may hold tokens.
fn unusable(error: &KubeconfigError) -> String {
    match error {
        KubeconfigError::Parse(cause) => match cause.location() {
            Some(location) => {
                format!(
                    "error: error loading config file: yaml: line {}, column {}",
                    location.line(),
                    location.column()
                )
            }
            None => "error: error loading config file: not a kubeconfig".to_owned(),
        },
        other => format!("error: {}", printable(&other.to_string())),
    }
}

/// The entries a run uses, flags laid over them.
struct Chosen {
    context: Context,
    cluster: Cluster,
    user: AuthInfo,
}

impl Chosen {
    /// Picks context, cluster and user by name, with client-go's messages for names that are not there.
    fn from_kubeconfig(
        kubeconfig: Kubeconfig,
        options: &ConnectionOptions,
    ) -> Result<Self, String> {
        let missing =
            |kind: &str, name: &str| format!("error: {kind} {:?} does not exist", printable(name));
        let current = kubeconfig
            .current_context
            .clone()
            .filter(|name| !name.is_empty());
        let wanted = options.context.as_ref().or(current.as_ref());
        let context = match wanted {
            None => Context::default(),
            Some(name) => kubeconfig
                .contexts
                .into_iter()
                .find(|context| &context.name == name)
                .and_then(|context| context.context)
                .ok_or_else(|| match &options.context {
                    Some(name) => missing("context", name),
                    None => format!(
                        "Error in configuration: context was not found for specified context: {}",
                        printable(name)
                    ),
                })?,
        };
        let cluster_name = options
            .cluster
            .clone()
            .unwrap_or_else(|| context.cluster.clone());
        let cluster = kubeconfig
            .clusters
            .into_iter()
            .find(|cluster| cluster.name == cluster_name)
            .and_then(|cluster| cluster.cluster);
        let cluster = match cluster {
            Some(cluster) => cluster,
            None if cluster_name.is_empty() => Cluster::default(),
            None => return Err(missing("cluster", &cluster_name)),
        };
        let user_name = options
            .user
            .clone()
            .or_else(|| context.user.clone())
            .unwrap_or_default();
        let user = kubeconfig
            .auth_infos
            .into_iter()
            .find(|user| user.name == user_name)
            .and_then(|user| user.auth_info);
        let user = match user {
            Some(user) => user,
            None if user_name.is_empty() => AuthInfo::default(),
            None => return Err(missing("auth info", &user_name)),
        };
        Ok(Self {
            context,
            cluster,
            user,
        })
    }

    /// client-go's override rules (`clientcmd/overrides.go`): a flag wins, and clears what it stands in for.
    fn overridden(mut self, options: &ConnectionOptions) -> Self {
        let Self { cluster, user, .. } = &mut self;
        let set = |slot: &mut Option<String>, flag: &Option<String>| {
            if flag.is_some() {
                slot.clone_from(flag);
            }
        };
        set(&mut cluster.server, &options.server);
        set(&mut cluster.tls_server_name, &options.tls_server_name);
        set(&mut cluster.proxy_url, &options.proxy_url);
        if options.certificate_authority.is_some() {
            set(
                &mut cluster.certificate_authority,
                &options.certificate_authority,
            );
            cluster.certificate_authority_data = None;
        }
        if options.insecure_skip_tls_verify {
            cluster.insecure_skip_tls_verify = Some(true);
            cluster.certificate_authority = None;
            cluster.certificate_authority_data = None;
        }
        if options.disable_compression {
            cluster.disable_compression = Some(true);
        }
        if options.client_certificate.is_some() {
            set(&mut user.client_certificate, &options.client_certificate);
            user.client_certificate_data = None;
        }
        if options.client_key.is_some() {
            set(&mut user.client_key, &options.client_key);
            user.client_key_data = None;
        }
        if options.token.is_some() {
            user.token.clone_from(&options.token);
            user.token_file = None;
            user.exec = None;
            user.auth_provider = None;
        }
        set(&mut user.impersonate, &options.impersonate);
        set(&mut user.impersonate_uid, &options.impersonate_uid);
        if !options.impersonate_groups.is_empty() {
            user.impersonate_groups = Some(options.impersonate_groups.clone());
        }
        for (key, value) in &options.impersonate_user_extra {
            user.impersonate_user_extra
                .get_or_insert_default()
                .entry(key.clone())
                .or_default()
                .push(value.clone());
        }
        self
    }

    /// `None` where nothing names a server and we run in a pod; kubectl's default address where we do not.
    fn or_in_cluster(mut self) -> Result<Option<Self>, String> {
        if self
            .cluster
            .server
            .as_deref()
            .unwrap_or_default()
            .is_empty()
        {
            if std::env::var_os("KUBERNETES_SERVICE_HOST").is_some() {
                return Ok(None);
            }
            self.cluster.server = Some("http://localhost:8080".to_owned());
        }
        if let Some(server) = &mut self.cluster.server
            && !server.contains("://")
        {
            // client-go: an address without a scheme is plain HTTP.
            server.insert_str(0, "http://");
        }
        Ok(Some(self))
    }

    async fn into_config(mut self) -> Result<kube::Config, String> {
        const ONLY: &str = "chosen";
        self.context.cluster = ONLY.to_owned();
        self.context.user = Some(ONLY.to_owned());
        let kubeconfig = Kubeconfig {
            current_context: Some(ONLY.to_owned()),
            contexts: vec![NamedContext {
                name: ONLY.to_owned(),
                context: Some(self.context),
                ..Default::default()
            }],
            clusters: vec![NamedCluster {
                name: ONLY.to_owned(),
                cluster: Some(self.cluster),
                ..Default::default()
            }],
            auth_infos: vec![NamedAuthInfo {
                name: ONLY.to_owned(),
                auth_info: Some(self.user),
                ..Default::default()
            }],
            ..Kubeconfig::default()
        };
        kube::Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default())
            .await
            .map_err(|error| unusable(&error))
    }
}
