//! Refusals and failures, in the one shape that the API has for them.

use axum::Json;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;
use store::QueryError;

/// What went wrong, in a word that programs can rely on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// The query string itself is malformed.
    BadQuery,
    /// No endpoint, or not this one, has such a parameter.
    UnknownParameter,
    /// A parameter that takes one value was given twice.
    DuplicateParameter,
    /// A value, or an element of a list, is empty.
    EmptyValue,
    /// A value that the parameter cannot have.
    BadValue,
    /// Parameters that make no sense together.
    BadCombination,
    /// More was asked for at once than is answered.
    TooMuch,
    /// A cursor that was changed, or belongs to another query.
    BadCursor,
    /// The body is not what it must be.
    BadBody,
    /// No token, or a wrong one.
    Unauthorized,
    /// The `Host` is none of this server's names.
    HostRefused,
    /// A browser asks for a page of another site.
    OriginRefused,
    /// Something is to be changed by one who may only read.
    ChangeRefused,
    /// Nothing here.
    NotFound,
    /// Not with this method.
    MethodNotAllowed,
    /// Path and query are too long.
    UriTooLong,
    /// The store is not such that this could be done.
    Conflict,
    /// Too many requests at once.
    Busy,
    /// The recorder does not record yet, or no more.
    NotReady,
    /// The store could not be read.
    StoreFailed,
    /// A defect of this server.
    Internal,
}

impl Code {
    /// All of them.
    pub const ALL: [Self; 21] = [
        Self::BadQuery,
        Self::UnknownParameter,
        Self::DuplicateParameter,
        Self::EmptyValue,
        Self::BadValue,
        Self::BadCombination,
        Self::TooMuch,
        Self::BadCursor,
        Self::BadBody,
        Self::Unauthorized,
        Self::HostRefused,
        Self::OriginRefused,
        Self::ChangeRefused,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::Conflict,
        Self::UriTooLong,
        Self::Busy,
        Self::NotReady,
        Self::StoreFailed,
        Self::Internal,
    ];

    /// Word of the API.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::BadQuery => "bad_query",
            Self::UnknownParameter => "unknown_parameter",
            Self::DuplicateParameter => "duplicate_parameter",
            Self::EmptyValue => "empty_value",
            Self::BadValue => "bad_value",
            Self::BadCombination => "bad_combination",
            Self::TooMuch => "too_much",
            Self::BadCursor => "bad_cursor",
            Self::BadBody => "bad_body",
            Self::ChangeRefused => "change_refused",
            Self::Conflict => "conflict",
            Self::Unauthorized => "unauthorized",
            Self::HostRefused => "host_refused",
            Self::OriginRefused => "origin_refused",
            Self::NotFound => "not_found",
            Self::MethodNotAllowed => "method_not_allowed",
            Self::UriTooLong => "uri_too_long",
            Self::Busy => "busy",
            Self::NotReady => "not_ready",
            Self::StoreFailed => "store_failed",
            Self::Internal => "internal",
        }
    }

    pub(crate) const fn status(self) -> StatusCode {
        match self {
            Self::BadQuery
            | Self::UnknownParameter
            | Self::DuplicateParameter
            | Self::EmptyValue
            | Self::BadValue
            | Self::BadCombination
            | Self::TooMuch
            | Self::BadCursor
            | Self::BadBody => StatusCode::BAD_REQUEST,
            Self::Unauthorized => StatusCode::UNAUTHORIZED,
            Self::HostRefused | Self::OriginRefused | Self::ChangeRefused => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::Conflict => StatusCode::CONFLICT,
            Self::UriTooLong => StatusCode::URI_TOO_LONG,
            Self::Busy => StatusCode::TOO_MANY_REQUESTS,
            Self::NotReady => StatusCode::SERVICE_UNAVAILABLE,
            Self::StoreFailed | Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The header that belongs to it.
    pub(crate) const fn header(self) -> Option<(HeaderName, &'static str)> {
        match self {
            Self::Unauthorized => Some((header::WWW_AUTHENTICATE, "Bearer")),
            Self::Busy | Self::NotReady => Some((header::RETRY_AFTER, "1")),
            _ => None,
        }
    }
}

/// An answer that is an error: `{"error": {"code": ..., "message": ..., "parameter": ...}}`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ApiError {
    /// What, for programs.
    pub code: Code,
    /// What, and what to do, for people. Nothing of the inside.
    pub message: String,
    /// The parameter at fault, if one is.
    pub parameter: Option<String>,
}

impl ApiError {
    pub(crate) fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), parameter: None }
    }

    pub(crate) fn of(code: Code, parameter: &str, message: impl Into<String>) -> Self {
        /// Bytes of a name that is repeated to the caller.
        const SHOWN: usize = 64;
        let shown = parameter.chars().take(SHOWN).collect();
        Self { code, message: message.into(), parameter: Some(shown) }
    }

    /// A question that the store does not answer, or a failed read.
    pub(crate) fn store(cause: &QueryError) -> Self {
        match cause {
            QueryError::TooMuch { .. } => Self::new(Code::TooMuch, cause.to_string()),
            QueryError::DescendantsOfNothing => {
                Self::of(Code::BadCombination, "descendants", cause.to_string())
            }
            // What went wrong inside goes to the log, not out of the door: it may name files.
            _ => {
                tracing::error!(error = %cause, "the store could not be read");
                Self::new(Code::StoreFailed, "the store could not be read; the server's log says why")
            }
        }
    }

    pub(crate) fn internal(cause: &(dyn std::error::Error + 'static)) -> Self {
        tracing::error!(error = cause, "a request failed");
        Self::new(Code::Internal, "a defect of the server; its log says more")
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let body = json!({ "error": {
            "code": self.code.name(),
            "message": self.message,
            "parameter": self.parameter,
        }});
        let mut response = (self.code.status(), Json(body)).into_response();
        if let Some((name, value)) = self.code.header() {
            response.headers_mut().insert(name, HeaderValue::from_static(value));
        }
        response
    }
}
