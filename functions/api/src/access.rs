//! Who may do what. The OpenAPI document says which scope an operation needs, and this layer enforces what the
//! document says: an operation without a scope is refused, so that none can be added without thinking of it.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use axum::extract::{FromRequestParts, MatchedPath, Request, State};
use axum::http::request::Parts;
use axum::http::{Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use utoipa::openapi::path::{Operation, ParameterIn};
use utoipa::openapi::{OpenApi, RefOr};

use crate::App;
use crate::auth::Principal;
use crate::dto::words::Scope;
use crate::edge::OperationId;
use crate::problem::{Answer, Kind, Problem};
use crate::query;

/// What an operation is called and needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Needs {
    /// Its id.
    pub operation: String,
    /// The scope; `None` refuses everybody.
    pub scope: Option<Scope>,
    /// What may stand in its query.
    pub parameters: BTreeSet<String>,
}

/// What every operation needs, by method and path.
#[derive(Debug, Clone, Default)]
pub struct Access(HashMap<(Method, String), Arc<Needs>>);

impl Access {
    /// Reads the document.
    pub fn of(document: &OpenApi) -> Self {
        let mut all = HashMap::new();
        for (path, item) in &document.paths.paths {
            let operations = [
                (Method::GET, &item.get),
                (Method::PUT, &item.put),
                (Method::POST, &item.post),
                (Method::PATCH, &item.patch),
                (Method::DELETE, &item.delete),
            ];
            for (method, operation) in operations {
                if let Some(operation) = operation {
                    let id = operation.operation_id.clone().unwrap_or_default();
                    all.insert(
                        (method, path.clone()),
                        Arc::new(Needs {
                            operation: id,
                            scope: scope_of(operation),
                            parameters: parameters_of(operation),
                        }),
                    );
                }
            }
        }
        Self(all)
    }

    /// Every operation with what it needs.
    pub fn all(&self) -> impl Iterator<Item = (&Method, &str, &Needs)> {
        self.0
            .iter()
            .map(|((method, path), needs)| (method, path.as_str(), &**needs))
    }

    fn get(&self, method: &Method, path: &str) -> Option<&Arc<Needs>> {
        let method = if method == Method::HEAD {
            Method::GET
        } else {
            method.clone()
        };
        self.0.get(&(method, path.to_owned()))
    }
}

/// `security: [{bearer: ["write"]}]`.
fn scope_of(operation: &Operation) -> Option<Scope> {
    let requirements = serde_json::to_value(operation.security.as_ref()?).ok()?;
    let scope = requirements.get(0)?.get("bearer")?.get(0)?.clone();
    serde_json::from_value(scope).ok()
}

/// The names of what may stand in the query.
fn parameters_of(operation: &Operation) -> BTreeSet<String> {
    let all = operation.parameters.iter().flatten();
    all.filter_map(|parameter| match parameter {
        RefOr::T(parameter) => Some(parameter),
        RefOr::Ref(_) => None,
    })
    .filter(|parameter| parameter.parameter_in == ParameterIn::Query)
    .map(|parameter| parameter.name.clone())
    .collect()
}

/// Verifies the caller, its scope, its rate and the names in its query before a handler runs.
pub async fn authorize(
    State(app): State<Arc<App>>,
    path: MatchedPath,
    request: Request,
    next: Next,
) -> Response {
    let needs = app.access.get(request.method(), path.as_str()).cloned();
    let operation = needs.as_ref().map_or_else(String::new, |n| n.operation.clone());
    let mut response = match admit(&app, needs, request, next).await {
        Ok(response) => response,
        Err(problem) => problem.into_response(),
    };
    response.extensions_mut().insert(OperationId(operation));
    response
}

async fn admit(app: &App, needs: Option<Arc<Needs>>, mut request: Request, next: Next) -> Answer<Response> {
    let needs = needs.ok_or_else(|| Problem::not_found("path"))?;
    let now = app.ctx.clock.now();
    let header = request
        .headers()
        .get(header::AUTHORIZATION)
        .and_then(|v| v.to_str().ok());
    let principal = app.ctx.verifier.verify(header, &app.ctx.table, now).await?;
    let scope = needs
        .scope
        .ok_or_else(|| Problem::new(Kind::FORBIDDEN, "this operation is closed"))?;
    principal.must(scope)?;
    let rate = app.rate.take(&app.ctx.table, &principal, 1, now).await;
    let mut response = if rate.is_exceeded() {
        rate.refusal().into_response()
    } else {
        request.extensions_mut().insert(principal);
        match query::admit(&needs, &mut request) {
            Ok(narrow) => narrow.apply(next.run(request).await).await,
            Err(problem) => problem.into_response(),
        }
    };
    rate.write_headers(response.headers_mut());
    Ok(response)
}

/// The verified caller, in a handler.
#[derive(Debug, Clone)]
pub struct Caller(pub Principal);

impl std::ops::Deref for Caller {
    type Target = Principal;
    fn deref(&self) -> &Principal {
        &self.0
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Answer<Self> {
        let missing = || {
            Problem::new(
                Kind::UNAUTHENTICATED,
                "send `Authorization: Bearer <token or API key>`",
            )
        };
        parts
            .extensions
            .get::<Principal>()
            .cloned()
            .map(Self)
            .ok_or_else(missing)
    }
}
