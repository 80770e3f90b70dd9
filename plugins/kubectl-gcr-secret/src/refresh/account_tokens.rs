//! Gets the access tokens of a run: one per service account, at the first Secret that needs it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use gcr_core::domain::access_token::AccessToken;
use gcr_core::domain::redactor::Redactor;
use gcr_core::domain::registry_credential::RegistryCredential;
use gcr_core::engine::{
    Event, ObjectError, OpenResource, Outcome, RunContext, TargetName, TargetPermit, TargetScope,
    TargetWork, reconcile,
};
use gcr_core::request::DryRun;
use gcr_core::resources::secret_refresh::TokenIssuer;
use gcr_google::api_client::ApiClient;
use gcr_google::names::{NameError, ProjectId, ServiceAccountEmail};
use gcr_google::project::default_project;
use gcr_google::resources::{Account, IssuedCredential, Stage, TokenResource};
use kube_clientcmd::escape_control::{escape_control, quoted};
use tokio::sync::OnceCell;

use crate::google_args::{Failure, Google, GoogleOptions};

/// The access tokens of a run.
pub(super) struct AccountTokens {
    options: GoogleOptions,
    lifetime: Duration,
    redactor: Arc<Redactor>,
    run: RunContext,
    google: OnceCell<Option<Google>>,
    tokens: Mutex<HashMap<String, Arc<OnceCell<Option<Token>>>>>,
    clients: tokio::sync::Mutex<HashMap<ProjectId, Option<ApiClient>>>,
}

/// A token, or a placeholder in a client dry run, which gets no token.
enum Token {
    Planned,
    Issued {
        token: AccessToken,
        expires: Option<String>,
    },
}

impl AccountTokens {
    pub(super) fn new(
        options: GoogleOptions,
        lifetime: Duration,
        redactor: Arc<Redactor>,
        run: RunContext,
    ) -> Self {
        Self {
            options,
            lifetime,
            redactor,
            run,
            google: OnceCell::new(),
            tokens: Mutex::default(),
            clients: tokio::sync::Mutex::default(),
        }
    }

    /// Returns the token, or `None` after a failure that was reported.
    async fn issue(&self, account: &str) -> Option<Token> {
        match self.account(account).await {
            Ok(account) => {
                let api = self.client(&account.project).await?;
                self.token_of(api, account).await
            }
            Err(failure) => {
                self.report(failure).await;
                None
            }
        }
    }

    /// Returns the account that an annotation names.
    async fn account(&self, text: &str) -> Result<Account, Failure> {
        let email = service_account(text).map_err(Failure::new)?;
        // As in the other commands, the address comes first.
        let project = match (email.project(), self.options.project.clone()) {
            (Some(project), _) | (None, Some(project)) => project,
            (None, None) => {
                let gcloud = self.google().await.map(|google| &google.gcloud);
                let found = default_project(None, &[], gcloud.unwrap_or(&Default::default()));
                found.map_err(Failure::new)?.0
            }
        };
        Ok(Account { project, email })
    }

    async fn google(&self) -> Option<&Google> {
        let open = async || match Google::open(Arc::clone(&self.redactor)).await {
            Ok(google) => Some(google),
            Err(failure) => {
                self.report(failure).await;
                None
            }
        };
        self.google.get_or_init(open).await.as_ref()
    }

    /// Returns the client. Google bills its requests to this project unless the flags or the credentials name another one.
    async fn client(&self, project: &ProjectId) -> Option<ApiClient> {
        let google = self.google().await?;
        let mut clients = self.clients.lock().await;
        if let Some(client) = clients.get(project) {
            return client.clone();
        }
        // Without credentials, each project would fail alike.
        if clients.values().any(Option::is_none) {
            return None;
        }
        let client = match google.connect(&self.options, project).await {
            Ok(client) => Some(client),
            Err(failure) => {
                self.report(failure).await;
                None
            }
        };
        clients.insert(project.clone(), client.clone());
        client
    }

    async fn token_of(&self, api: ApiClient, account: Account) -> Option<Token> {
        let target = TargetName {
            context: None,
            scope: TargetScope::Project(account.project.as_str().into()),
        };
        let stage = Arc::new(Stage::new(api, account, self.run.events.clone()));
        let resource = TokenResource::of_existing_account(&stage, self.lifetime);
        let work = TargetWork {
            target,
            resources: vec![OpenResource::new(resource)],
            discovery: None,
        };
        let outcomes = reconcile(work, TargetPermit::default(), &self.run).await;
        match stage.take_credential() {
            Some(IssuedCredential::Token(issued)) => Some(Token::Issued {
                token: issued.token,
                expires: issued.expires_at.map(|time| time.to_string()),
            }),
            _ => {
                let is_planned = self.run.dry_run == DryRun::Client
                    && outcomes.into_values().all(Outcome::is_success);
                is_planned.then_some(Token::Planned)
            }
        }
    }

    async fn report(&self, failure: Failure) {
        let (line, context) = (format!("error: {}", failure.text), None);
        self.run.events.send(Event::Error { line, context }).await;
        if let Some(hint) = failure.hint {
            self.run.events.send(Event::Hint(hint)).await;
        }
    }

    async fn get(&self, account: &str) -> Result<RegistryCredential, ObjectError> {
        let cell = {
            let mut tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(tokens.entry(account.to_owned()).or_default())
        };
        let token = tokio::select! {
            biased;
            () = self.run.stop.stopped() => return Err(ObjectError::not_started("interrupted")),
            token = cell.get_or_init(|| self.issue(account)) => token,
        };
        let account = account.to_owned();
        match token {
            Some(Token::Planned) => Ok(RegistryCredential::Planned {
                kind: "access-token",
                account,
            }),
            Some(Token::Issued { token, expires }) => Ok(RegistryCredential::IssuedToken {
                token: token.clone(),
                account,
                expires: expires.clone(),
            }),
            None => {
                let account = escape_control(&account);
                let cause = format!("skipped: no access token of {account}");
                Err(ObjectError::not_started(cause))
            }
        }
    }
}

/// Parses the address of a service account. The addresses of users have another domain; Google issues no token for them.
fn service_account(text: &str) -> Result<ServiceAccountEmail, String> {
    let email: ServiceAccountEmail = text.parse().map_err(|error: NameError| error.to_string())?;
    if email.has_domain_of_google() {
        return Ok(email);
    }
    Err(format!(
        "invalid service account {}: its domain does not end with .gserviceaccount.com",
        quoted(text)
    ))
}

impl TokenIssuer for AccountTokens {
    fn invalid_account(&self, account: &str) -> Option<String> {
        service_account(account).err()
    }

    fn token<'a>(
        &'a self,
        account: &'a str,
    ) -> BoxFuture<'a, Result<RegistryCredential, ObjectError>> {
        self.get(account).boxed()
    }
}
