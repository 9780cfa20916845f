//! `/processes` and `/tree`.

use axum::http::StatusCode;
use serde_json::Value;

use crate::world::{STRIDE, World};

#[tokio::test]
async fn a_process_has_its_images_its_parent_and_its_end() {
    let world = World::new();
    let exit = world.case("exit");
    let id = exit.context.process.to_string();
    let process = world.json(&format!("/processes/{id}")).await;
    assert_eq!(process["id"], id);
    assert_eq!(process["pid"], exit.context.process.pid);
    assert_eq!(process["ppid"], exit.context.ppid);
    assert_eq!(process["parent_id"], exit.context.creator.unwrap().to_string());
    assert_eq!(process["source"], "event");
    let images = process["images"].as_array().unwrap();
    let paths: Vec<_> = images.iter().map(|image| &image["executable"]["path"]).collect();
    assert_eq!(paths, ["/usr/bin/bash", "/usr/bin/python3"]);
    assert_eq!(images[1]["args"], serde_json::json!(["script.py", "--flag"]));
    assert!(images[0]["exec_time"].as_str().unwrap() < images[1]["exec_time"].as_str().unwrap());
    assert_eq!((&process["exit"]["cause"], &process["exit"]["code"]), (&"EXITED".into(), &3.into()));
    let alive = world.json(&format!("/processes/{}", world.case("open").context.process)).await;
    assert_eq!(alive["exit"], Value::Null);
}

#[tokio::test]
async fn processes_are_listed_in_pages() {
    let world = World::new();
    let all = world.json("/processes?limit=1000").await;
    let all = all["processes"].as_array().unwrap();
    let mut paged = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = world.json(&format!("/processes?limit=7{cursor}")).await;
        paged.extend(page["processes"].as_array().unwrap().iter().cloned());
        let Some(next) = page["next"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(&paged, all);
    let by_pid = world.json(&format!("/processes?pid={}", world.case("exit").context.process.pid)).await;
    assert_eq!(by_pid["processes"].as_array().unwrap().len(), 1);
    assert_eq!(by_pid["complete"], true);
}

#[tokio::test]
async fn an_id_that_is_none_or_nobodys_is_refused() {
    let world = World::new();
    assert_eq!(world.get("/processes/7").await.status, StatusCode::BAD_REQUEST);
    let answer = world.get(&format!("/processes/{}", "0".repeat(56))).await;
    assert_eq!((answer.status, answer.code().as_str()), (StatusCode::NOT_FOUND, "not_found"));
    assert_eq!(world.get("/processes?path=/a").await.code(), "unknown_parameter");
}

#[tokio::test]
async fn the_tree_of_a_process_is_its_subtree() {
    let world = World::new();
    let login = 50 + STRIDE;
    let tree = world.json(&format!("/tree?pid={login}")).await;
    assert_eq!(tree["complete"], true);
    let roots = tree["roots"].as_array().unwrap();
    assert_eq!(roots.len(), 1);
    assert_eq!(roots[0]["process"]["pid"], login);
    let shell = &roots[0]["children"][0];
    assert_eq!(shell["process"]["pid"], 60 + STRIDE);
    assert_eq!(shell["children"][0]["process"]["pid"], 70 + STRIDE);
    assert_eq!(shell["children"][0]["children"], Value::Array(vec![]));
}

#[tokio::test]
async fn the_whole_tree_has_everybody_once() {
    fn count(nodes: &Value) -> usize {
        nodes.as_array().unwrap().iter().map(|node| 1 + count(&node["children"])).sum()
    }
    let world = World::new();
    let listed = world.json("/processes?limit=1000").await["processes"].as_array().unwrap().len();
    let tree = world.json("/tree").await;
    assert_eq!(count(&tree["roots"]), listed);
    assert!(tree.get("cut").is_none());
    let cut = world.json("/tree?limit=3").await;
    assert_eq!(
        (count(&cut["roots"]), &cut["complete"], &cut["cut"]["processes"]),
        (3, &false.into(), &3.into())
    );
}

#[tokio::test]
async fn only_who_lived_then_is_in_the_tree_of_a_moment() {
    let world = World::new();
    let exit = world.case("exit");
    let pid = exit.context.process.pid;
    let before = event::render::Date(exit.event.time - 1);
    let after = event::render::Date(exit.event.time + 1);
    for (at, alive) in [(before, 1), (after, 0)] {
        let tree = world.json(&format!("/tree?pid={pid}&at={at}")).await;
        assert_eq!(tree["roots"].as_array().unwrap().len(), alive, "{at}");
    }
}

#[tokio::test]
async fn a_chain_too_deep_to_nest_is_cut_and_counted() {
    fn deepest(node: &Value, depth: usize) -> (usize, &Value) {
        node["children"][0].as_object().map_or((depth, node), |_| deepest(&node["children"][0], depth + 1))
    }
    let mut world = World::new();
    let first = world.add_chain(300);
    let answer = world.get(&format!("/tree?pid={first}")).await;
    let tree: Value = serde_json::from_str(&answer.text).unwrap();
    let (depth, node) = deepest(&tree["roots"][0], 1);
    assert_eq!(node["cut"]["processes"], 300 - depth);
    // What is below has an address of its own.
    let below = world.get(node["cut"]["url"].as_str().unwrap()).await;
    let below: Value = serde_json::from_str(&below.text).unwrap();
    assert_eq!(below["roots"][0]["process"]["id"], node["process"]["id"]);
    assert_eq!(deepest(&below["roots"][0], 1).0, depth);
    assert_eq!(tree["complete"], false);
}
