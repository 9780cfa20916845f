//! Closed lists of words: checked before anything is asked, so that a misspelt one gets the nearest as an answer and the
//! shell can complete them.

use std::fmt::Write as _;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use event::{
    Category, Kind, Outcome,
    schema::{Rendering, Version},
};
use store::By;

/// Of `--name`.
#[must_use]
pub fn names() -> impl TypedValueParser<Value = String> {
    words(Kind::ALL.into_iter().map(|kind| (kind.name(), kind.name())).collect())
}

/// Of `--category`: the first word of each, or all of it.
#[must_use]
pub fn categories() -> impl TypedValueParser<Value = String> {
    words(Category::ALL.into_iter().map(|category| (short(category), category.name())).collect())
}

/// A category in one word.
#[must_use]
pub const fn short(category: Category) -> &'static str {
    match category {
        Category::Process => "process",
        Category::File => "file",
        Category::Network => "network",
        Category::Kernel => "kernel",
    }
}

/// Of `--outcome`.
#[must_use]
pub fn outcomes() -> impl TypedValueParser<Value = String> {
    words(Outcome::ALL.into_iter().map(|outcome| (outcome.name(), outcome.name())).collect())
}

/// Of `--schema`.
#[must_use]
pub fn schemas() -> impl TypedValueParser<Value = String> {
    words(Rendering::ALL.into_iter().map(|rendering| (rendering.name(), rendering.name())).collect())
}

/// Of `schema`.
#[must_use]
pub fn versions() -> impl TypedValueParser<Value = String> {
    words(Version::ALL.into_iter().map(|version| (version.name(), version.name())).collect())
}

/// Of `--order`.
#[must_use]
pub fn orders() -> impl TypedValueParser<Value = String> {
    words(vec![("asc", "asc"), ("desc", "desc")])
}

/// Of `--direction`.
#[must_use]
pub fn directions() -> impl TypedValueParser<Value = String> {
    words(vec![("backward", "backward"), ("forward", "forward")])
}

/// Of `--by`.
#[must_use]
pub fn counted() -> impl TypedValueParser<Value = String> {
    words(By::ALL.into_iter().map(|by| (by.name(), by.name())).collect())
}

/// Words as they are written here, each with that of the API, which is taken too. The arguments ignore case.
fn words(list: Vec<(&'static str, &'static str)>) -> impl TypedValueParser<Value = String> {
    let values = list.iter().map(|(short, long)| {
        let value = PossibleValue::new(*short);
        if short == long { value } else { value.alias(*long) }
    });
    PossibleValuesParser::new(values.collect::<Vec<_>>()).map(move |typed: String| {
        let known = list
            .iter()
            .find(|(short, long)| [short, long].iter().any(|word| word.eq_ignore_ascii_case(&typed)));
        known.map_or(typed, |(_, long)| (*long).to_owned())
    })
}

/// The kinds of events by category, for help texts.
#[must_use]
pub fn list_of_names() -> String {
    let mut text = String::from("Kinds of events (--name), by --category:\n");
    for category in Category::ALL {
        let of = Kind::ALL.into_iter().filter(|kind| kind.category() == category).map(Kind::name);
        let _ = writeln!(text, "  {:<8} {}", short(category), of.collect::<Vec<_>>().join(" "));
    }
    text
}
