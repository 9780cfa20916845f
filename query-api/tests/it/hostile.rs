//! Malformed queries: refused, never a failure of the server.

use axum::http::StatusCode;
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{Config, RngSeed, TestRunner};
use query_api::params::PARAMS;

use crate::world::{World, escaped};

const QUERIES: usize = 10_000;
const ENDPOINTS: [&str; 8] =
    ["/events", "/processes", "/tree", "/paths", "/stats", "/metrics", "/healthz", "/schema/v5"];

fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>().prop_map(|text| escaped(&text)),
        "[0-9a-f,%+*/:.-]{0,40}",
        "-?[0-9]{1,25}",
        Just("%".to_owned()),
        Just("%ff%fe".to_owned()),
        Just("%00".to_owned()),
        Just(",".repeat(2_000)),
        Just("9".repeat(5_000)),
        Just(format!("/{}", "*a".repeat(1_000))),
        Just("true".to_owned()),
        Just("1".to_owned()),
        Just("asc".to_owned()),
    ]
}

fn query() -> impl Strategy<Value = String> {
    let names: Vec<&str> =
        PARAMS.iter().map(|param| param.name).chain(["", "token", "Pid", "pid[]"]).collect();
    let pair = (proptest::sample::select(names), value(), "=|==|&|")
        .prop_map(|(name, value, between)| format!("{name}{between}{value}"));
    proptest::collection::vec(pair, 0..5).prop_map(|pairs| pairs.join("&"))
}

#[tokio::test]
async fn no_query_is_a_failure_of_the_server() {
    let world = World::new();
    let mut runner = TestRunner::new(Config { rng_seed: RngSeed::Fixed(7), ..Config::default() });
    let strategy = query();
    let mut refused = 0;
    for number in 0..QUERIES {
        let mut query = strategy.new_tree(&mut runner).unwrap().current();
        let endpoint = ENDPOINTS[number % ENDPOINTS.len()];
        // The time is for parsing, not for rendering what some of them rightly find.
        if number % ENDPOINTS.len() < 4 && !query.contains("limit") {
            query.push_str("&limit=1");
        }
        let Ok(uri) = format!("{endpoint}?{query}").parse::<axum::http::Uri>() else { continue };
        let answer = world.get(&uri.to_string()).await;
        assert!(
            answer.status == StatusCode::OK || answer.status == StatusCode::BAD_REQUEST,
            "{uri}: {answer:?}"
        );
        if answer.status != StatusCode::OK {
            refused += 1;
            assert!(!answer.code().is_empty() && answer.json()["error"]["message"].is_string(), "{uri}");
        }
    }
    assert!(refused > QUERIES / 2, "{refused}");
}

#[tokio::test]
async fn an_overlong_address_is_refused() {
    let world = World::new();
    let answer = world.get(&format!("/events?path=/{}", "a".repeat(60_000))).await;
    assert_eq!((answer.status, answer.code().as_str()), (StatusCode::URI_TOO_LONG, "uri_too_long"));
    let many = vec!["pid=1"; 2_000].join("&");
    assert_eq!(world.get(&format!("/events?{many}")).await.code(), "bad_query");
    let values = vec!["1"; 1_001].join(",");
    assert_eq!(world.get(&format!("/events?pid={values}")).await.code(), "bad_value");
}
