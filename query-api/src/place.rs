//! The variable part of a path.

use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;

use crate::error::{ApiError, Code};

/// What stands in a path's placeholder, decoded. A refusal has the shape that all have.
pub(crate) struct Place(pub(crate) String);

impl<S: Send + Sync> FromRequestParts<S> for Place {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let message = "the path is not percent-encoded UTF-8: write %25 for a percent sign";
        let place = Path::<String>::from_request_parts(parts, state).await;
        place.map(|Path(text)| Self(text)).map_err(|_| ApiError::new(Code::BadQuery, message))
    }
}
